"""What README and the pages of docs print is true: the workflow runs, the shell lines verify, the links lead somewhere."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from support.house import House
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.cli.demo.faults import FAULTS
from dag_factory.cli.explain import read_rules
from dag_factory.evidence.keys import AUTHORITY, KeyFolder

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONCEPTS = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / name
        for name in ("concepts.md", "security.md", "isolation.md", "secrets.md", "comparison.md", "tour.md", "selftest.md", "commands.md")
    ),
]


def block(page: str, language: str, word: str = "") -> str:
    """The first block of code in a language that has the word in it."""
    return next(part.partition("```")[0] for part in page.split(f"```{language}\n")[1:] if word in part.partition("```")[0])


def bash(lines: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", lines], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


SPEC = block(README, "yaml", "workflow:")
LOADER = block(README, "python", "load_workflows")


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory):
    """The README's workflow on the sample's repository, the tasks of its first phase done."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = House.of_orders(tmp_path_factory.mktemp("readme"), monkeypatch)
        made.write(SPEC.replace("git: orders_repo", f"git: {made.root}/orders_repo"))
        made.run("kickoff", *made.tasks("foundation"))
        yield made


def test_the_first_workflow_is_short_and_sound(tmp_path: Path) -> None:
    assert len(SPEC.splitlines()) <= 15
    (tmp_path / "workflow.yaml").write_text(SPEC, encoding="utf-8")
    assert CliRunner().invoke(app, ["lint", str(tmp_path)]).exit_code == 0
    shown = CliRunner().invoke(app, ["plan", str(tmp_path / "workflow.yaml")])
    assert shown.exit_code == 0
    assert "gate 4" in shown.output


def test_the_loader_makes_a_dag_of_it_in_safe_mode(tmp_path: Path) -> None:
    first, *rest = LOADER.splitlines()
    assert "dag" in first.lower()
    assert "airflow" in first.lower()
    assert len([line for line in [first, *rest] if line]) == 3
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "orders_mart.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "loader.py").write_text(LOADER, encoding="utf-8")
    bag = DagBag(dag_folder=tmp_path, bundle_path=tmp_path, bundle_name="testing", safe_mode=True)
    assert bag.import_errors == {}
    assert bag.dags["orders_mart"].task_dict.keys() >= {
        "kickoff",
        "foundation.ux-designer",
        "implementation.ingest.sdet",
        "integration.gate",
        "complete",
    }


def test_the_first_workflow_binds_everybody_as_the_sample_does_which_runs_to_success() -> None:
    sample = yaml.safe_load((ROOT / "examples" / "orders" / "workflow.yaml").read_text(encoding="utf-8"))
    written = yaml.safe_load(SPEC)
    assert written["personas"] == sample["personas"]
    assert (written["workflow"], set(written["features"])) == (sample["workflow"], set(sample["features"]))


def test_the_first_phase_runs_and_passes(house: House) -> None:
    assert house.failures == {}
    house.close("foundation")
    assert house.word("foundation") == "PASSED"


def test_what_is_laid_out_is_there_and_its_tools_are_named() -> None:
    lines = re.search(r"<!-- try: first -->\n```sh\n(.*?)```", README, re.DOTALL)
    assert lines
    assert 'pip install --constraint "$CONSTRAINTS" "airflow-phasegate[demo]"' in lines[1]
    for copied in re.findall(r"cp -r (\S+)", lines[1]):
        assert (ROOT / copied).is_dir()
    assert yaml.safe_load(SPEC)["workspace"]["git"] in re.findall(r"airflow connections add (\S+)", lines[1])


