"""What is shown while the demo lasts."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from support.orders import plan_of

from dag_factory.cli.demo.api import TaskState
from dag_factory.cli.demo.progress import Board, Progress


@pytest.fixture
def contract(tmp_path):
    return plan_of(tmp_path).contract


def shown(console: Console) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())  # type: ignore[attr-defined]


def plain() -> Console:
    return Console(file=io.StringIO(), width=120)


def terminal() -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=True, _environ={"TERM": "xterm"})


def test_a_line_begins_with_its_seconds():
    console = plain()
    Progress(console).say("[bold]not markup[/bold]")
    assert re.fullmatch(r" +0\.\d s  \[bold\]not markup\[/bold\]\n", shown(console))


@pytest.mark.parametrize("make", [plain, terminal])
def test_waiting_says_for_what(make):
    console = make()
    with Progress(console).waiting("Starting Airflow"):
        pass
    assert "Starting Airflow" in shown(console)


def test_elsewhere_than_on_a_terminal_each_change_is_one_line(contract):
    console = plain()
    with Board(Progress(console), contract) as board:
        board.show([TaskState("kickoff", "running"), TaskState("foundation.architect", "queued"), TaskState("complete", "")])
        board.show([TaskState("kickoff", "success"), TaskState("foundation.architect", "running")])
        board.show([TaskState("kickoff", "success"), TaskState("foundation.architect", "running")])
        board.show([TaskState("implementation.ingest.software-engineer", "failed")])
    lines = [line.split()[2:] for line in shown(console).splitlines()]
    assert lines == [
        ["-", "kickoff", "-", "running"],
        ["-", "kickoff", "-", "success"],
        ["foundation", "architect", "@architect", "running"],
        ["implementation", "ingest.software-engineer", "@software-engineer", "failed"],
    ]


def test_on_a_terminal_the_phases_stand_in_their_order(contract):
    console = terminal()
    names = [
        "complete",
        "validation.gate",
        "validation.open",
        "foundation.architect",
        "validation.test-engineer",
        "validation.converge",
        "kickoff",
    ]
    with Board(Progress(console), contract) as board:
        board.show([TaskState(name, "running" if name.endswith("gate") else "success") for name in names])
    last = shown(console)
    order = ["kickoff", "architect", "open", "test-engineer", "converge", "gate", "complete"]
    places = [last.rindex(f" {name}") for name in order]
    assert places == sorted(places)
    assert "Foundation" in last
    assert "@test-engineer" in last


def test_a_phase_that_passed_or_has_not_begun_is_one_row(contract):
    console = terminal()
    states = {"foundation": "success", "implementation": "running", "validation": ""}
    tasks = {"foundation": "architect", "implementation": "ingest.sdet", "validation": "test-engineer"}
    found = [TaskState(f"{phase}.{task}", state) for phase, state in states.items() for task in ("open", tasks[phase], "gate")]
    with Board(Progress(console), contract) as board:
        board.show(found)
    rows = [line.split() for line in shown(console).splitlines() if "✔" in line or "▶" in line or "·" in line]
    assert rows[-5:] == [  # the last of the frames
        ["Foundation", "✔", "gate"], ["Implementation", "▶", "open"], ["▶", "ingest.sdet", "@sdet"], ["▶", "gate"],
        ["Validation", "and", "documentation", "·", "open"],
    ]  # fmt: skip


def test_what_has_not_begun_is_shown_only_in_its_phase(contract):
    console = terminal()
    with Board(Progress(console), contract) as board:
        board.show([TaskState("kickoff", ""), TaskState("complete", ""), TaskState("foundation.architect", "")])
    assert "kickoff" in shown(console)
    assert "architect" in shown(console)
    assert "complete" not in shown(console)


def test_a_board_is_put_away_when_something_is_raised(contract):
    console = terminal()
    with pytest.raises(RuntimeError), Board(Progress(console), contract):
        raise RuntimeError
    console.print("after")
    assert "after" in shown(console)


def test_of_a_fix_phase_that_does_not_open_nothing_is_shown(contract):
    console = plain()
    with Board(Progress(console), contract) as board:
        board.show([TaskState("foundation.gate", "success"), TaskState("foundation.fix_1.triage", "skipped")])
        board.show([
            TaskState("foundation.fix_1.settled", "success"), TaskState("foundation.fix_1.gate", "skipped"),
            TaskState("foundation.fix_1.fix", "upstream_failed"), TaskState("foundation.decide_1", "skipped"),
            TaskState("foundation.waived_1", "upstream_failed"), TaskState("foundation.fix_2.triage", "upstream_failed"),
        ])  # fmt: skip
    assert [line.split()[2:] for line in shown(console).splitlines()] == [["foundation", "gate", "-", "success"]]


@pytest.mark.parametrize("make", [plain, terminal])
def test_of_one_that_opens_everyone_is_named_who_works_in_it(contract, make):
    console = make()
    found = [
        TaskState("integration.gate", "failed"), TaskState("integration.fix_1.triage", "success"),
        TaskState("integration.fix_1.fix", "running", 0, "@software-engineer · ingest"), TaskState("integration.fix_1.fix", "success", 1, "@devops"),
        TaskState("integration.fix_1.settled", "success"), TaskState("integration.fix_1.integration-engineer", "running"),
        TaskState("integration.fix_1.validation.test-engineer", "running"), TaskState("integration.fix_1.gate", ""),
    ]  # fmt: skip
    with Board(Progress(console), contract) as board:
        board.show(found)
    text = shown(console)
    wanted = [
        ("fix_1.fix[0]", "@software-engineer · ingest"), ("fix_1.fix[1]", "@devops"),
        ("fix_1.integration-engineer", "@integration-engineer"), ("fix_1.validation.test-engineer", "@test-engineer"),
    ]  # fmt: skip
    for task, persona in wanted:
        assert re.search(rf"{re.escape(task)} +{re.escape(persona)}", text), (task, text)
    assert "settled" not in text
    assert "fix_1.gate" not in text
    assert text.rindex("fix_1.triage") < text.rindex("fix_1.fix[0]") < text.rindex("fix_1.integration-engineer")


def test_a_phase_that_passed_after_a_fix_is_one_row(contract):
    console = terminal()
    with Board(Progress(console), contract) as board:
        board.show([
            TaskState("foundation.open", "success"), TaskState("foundation.gate", "failed"),
            TaskState("foundation.fix_1.triage", "success"), TaskState("foundation.fix_1.gate", "success"),
        ])  # fmt: skip
    assert [line.split() for line in shown(console).splitlines() if "✔" in line][-1:] == [["Foundation", "✔", "fix_1.gate"]]
