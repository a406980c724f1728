"""Every trick of `phasegate cheat`, played on the sample with everything real but Airflow's scheduler: the gate of its phase names it."""

from __future__ import annotations

import pytest
from support.house import House
from support.liars import replace_text

from dag_factory.cli.demo.tricks import TRICKS

PLAYER = """\
import os, runpy
from pathlib import Path
from dag_factory.cli.demo.tricks import TRICKS, Desk

here = Path(__file__).resolve().parent
runpy.run_path(str(here / "software_engineer.py"), run_name="__main__")
if os.environ["PHASEGATE_FEATURE"] == "ingest":
    name = (here / "trick").read_text()
    if name:
        TRICKS[name].apply(Desk(Path.cwd(), Path(os.environ["PHASEGATE_EVIDENCE"])))
"""
CAUGHT = {
    "weaken-test": "workspace-outside-writes",
    "fake-report": "tests-failed",
    "others-file": "workspace-outside-writes",
    "symlink": "workspace-symlink",
    "hard-code": "tests-failed",
    "nothing": "evidence-missing",
}


@pytest.fixture(scope="module")
def founded(tmp_path_factory, session_patch):
    """The sample with a player for an engineer, after its foundation."""
    house = House.of_orders(tmp_path_factory.mktemp("tricks") / "house", session_patch)
    (house.specs / "personas" / "player.py").write_text(PLAYER, encoding="utf-8")
    (house.specs / "personas" / "trick").write_text("", encoding="utf-8")
    replace_text(house.specs / "workflow.yaml", ("personas/software_engineer.py", "personas/player.py"))
    house.run("kickoff")
    house.phase("foundation")
    assert house.failures == {}
    return house


def played(founded, tmp_path, monkeypatch, name):
    house = founded.copy(tmp_path / "house", monkeypatch)
    (house.specs / "personas" / "trick").write_text(name, encoding="utf-8")
    house.phase("implementation")
    return house


def test_every_trick_is_here():
    assert sorted(CAUGHT) == sorted(TRICKS)


@pytest.mark.parametrize("name", CAUGHT)
def test_the_gate_stops_it(name, founded, tmp_path, monkeypatch):
    house = played(founded, tmp_path, monkeypatch, name)
    assert house.word("implementation") == "FAILED"
    assert CAUGHT[name] in {finding.rule for finding in house.findings("implementation")}


def test_without_a_trick_the_work_passes(founded, tmp_path, monkeypatch):
    house = played(founded, tmp_path, monkeypatch, "")
    assert (house.word("implementation"), house.failures) == ("PASSED", {})
