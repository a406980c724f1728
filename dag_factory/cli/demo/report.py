"""What a run left behind, told from its evidence store alone: phases, tasks, personas, evidence, verdicts, and the product."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dag_factory.cli.demo.home import DemoHome
from dag_factory.evidence.contract import PhaseContract, TaskContract
from dag_factory.evidence.record import RunRecord, read_record
from dag_factory.evidence.store import Store
from dag_factory.evidence.verdict import Finding
from dag_factory.workspace.git import git

__all__ = ["PhaseStory", "TaskStory", "show_findings", "show_product", "show_table", "summarise"]


@dataclass(frozen=True)
class TaskStory:
    """What one task left: each piece of evidence with its grade, or None where it is missing."""

    task: str
    persona: str
    runner: str
    evidence: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class PhaseStory:
    """One phase: its tasks, and the newest signed verdict on it; `verdict` is empty where no gate has answered."""

    phase: str
    title: str
    verdict: str
    tasks: tuple[TaskStory, ...]
    findings: tuple[Finding, ...]

    @property
    def begun(self) -> bool:
        """Whether anything of it was done."""
        return bool(self.verdict) or any(grade for task in self.tasks for _, grade in task.evidence)


def summarise(evidence_root: Path, dag_id: str, run_id: str) -> tuple[PhaseStory, ...]:
    """Read a run, offline; signatures are verified while it is read. Empty if the run has not begun.

    Raises
    ------
    EnvelopeError: the charter cannot be believed.
    StoreError: the store cannot be read.

    """
    record = read_record(Store(evidence_root).run(dag_id, run_id))
    return tuple(_phase(record, phase) for phase in record.contract.phases) if record else ()


def _phase(record: RunRecord, phase: PhaseContract) -> PhaseStory:
    stored = record.verdict(phase.id)
    said = stored.says.phasegate if stored else None
    tasks = tuple(_task(record, task) for task in phase.tasks)
    return PhaseStory(phase.id, phase.title, said.word if said else "", tasks, said.findings if said else ())


def _task(record: RunRecord, task: TaskContract) -> TaskStory:
    grades: dict[str, str] = {}
    stored, merged = record.newest(task.id), record.converged(task.phase)
    for said in (stored.says if stored else None, merged.says if merged else None):
        if said is not None:
            grades |= {entry.item: entry.grade for entry in said.evidence if entry.task == task.id}
            grades |= {item.id: "re-executed" for item in task.items if item.check in {c.name for c in said.checks if c.task == task.id}}
    return TaskStory(task.task, task.persona, task.runner, tuple((item.id, grades.get(item.id)) for item in task.items))


def show_table(console: Console, phases: tuple[PhaseStory, ...]) -> None:
    """Print the table of phases, tasks, personas, evidence and verdicts."""
    table = Table(header_style="bold", show_lines=False)
    for column in ("Phase", "Task", "Persona", "Evidence", "Verdict"):
        table.add_column(column, overflow="fold", no_wrap=column in ("Task", "Persona", "Verdict"))
    for phase in phases:
        for index, task in enumerate(phase.tasks):
            last = index == len(phase.tasks) - 1
            table.add_row(
                *(escape(phase.title) if not index else "", escape(task.task), f"@{escape(task.persona)}"),
                _evidence(task) if phase.begun else "",
                _word(phase) if not index else "",
                end_section=last,
            )
    console.print(table)


def show_findings(console: Console, phases: tuple[PhaseStory, ...]) -> None:
    """Print every finding: its rule, what it is about, and why."""
    for phase in phases:
        for finding in phase.findings:
            console.print(Text.assemble((f"✘ {finding.rule}", "bold red"), f"  {finding.subject}"), soft_wrap=True)
            console.print(f"    {escape(finding.text)}", soft_wrap=True, highlight=False)


def show_product(console: Console, home: DemoHome, branch: str) -> None:
    """Print the product's log and how to run it.

    Raises
    ------
    WorkspaceError: the branch is not there.

    """
    log = git("log", "--oneline", "--topo-order", "--no-decorate", f"refs/heads/{branch}", git_dir=home.product / ".git").text
    console.print(f"The product, branch {branch} of {home.product}:", style="bold", soft_wrap=True, highlight=False)
    for line in log.splitlines():
        console.print(f"    {escape(line)}", soft_wrap=True, highlight=False)
    console.print("Run it:", style="bold")
    for line in (
        f"git clone --quiet --branch {branch} {home.product} orders && cd orders",
        "PYTHONPATH=src python3 -m orders run data/ --db orders.db --report report.md && cat report.md",
    ):
        console.print(f"    {escape(line)}", soft_wrap=True, highlight=False)


def _evidence(task: TaskStory) -> Text:
    """What is there, by the grade it has, and what is missing."""
    grades: dict[str | None, list[str]] = {}
    for name, grade in task.evidence:
        grades.setdefault(grade, []).append(name)
    text = Text()
    for grade, names in grades.items():
        text.append(f"{'; ' if text else ''}{', '.join(names)} ")
        text.append(grade or "missing", "dim" if grade else "bold red")
    return text


def _word(phase: PhaseStory) -> Text:
    word = phase.verdict or ("no verdict" if phase.begun else "not begun")
    return Text(word, {"PASSED": "bold green", "FAILED": "bold red"}.get(word, "dim"))
