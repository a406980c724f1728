"""What a run left behind, told from its evidence store alone: phases, tasks, personas, evidence, verdicts, what was mended, and the product."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dag_factory.cli.demo.home import DemoHome
from dag_factory.cli.harmless import visible
from dag_factory.cli.wording import counted
from dag_factory.evidence.contract import PhaseContract, TaskContract
from dag_factory.evidence.decisions import Decision
from dag_factory.evidence.record import RunRecord, read_record
from dag_factory.evidence.rounds import statement_of, telling_merge
from dag_factory.evidence.store import Store
from dag_factory.evidence.story import CycleStory, OrderStory, cycles_of
from dag_factory.evidence.verdict import Finding
from dag_factory.workspace.git import git

__all__ = ["PhaseStory", "TaskStory", "shortened", "show_cycles", "show_findings", "show_product", "show_table", "summarise"]

_SHOWN = 320  # signs of a finding's text


@dataclass(frozen=True)
class TaskStory:
    """What one task left: each piece of evidence with its grade, or None where it is missing."""

    task: str
    persona: str
    runner: str
    evidence: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class PhaseStory:
    """One phase: its tasks, the newest signed verdict on it, its fix cycles, and what people decided; `verdict` is empty where no gate has answered."""

    phase: str
    title: str
    verdict: str
    tasks: tuple[TaskStory, ...]
    findings: tuple[Finding, ...]
    cycles: tuple[CycleStory, ...] = ()
    decisions: tuple[Decision, ...] = ()

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
    if record is None:
        return ()
    cycles = cycles_of(record)
    return tuple(_phase(record, phase, tuple(one for one in cycles if one.phase == phase.id)) for phase in record.contract.phases)


def _phase(record: RunRecord, phase: PhaseContract, cycles: tuple[CycleStory, ...]) -> PhaseStory:
    stored = record.verdict(phase.id)
    said = stored.says.phasegate if stored else None
    tasks = tuple(_task(record, task) for task in phase.tasks)
    decided = tuple(item.says for item in record.decisions.get(phase.id, ()))
    return PhaseStory(phase.id, phase.title, said.word if said else "", tasks, said.findings if said else (), cycles, decided)


def _task(record: RunRecord, task: TaskContract) -> TaskStory:
    grades: dict[str, str] = {}
    last = record.contract.phases[-1].id
    stored, merged = statement_of(record, last, None, task), telling_merge(record, last, None, task)
    first = record.newest(task.id)  # who mends somebody else's work may change nothing of the own, which still counts
    for said in (first.says if first else None, stored.says if stored else None, merged.says if merged else None):
        if said is not None:
            grades |= {entry.item: entry.grade for entry in said.evidence if entry.task == task.id}
            grades |= {item.id: "re-executed" for item in task.items if item.check in {c.name for c in said.checks if c.task == task.id}}
    return TaskStory(task.task, task.persona, task.runner, tuple((item.id, grades.get(item.id)) for item in task.items))


def show_table(console: Console, phases: tuple[PhaseStory, ...]) -> None:
    """Print the table of phases, tasks, personas, evidence and verdicts."""
    table = Table(header_style="bold", show_lines=False)
    table.add_column("Phase and personas", no_wrap=True, max_width=45)
    table.add_column("Verdict and evidence", overflow="fold")
    for phase in phases:
        table.add_row(Text(phase.title, "bold"), _word(phase), end_section=not phase.tasks)
        for index, task in enumerate(phase.tasks):
            table.add_row(Text(_who(task)), _evidence(task) if phase.begun else "", end_section=index == len(phase.tasks) - 1)
    console.print(table)


def _who(task: TaskStory) -> str:
    """A task and its persona, whose name most tasks have in theirs."""
    name = "" if task.task == task.persona else f"{task.task.removesuffix(f'.{task.persona}')} "
    return f"  {name}@{task.persona}"


def show_cycles(console: Console, phases: tuple[PhaseStory, ...]) -> None:
    """Print the table of what red flags led to: in which cycle what was to be mended, who did, and what the next gate said. Nothing if there were none."""
    cycles = [cycle for phase in phases for cycle in phase.cycles]
    if not cycles:
        return
    table = Table(header_style="bold", show_lines=False)
    for column in ("Fix cycle", "Finding and fix", "Now"):
        table.add_column(column, overflow="fold", no_wrap=column == "Now")
    for cycle in cycles:
        head = f"{cycle.phase}\nfix_{cycle.cycle}"
        for finding in cycle.findings:
            table.add_row(head, _found(cycle, finding), _now(cycle, finding))
            head = ""
        for order in cycle.orders:
            table.add_row("", _fix(order), "")
        table.add_section()
    console.print(table)
    for phase in phases:
        for said in phase.decisions:
            console.print(f"{phase.phase}.{said.binding.task}: {escape(_answer(said))}", soft_wrap=True, highlight=False)


def _answer(said: Decision) -> str:
    """What a person answered, or why there is no answer."""
    words = {"waive": "waive what is open", "cycle": "one more cycle", "stop": "stop", "approve": "approved", "refuse": "refused"}
    return said.reason if said.answer == "void" else f"{said.by}: {words[said.answer]}. {said.reason}".strip()


def _found(cycle: CycleStory, finding: Finding) -> Text:
    """A finding: its rule, what it is about, and why."""
    subject = finding.subject.removeprefix(f"{cycle.phase}/")
    return Text.assemble((finding.rule, "bold"), f"  {visible(subject)}", (f"\n{visible(shortened(finding.text))}", "dim"))


def _now(cycle: CycleStory, finding: Finding) -> Text:
    """Whether the next gate found it again."""
    now = "mended" if finding.id in cycle.mended else "open" if finding.id in cycle.open else "no verdict"
    return Text(now, {"mended": "bold green", "open": "bold red"}.get(now, "dim"))


def _fix(order: OrderStory) -> Text:
    """Who was to mend how many of them, and what that one left."""
    left = order.commit[:7] if order.commit else "changed nothing" if order.delivered else "delivered nothing"
    said = f"\n  {visible(order.words)}" if order.words else ""  # how many edits were tried, where the sample's engineer mends
    return Text.assemble(("↳ ", "cyan"), f"{counted(len(order.findings), 'finding')} to {order.owner.partition('/')[2]}: {left}{said}")


def shortened(text: str) -> str:
    """As much of a finding's text as a terminal needs; all of it is told by `phasegate status`."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN].rstrip()} …"


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
    shade = {"PASSED": "bold green", "PASSED_WITH_WAIVER": "bold yellow", "FAILED": "bold red"}.get(word, "dim")
    after = f" after {counted(len(phase.cycles), 'fix cycle')}" if phase.cycles else ""
    return Text.assemble((word, shade), (after, "dim"))