@pytest.mark.skipif(not (shutil.which("jq") and shutil.which("openssl")), reason="the shell lines need jq and openssl")
def test_the_shell_lines_verify_what_is_whole_and_refuse_what_was_edited(house: House, tmp_path: Path) -> None:
    if house.word("foundation") is None:
        test_the_first_phase_runs_and_passes(house)
    lines = block(SECURITY, "sh", "openssl pkeyutl")
    run = tmp_path / "run"
    shutil.copytree(house.store.path, run)
    good = bash(lines, run)
    assert good.returncode == 0, good.stderr
    keyid = KeyFolder(house.root / "keys_root").signer(AUTHORITY).public.keyid
    assert good.stdout.startswith(keyid)
    assert f'phasegate://orders_mart/{house.run_id}/foundation PASSED ["PHASEGATE_ASSURANCE_LOCAL"]' in good.stdout
    assert good.stdout.endswith("Every file is what its name says.\n")

    told = bash(block(SECURITY, "sh", ".keys/phasegate.pub"), house.root / "evidence_root")
    assert told.stdout.split()[0] == keyid

    file = next(path for path in (run / "blobs").glob("*/*") if path.is_file())
    file.write_bytes(file.read_bytes() + b"x")
    bad = bash(lines, run)
    assert bad.returncode != 0
    assert "FAILED" in bad.stdout

    verdict = next(run.glob("*/verdicts/foundation/*.json"))
    verdict.write_text(verdict.read_text(encoding="utf-8").replace('"payload":"eyJ', '"payload":"eyK'), encoding="utf-8")
    forged = bash(lines, run)
    assert forged.returncode == 1
    assert "foundation PASSED" not in forged.stdout


def test_the_faults_are_those_of_the_demo() -> None:
    assert re.findall(r"`make demo FAULT=([\w-]+)`", README) == list(FAULTS)


def test_what_is_made_and_asked_for_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name for group in app.registered_groups if group.name}
    for path in PAGES:
        asked = re.findall(r"(?:^|`|bin/)phasegate ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(asked) <= known, path


def test_every_command_is_told_with_all_its_options_and_no_other() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    told = {
        name: set(re.findall(r"`(--[\w-]+)`", options))
        for name, options in re.findall(r"^\| `phasegate ([a-z]+(?: [a-z]+)?).*\|(.*)\|$", page, re.MULTILINE)
    }
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    known = {name: command for name, command in group.commands.items() if name != "keys"}
    known |= {f"keys {name}": command for name, command in group.commands["keys"].commands.items()}  # type: ignore[attr-defined] # a group too
    assert told == {
        name: {word for option in command.params for word in option.opts if word.startswith("--")} for name, command in known.items()
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    assert targets
    for target in (target for target in targets if "://" not in target):
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


def test_every_red_flag_is_told() -> None:
    told = dict(re.findall(r"^\| \[([\w-]+)\]\(rules/[\w-]+\.md\) \| (.+) \|$", CONCEPTS, re.MULTILINE))
    assert told == {rule: said["says"] for rule, said in read_rules().items() if said["at"] not in {"the linter", "the loader"}}


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "pictures").glob("*")), ids=lambda path: path.name)
def test_a_picture_is_small_has_both_themes_and_is_shown(path: Path) -> None:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) < 200_000
    width, height = struct.unpack(">II", data[16:24])
    assert width >= 1000
    assert height >= 400
    name, _, theme = path.stem.rpartition("-")
    assert theme in {"light", "dark"}
    assert path.with_name(f"{name}-{'dark' if theme == 'light' else 'light'}.png").is_file()
    assert any(f"pictures/{path.name}" in page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")) or path.name in README


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed here")
def test_the_sandbox_of_the_isolation_page_keeps_a_program_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = block((ROOT / "docs" / "isolation.md").read_text(encoding="utf-8"), "yaml", "bwrap")
    spec = (
        "workflow: boxed\npattern: false\nmission: Work in a box\n"
        "catalogue: {software-worker: {title: Worker, instructions: Work., contracts: {work: {does: Work., "
        "evidence: {seen: {report: seen.txt, kind: file}}}}}}\n"
        f"{written.replace('software-engineer:', 'software-worker:')}"
        "phases: {first: {tasks: {work: {persona: software-worker, duty: work}}, gate: {}}}\n"
    )
    house = House(tmp_path, monkeypatch)
    house.write(spec)
    (house.specs / "work.sh").write_text(
        'ls / > "$PHASEGATE_EVIDENCE/seen.txt"; cat "$PHASEGATE_TASK" > /dev/null || exit 4\n'
        f"test -e {house.root}/keys_root && exit 5; tail -n +3 /proc/net/dev | grep -v lo: && exit 6; exit 0\n",
        encoding="utf-8",
    )
    house.run("kickoff", "first.work", "first.gate")
    assert (house.failures, house.word("first")) == ({}, "PASSED")
