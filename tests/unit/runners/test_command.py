from __future__ import annotations

import pytest

from dag_factory.errors import RunnerError
from dag_factory.runners import RUNNERS


@pytest.mark.parametrize("name", ["check", "command"])
def test_a_text_is_run_by_a_shell_and_a_list_directly(bench, name):
    runner = RUNNERS[name]
    assert runner.run(bench.request({name: "echo $((1 + 1)) | cat; exit 3"}), bench.stop).exit_code == 3
    assert bench.lines == ["2"]
    assert runner.run(bench.request({name: ("echo", "$HOME")}), bench.stop).excerpt == "$HOME"


def test_it_works_in_the_workspace(bench):
    RUNNERS["command"].run(bench.request({"command": "echo text > made"}), bench.stop)
    assert (bench.workspace / "made").read_text() == "text\n"


def test_principals_are_those_of_the_script_before_it_ran(bench):
    (bench.spec / "a.sh").write_text("echo changed >> $PHASEGATE_SPEC_DIR/a.sh\n")
    request = bench.request({"command": "sh $PHASEGATE_SPEC_DIR/a.sh"})
    before = RUNNERS["command"].principals(request)
    outcome = RUNNERS["command"].run(request, bench.stop)
    assert outcome.principals == before != RUNNERS["command"].principals(request)


def test_a_missing_command_is_named_with_a_remedy(bench):
    outcome = RUNNERS["check"].run(bench.request({"check": "no-such-program --all"}), bench.stop)
    assert outcome.exit_code == 127
    assert "no-such-program --all" in outcome.reason
    assert "Install it" in outcome.reason
    outcome = RUNNERS["check"].run(bench.request({"check": ["no-such-program"]}), bench.stop)
    assert (outcome.ended, outcome.exit_code) == ("not-started", None)
    assert "install it" in outcome.reason


def test_a_file_that_cannot_be_executed_is_named_with_a_remedy(bench):
    (bench.workspace / "tool").write_text("echo\n")
    outcome = RUNNERS["command"].run(bench.request({"command": "./tool"}), bench.stop)
    assert outcome.exit_code == 126
    assert "chmod +x" in outcome.reason


@pytest.mark.parametrize("value", ["", "  ", []])
def test_an_empty_command_is_not_started(bench, value):
    outcome = RUNNERS["command"].run(bench.request({"command": value}), bench.stop)
    assert outcome.ended == "not-started"
    assert "empty" in outcome.reason


@pytest.mark.parametrize("work", [{}, {"command": 3}, {"command": ["a", 1]}, {"check": "make"}])
def test_what_is_no_command_is_refused(bench, work):
    with pytest.raises(RunnerError, match="no command"):
        RUNNERS["command"].run(bench.request(work), bench.stop)
