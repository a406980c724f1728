"""What is hidden from a program it does not read, by whatever name; all that lies beside it it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.elsewhere import folder_elsewhere

from dag_factory.runners import confinement
from dag_factory.runners.base import Bounds
from dag_factory.runners.confinement import confine, why_not_kept_in

ANYWHERE = Bounds(outside=("/",))
needs_landlock = pytest.mark.skipif(bool(why_not_kept_in()), reason=f"this machine does not allow it: {why_not_kept_in()}")


@pytest.fixture
def elsewhere():
    with folder_elsewhere() as folder:
        yield folder


@pytest.fixture
def able(monkeypatch):
    monkeypatch.setattr(confinement, "why_not_kept_in", str)


@pytest.fixture
def house(elsewhere):
    """A home of Airflow with a key folder and settings, and what lies beside them."""
    for name in (
        "home/airflow.cfg",
        "home/phasegate/keys/qa.pem",
        "home/phasegate/keys/deep/er.pem",
        "home/phasegate/work/note",
        "home/dags/work.sh",
        "other",
    ):
        path = elsewhere / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"of {name}\n")
    (elsewhere / "home/alias").symlink_to(elsewhere / "home/phasegate")
    (elsewhere / "home/key").symlink_to("phasegate/keys/qa.pem")
    return elsewhere


def hidden(house: Path) -> list[Path]:
    return [house / "home/phasegate/keys", house / "home/airflow.cfg"]


@needs_landlock
@pytest.mark.parametrize(
    "path", ["home/airflow.cfg", "home/phasegate/keys/qa.pem", "home/phasegate/keys/deep/er.pem", "home/alias/keys/qa.pem", "home/key"]
)
def test_what_is_hidden_is_not_read(bench, house, path):
    assert (house / path).read_text().startswith("of ")
    outcome = bench.run(
        "sh", "-c", f'cat "{house / path}"; cp "{house / path}" mine; ln "{house / path}" second; cat second', hidden=hidden(house)
    )
    assert outcome.exit_code
    assert "of home" not in outcome.excerpt
    assert [path.name for path in bench.workspace.iterdir()] in ([], ["mine"])


@needs_landlock
@pytest.mark.parametrize("path", ["home/phasegate/work/note", "home/dags/work.sh", "other", "home/alias/work/note"])
def test_what_lies_beside_it_is_read(bench, house, path):
    assert bench.run("cat", str(house / path), hidden=hidden(house)).excerpt.startswith("of ")


@needs_landlock
def test_what_is_not_there_yet_is_hidden_when_it_comes(bench, house):
    script = f"touch waits; while ! test -e go; do sleep 0.05; done; cat {house}/home/phasegate/new/key"
    later = f"(while ! test -e waits; do sleep 0.05; done; mkdir {house}/home/phasegate/new; echo secret > {house}/home/phasegate/new/key; touch go)"
    with subprocess.Popen(["sh", "-c", later], cwd=bench.workspace):
        outcome = bench.run("sh", "-c", script, hidden=[house / "home/phasegate/new"])
    assert outcome.exit_code
    assert "secret" not in outcome.excerpt


@needs_landlock
def test_programs_libraries_and_own_files_are_read(bench, house):
    script = (
        "import json, subprocess; print(subprocess.run(['sh', '-c', 'echo made > made; cat made'], capture_output=True, text=True).stdout)"
    )
    for network in (True, False):
        assert bench.run(sys.executable, "-c", script, hidden=hidden(house), bounds=Bounds(network=network)).excerpt.strip() == "made"


@needs_landlock
def test_who_may_write_anywhere_reads_it(bench, house):
    assert bench.run("cat", str(house / "home/key"), hidden=hidden(house), bounds=ANYWHERE).excerpt.startswith("of ")


@pytest.mark.usefixtures("able")
def test_what_lies_where_a_program_may_write_is_not_hidden(tmp_path):
    (tmp_path / "link").symlink_to("/usr/share")
    hides = [Path("/srv/work/keys"), Path("/srv/keys"), Path("/tmp/keys"), tmp_path / "link" / "keys", Path("/srv/keys")]
    assert confine(Bounds(), ["/srv/work"], hides).options == ("--write=/srv/work", "--hide=/srv/keys", "--hide=/usr/share/keys")
