"""The demo from beginning to end, with a stand-in for Airflow."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.cli.demo import mission, run_demo
from dag_factory.cli.demo.api import ApiError, TaskState
from dag_factory.cli.demo.faults import Fault, Strike
from dag_factory.cli.demo.report import PhaseStory
from dag_factory.errors import PhasegateError
from dag_factory.evidence.verdict import Finding


@pytest.fixture
def run(world, console, tmp_path):
    def go(fault=None, **kwargs):
        code = mission.run_demo(fault, home=tmp_path / "demo", console=console, pace=world.pace, airflow=world.airflow, **kwargs)
        return code, console.file.getvalue()

    return go


def test_a_run_that_passes_is_a_success(run, world):
    code, text = run()
    assert code == 0
    assert text.endswith("MISSION SUCCESS\n")
    assert world.done == ["start", "warm", "trigger orders_mart demo", "stop", "audit demo"]
    assert "Where the repository starts" in text
    for command in ("status", "report"):
        assert f"phasegate {command} " in text


def test_a_run_that_does_not_hold_offline_is_no_success(run, world):
    world.audited = False
    code, text = run()
    assert code == 1
    assert text.endswith("MISSION FAILED\n")


def test_what_is_done_in_mid_run_is_done_once_and_only_behind_the_gate(run, world, monkeypatch):
    struck = []
    fault = Fault("Somebody strikes.", lambda _: None, Strike("foundation.gate", lambda home: struck.append(home.root) or "Struck."))
    monkeypatch.setattr(mission, "find_fault", lambda _: fault)
    gate = [TaskState("foundation.gate", state) for state in ("running", "success", "success")]
    world.tasks = [[TaskState("kickoff", "success"), one] for one in gate]
    _, text = run("struck")
    assert struck == [world.home.root]
    assert text.count("Struck.") == 1
    world.tasks = [[TaskState("foundation.gate", "failed")]]
    run("struck")
    assert len(struck) == 1


def test_the_components_have_ended_before_success_is_told(run, world, console):
    _, text = run()
    assert text.index("Airflow has ended") < text.index("MISSION SUCCESS")


def test_a_gate_that_fails_says_rule_and_reason(run, world):
    world.state = "failed"
    finding = Finding(rule="evidence-missing", subject="foundation/ux-designer/ux", text="UX.md is missing.")
    world.story = (PhaseStory("foundation", "Foundation", "FAILED", (), (finding,)),)
    code, text = run("missing-evidence")
    assert code == 1
    assert "✘ evidence-missing  foundation/ux-designer/ux\n    UX.md is missing.\n" in text
    assert text.endswith("MISSION FAILED\n")
    assert world.done[-2:] == ["stop", "audit demo"]


@pytest.mark.parametrize("verdict", ["FAILED", ""])
def test_a_green_run_without_every_verdict_is_no_success(run, world, verdict):
    world.story = (PhaseStory("foundation", "Foundation", verdict, (), ()),)
    assert run()[0] == 1


def test_a_store_without_the_run_is_no_success(run, world):
    world.story = ()
    assert run()[0] == 1


def test_where_no_gate_says_why_the_failed_tasks_and_their_logs_are_named(run, world):
    world.state = "failed"
    world.tasks = [[TaskState("kickoff", "failed"), TaskState("complete", "upstream_failed")]]
    world.story = ()
    code, text = run()
    assert code == 1
    assert "✘ kickoff failed; its log is in" in text
    assert "task_id=kickoff" in text


@pytest.mark.parametrize("name", ["combined-persona", "missing-foundation", "implementation-first"])
def test_what_the_linter_refuses_starts_nothing(run, world, name):
    code, text = run(name)
    assert code == 1
    assert world.done == []
    assert "orders_mart.yaml:" in text
    assert "no run was started" in text
    assert text.endswith("MISSION FAILED\n")


def test_an_unknown_fault_is_refused_before_anything_is_made(run, tmp_path):
    with pytest.raises(PhasegateError, match="The faults are"):
        run("gravity")
    assert not (tmp_path / "demo").exists()


def test_a_port_in_use_is_refused_before_anything_is_made(run, tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        with pytest.raises(PhasegateError, match="Choose another with --port"):
            run(port=busy.getsockname()[1])
    assert not (tmp_path / "demo").exists()


@contextmanager
def refused(world, match):
    with pytest.raises(PhasegateError, match=match):
        yield
    assert world.done[-1] == "stop"


def test_an_airflow_that_does_not_come_up_is_not_waited_for_forever(run, world):
    world.health = [{}]
    with refused(world, r"Airflow was not up within 0 s\. The logs are in"):
        run()


def test_a_dag_that_does_not_appear_is_not_waited_for_forever(run, world):
    world.known = [False]
    with refused(world, "The DAG orders_mart did not appear"):
        run()


def test_a_dag_that_cannot_be_loaded_says_why(run, world):
    world.known, world.wrong = [False], ["phasegate.py: ImportError: no module"]
    with refused(world, "could not load the DAG: phasegate.py: ImportError"):
        run()


def test_a_run_that_does_not_end_is_not_waited_for_forever(run, world):
    world.tasks = [[TaskState("kickoff", "running")]]
    with refused(world, "The run demo did not end"):
        run()


def test_a_component_that_ends_ends_the_demo(run, world):
    def gone():
        raise PhasegateError("Airflow's scheduler ended with code 1")

    world.on_look = gone
    with refused(world, "scheduler ended"):
        run()


def test_a_server_that_is_busy_for_a_moment_is_asked_again(run, world):
    world.tasks[0:0] = [ApiError("busy", 500)] * 5
    assert run()[0] == 0


def test_a_server_that_never_answers_again_is_an_error(run, world):
    world.tasks = [ApiError("Airflow did not answer", 0)]
    with refused(world, "did not answer"):
        run()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_and_is_told_in_the_exit_code(run, world, number):
    before = signal.getsignal(number)
    world.on_look = lambda: os.kill(os.getpid(), number)
    code, text = run()
    assert code == 128 + number
    assert world.done[-1] == "stop"
    assert "Nothing is left running" in text
    assert signal.getsignal(number) is before


def test_a_second_signal_does_not_keep_the_components_from_ending(run, world, monkeypatch):
    world.on_look = lambda: os.kill(os.getpid(), signal.SIGINT)
    made = world.airflow

    def impatient(*args):
        components = made(*args)
        stop = components.stop

        def stopping():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            stop()

        components.stop = stopping
        return components

    monkeypatch.setattr(world, "airflow", impatient)
    assert run()[0] == 130
    assert world.done[-1] == "stop"


def test_up_stays_until_someone_ends_it_and_that_is_no_failure(run, world, console):
    def end_when_it_stays():
        if "stays up" in console.file.getvalue():
            os.kill(os.getpid(), signal.SIGINT)

    world.on_look = end_when_it_stays
    code, text = run(keep_up=True)
    assert code == 0
    assert text.index("MISSION SUCCESS") < text.index("stays up at http://127.0.0.1:") < text.index("Airflow has ended")


def test_the_command_lists_the_faults():
    done = CliRunner().invoke(app, ["demo", "--fault", "list"])
    assert done.exit_code == 0
    assert "self-validation" in done.stdout


def test_the_command_refuses_an_unknown_fault_in_one_line(tmp_path):
    with pytest.raises(PhasegateError, match="no fault 'x'"):
        run_demo("x", home=tmp_path / "demo")
    assert isinstance(CliRunner().invoke(app, ["demo", "--fault", "x", "--home", str(tmp_path)]).exception, PhasegateError)


def test_the_command_has_help_and_an_example():
    text = CliRunner().invoke(app, ["demo", "--help"]).stdout
    assert "Example: phasegate demo --fault missing-evidence" in text
    for option in ("--fault", "--up", "--home", "--port"):
        assert option in text


def test_what_a_gate_found_is_told_at_once_and_no_text_of_others_moves_the_cursor(run, world, tmp_path, monkeypatch):
    evil = Finding(rule="check-failed", subject="a/\x1b[2J", text="bad \x1b]0;owned\x07 \u202e\nline")
    many = (evil, *(Finding(rule="check-failed", subject=f"a/{number}", text="x") for number in range(5)))
    verdict = SimpleNamespace(says=SimpleNamespace(phasegate=SimpleNamespace(findings=many)))
    asked = []
    record = SimpleNamespace(verdict_in=lambda phase, cycle: asked.append((phase, cycle)) or verdict)
    monkeypatch.setattr("dag_factory.cli.demo.flight.read_record", lambda *_, **__: record)
    failed = TaskState("validation.gate", "failed")
    again = TaskState("validation.fix_1.gate", "failed")
    busy = TaskState("complete", "running")
    world.tasks = [[failed, busy], [failed, busy], [failed, again, TaskState("complete", "failed")]]
    _, text = run()
    assert asked == [("validation", 0), ("validation", 1)], "each once"
    assert "✘ check-failed a/⟨U+001B⟩[2J: bad ⟨U+001B⟩]0;owned⟨U+0007⟩ ⟨U+202E⟩ line" in text
    assert "… and 3 findings more" in text
