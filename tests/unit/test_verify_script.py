"""`scripts/verify-run.sh`: good where a run is good, bad where anything was done to it, with nothing of Phasegate's on the machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.auditing import TAMPERED, finished, flip, waived
from support.runs import HonestRun, copied, place, resign
from support.telling import failed
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.cli.verify import script
from dag_factory.evidence.keys import AUTHORITY

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify-run.sh"
TOOLS = ("bash", "jq", "openssl")
needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason="the script needs bash, jq and openssl: apt-get install jq openssl"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("finished"))


def check(folder, *more):
    """Run the script where nothing of Phasegate's could help it."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(
        ["bash", str(SCRIPT), str(folder), *more], capture_output=True, text=True, timeout=300, check=False, env=environment, cwd="/"
    )


@needs_tools
@pytest.mark.parametrize("form", ["store", "archive"])
def test_a_good_run_is_good_and_nothing_is_written(made, tmp_path, form):
    folder = Path(made.store.path)
    if form == "archive":
        folder = tmp_path / "archive"
        assert CliRunner().invoke(app, ["export", str(made.store.path), str(folder)]).exit_code == 0
    before = sorted(folder.rglob("*"))
    keyid = made.keys.signer(AUTHORITY).public.keyid
    said = check(folder, keyid)
    assert (said.returncode, said.stderr) == (0, ""), said.stdout + said.stderr
    lines = said.stdout.splitlines()
    assert lines[-1] == "GOOD: everything fits together"
    assert "BAD" not in said.stdout
    assert "good  the charter of orders_mart, run manual__1, mission: Daily orders mart" in lines
    assert [line for line in lines if "phase" in line] == [
        f'good  phase "{phase}": PASSED, assurance local' for phase in ("foundation", "implementation", "validation", "integration")
    ]
    assert f"key   {keyid}" in lines
    assert sorted(folder.rglob("*")) == before


@needs_tools
@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_done_to_a_run_is_told(made, tmp_path, what):
    run = copied(made, tmp_path)
    tamper, says = TAMPERED[what]
    tamper(run)
    said = check(run.store.path)
    assert said.returncode == 1, said.stdout
    assert any(line.startswith("BAD") and says in line for line in said.stdout.splitlines()), said.stdout
    assert what == "another charter" or "all that is here fits together" not in said.stdout  # that one is a run which has only begun
    assert "GOOD" not in said.stdout


@needs_tools
def test_a_bundle_that_was_tampered_with_is_told(made, tmp_path):
    folder = tmp_path / "archive"
    assert CliRunner().invoke(app, ["export", str(made.store.path), str(folder)]).exit_code == 0
    bundle = folder / "bundle.intoto.jsonl"
    lines = bundle.read_bytes().splitlines(keepends=True)
    verdicts = [line for line in lines if b"dmVyaWZpY2F0aW9uX3N1bW1hcnk" in line or b"verification_summary" in _opened(line)]
    for more in ("README", "blobs/ab/cd", "plan.json"):
        before = (folder / more).read_bytes() if (folder / more).exists() else None
        (folder / more).parent.mkdir(exist_ok=True)
        (folder / more).write_bytes(b"{}")
        said = check(folder)
        assert (said.returncode, f"BAD   {'' if before else './'}{more}" in said.stdout) == (1, True), said.stdout
        (folder / more).unlink() if before is None else (folder / more).write_bytes(before)
    for spoilt in (
        [line for line in lines if line is not verdicts[1]],
        lines[:-1],
        [*lines[:5], *lines[3:]],
        [lines[1], lines[0], *lines[2:]],
        [],
    ):
        bundle.write_bytes(b"".join(spoilt))
        said = check(folder)
        assert said.returncode == 1, said.stdout


def _opened(line):
    import base64
    import json

    return base64.b64decode(json.loads(line)["payload"])


@needs_tools
def test_a_run_with_a_waiver_that_is_not_complete_is_not_good(tmp_path):
    said = check(failed(tmp_path).store.path)
    assert said.returncode == 1
    assert 'BAD   phase "validation": FAILED, assurance local' in said.stdout
    assert 'BAD   phase "integration": no verdict, assurance none' in said.stdout
    assert said.stdout.splitlines()[-1] == "BAD: the run has not passed; all that is here fits together"


@needs_tools
def test_a_run_that_did_not_pass_and_was_tampered_with_does_not_fit(tmp_path):
    run = failed(tmp_path)
    flip(run.store.blob_path(run.record.newest("foundation/architect").says.log))
    assert check(run.store.path).stdout.splitlines()[-1].endswith("things do not fit")


@needs_tools
def test_another_key_than_the_one_that_was_told_is_bad(made):
    said = check(made.store.path, "0" * 64)
    assert said.returncode == 1
    assert f"not by {'0' * 64}" in said.stdout


@needs_tools
def test_a_key_that_was_to_be_told_and_was_not_is_bad(made):
    """As where the variable with it is not set."""
    assert check(made.store.path, "").returncode == 1


@needs_tools
def test_a_waiver_that_a_verdict_rests_on_is_here_and_the_last_word_says_that_there_is_one(tmp_path):
    run = waived(tmp_path)
    assert check(run.store.path).stdout.splitlines()[-1] == "GOOD: everything fits together"
    last = place(run, "completions")
    signed = last.read_bytes()
    resign(run, last, lambda said: said["predicate"].update(word="PASSED"), signer=AUTHORITY)
    assert any(line.startswith("BAD   the last word: ") for line in check(run.store.path).stdout.splitlines())
    last.write_bytes(signed)
    path = place(run, "waivers/validation")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()
    assert f"BAD   {digest}: something rests on it, and it is not here" in check(run.store.path).stdout.splitlines()


@needs_tools
def test_one_key_in_two_spellings_is_one(tmp_path):
    run = HonestRun(tmp_path)
    run.kickoff()
    keys = run.record.charter.says.keys
    run.kickoff(previous=run.record.charter.digest, keys=keys | {"architect": keys["sdet"].replace("\n", "\r\n")})
    assert 'BAD   the key of "architect" is that of another too' in check(run.store.path).stdout.splitlines()


@needs_tools
def test_what_the_copier_left_beside_an_envelope_is_none(made, tmp_path):
    run = copied(made, tmp_path)
    place(run, "completions").with_name("._0001.json").write_bytes(b"of a Mac")
    assert check(run.store.path).returncode == 0


@needs_tools
def test_what_is_no_folder_cannot_be_tried(tmp_path):
    assert check(tmp_path / "nowhere").returncode == 2
    assert check(tmp_path).returncode == 1


@needs_tools
def test_a_missing_tool_is_named(tmp_path):
    for tool in ("bash", "dirname"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    said = subprocess.run(
        [str(tmp_path / "bash"), str(SCRIPT), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert said.returncode == 2
    assert said.stderr == "verify-run.sh: install jq\n"


def test_it_is_short_and_what_the_command_prints():
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    assert script().read_text(encoding="utf-8") == text
    printed = CliRunner().invoke(app, ["verify", "--script"])
    assert printed.exit_code == 0
    assert printed.output == text
