"""A visitor at the engineer's desk, with a stand-in for Airflow; what the gates say of each trick is in `test_demo_tricks`."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.cli.demo import cheat, desk
from dag_factory.cli.demo.home import fresh_home, sample
from dag_factory.cli.demo.report import PhaseStory
from dag_factory.cli.demo.tricks import TRICKS
from dag_factory.errors import PhasegateError
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec


@pytest.fixture
def seat(world, tmp_path):
    """The engineer's desk, which is free as soon as Airflow is asked about the run."""
    workspace, evidence = tmp_path / "workspace", tmp_path / "evidence"
    source = sample() / "personas" / "work" / "software-engineer" / "ingest" / "src"
    for name, target in (("rules.py", "src/orders/ingest"), ("loader.py", "src/orders/ingest")):
        (workspace / target).mkdir(parents=True, exist_ok=True)
        (workspace / target / name).write_bytes((source / name).read_bytes())
    evidence.mkdir()

    def free():
        place = world.home.personas / "desk"
        if world.home.personas.is_dir():
            place.mkdir(exist_ok=True)
            (place / "evidence").write_text(str(evidence))
            (place / "workspace").write_text(str(workspace))

    world.on_look = free
    return workspace


@pytest.fixture
def play(world, console, tmp_path):
    def go(trick=None, **kwargs):
        code = cheat.run_cheat(trick, home=tmp_path / "demo", console=console, pace=world.pace, airflow=world.airflow, **kwargs)
        return code, console.file.getvalue()

    return go


def test_a_trick_is_played_and_submitted(play, world, seat):
    world.story = (PhaseStory("implementation", "Implementation", "FAILED", (), ()),)
    code, text = play("weaken-test")
    assert code == 0
    assert (seat / "tests" / "ingest" / "unit" / "test_ingest.py").is_file()
    assert (world.home.personas / "desk" / "done").exists()
    assert text.index(TRICKS["weaken-test"].says) < text.index("Submitted") < text.index("The gates stopped it.")
    assert TRICKS["weaken-test"].against in text
    assert world.done[-1] == "stop"


def test_at_a_terminal_the_visitor_chooses_and_may_do_several(play, world, seat):
    asked = iter(["", "9", "nonsense", "1", "hard-code", "submit"])
    code, text = play(ask=lambda prompt: next(asked))
    assert code == 0
    assert str(seat) in text
    assert all(trick.says in text for trick in TRICKS.values())
    assert text.count("There is no trick") == 3
    assert text.count("    Done. ") == 2
    assert "learnt" not in text
    assert (seat / "src/orders/ingest/loader.py").read_text().count("def load_folder") == 2
    assert "The gates let it through" in text


def test_a_trick_that_does_not_fit_any_more_is_told_and_another_may_follow(play, seat):
    asked = iter(["fake-report", "fake-report", "submit"])
    _, text = play(ask=lambda prompt: next(asked))
    assert text.count("It cannot be done now") == 1


def test_a_closed_terminal_ends_it_and_nothing_is_left_running(play, world, seat):
    def closed(prompt):
        raise EOFError

    code, text = play(ask=closed)
    assert code == 129
    assert "Nothing is left running." in text
    assert world.done[-1] == "stop"


def test_without_a_terminal_a_trick_must_be_named(play, world, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(PhasegateError, match="--trick weaken-test"):
        play()
    with pytest.raises(PhasegateError, match="There is no trick 'nonsense'"):
        play("nonsense")
    assert world.done == []


def test_the_command_lists_the_tricks_and_has_help():
    said = CliRunner().invoke(app, ["cheat", "--trick", "list"])
    assert [line.split()[0] for line in said.output.splitlines()] == list(TRICKS)
    assert "Example: phasegate cheat" in CliRunner().invoke(app, ["cheat", "--help"]).output


def test_only_one_persona_is_replaced_and_the_plan_is_sound(tmp_path):
    with fresh_home(tmp_path / "home") as home:
        before = compile_plan(read_spec(home.spec))
        cheat._seat(home)
        plan = compile_plan(read_spec(home.spec))
    changed = [name for name in plan.executions if plan.executions[name] != before.executions[name]]
    assert changed == ["implementation/ingest.software-engineer", "implementation/daily_mart.software-engineer"]


@pytest.mark.parametrize("feature", ["ingest", "daily_mart"])
def test_the_desk_is_free_when_the_honest_work_is_done(feature, tmp_path):
    here = tmp_path / "personas"
    (here / "work").mkdir(parents=True)
    (here / "software_engineer.py").write_text("from pathlib import Path\nPath('work.txt').write_text('done')\n")
    script = here / "visitor.py"
    script.write_bytes(Path(desk.__file__).read_bytes())
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    environment = {**os.environ, "PHASEGATE_FEATURE": feature, "PHASEGATE_EVIDENCE": str(tmp_path / "evidence")}
    process = subprocess.Popen([sys.executable, str(script)], cwd=workspace, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        if feature == "ingest":
            assert process.stdout.readline() == "The visitor has the desk.\n"
            assert (here / "desk" / "workspace").read_text() == str(workspace)
            assert process.poll() is None
            (here / "desk" / "done").touch()
        assert process.wait(20) == 0
        assert (workspace / "work.txt").read_text() == "done"
        assert (here / "desk").exists() == (feature == "ingest")
    finally:
        process.kill()
        process.communicate()
