"""Who mends what: from the findings of a verdict to fix orders.

1. What is missing or malformed goes to whoever owes it, and so does a check that looks at a task's own work.
2. What did not fit into the merge goes to whoever's work was left out.
3. What a validator found wrong goes to whoever made what it validates: of several, to those whose work is named by a file or an id, by the finding or
   by what its check printed of a failure; else to those whose feature is named.
4. Where it names nobody, it goes with what the same verdict found and does name somebody, since one cause makes several findings. That is tried once: if
   it is still there, or nothing names anybody, it goes to those of its makers who are the workflow's `fix.owner`; to all of them where none is.
5. What nobody owns goes to the workflow's `fix.owner`; but for what speaks of nobody's work, since no work mends it: the next cycle asks people anew.
6. Validators are never given anything to mend: all of them judge again, and are told what was wrong with their own evidence.

All findings about the work of one task have one cause for us, and are one order: two fixes of the same files at once would only collide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.verdict import Finding

__all__ = ["OF_THE_PRODUCT", "Routing", "route"]

_WORD = re.compile(r"[A-Za-z0-9]++")
_EXCERPT = 16_384
"""So much of the end of what a check printed is looked at."""
OF_THE_PRODUCT = frozenset({"check-failed", "coverage-low", "tests-failed", "tests-flaky", "validation-failed"})
"""Rules whose finding speaks of what was validated, and not of the evidence that says so."""
_OF_NOBODYS_WORK = frozenset({"approval-missing", "approval-partial", "approval-stale", "triage-missing", "waiver-void"})
"""Rules whose finding speaks of how people were asked and findings were given. A refusal is none of them: it says what to mend."""


@dataclass
class Routing:
    """Which task is given which findings, in plan order; `again` is for those who judge again."""

    orders: dict[str, list[str]] = field(default_factory=dict)
    again: dict[str, list[str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    unowned: list[str] = field(default_factory=list)

    def told(self, given: dict[str, list[str]], order: Iterable[str]) -> tuple[Order, ...]:
        """Orders, in the plan's order."""
        return tuple(Order(task=task, findings=tuple(given[task])) for task in order if task in given)


def route(case: Case, findings: tuple[Finding, ...]) -> Routing:
    """Say who mends what.

    Parameters
    ----------
    case: the phase, as it was judged.
    findings: those of its verdict.

    """
    made, names = Routing(), _Names(case)
    makers = {task.id: task for task in case.contract.makers(case.phase_id)}
    judges = {task.id: task for task in case.contract.judges(case.phase_id)}
    limit = case.contract.fix.max_findings
    found: list[tuple[Finding, _Owners]] = []
    for finding in findings:  # what nobody owns takes the place of nothing that somebody may mend
        if len(found) - len(made.unowned) == limit:
            made.left.append(finding.id)
            continue
        found.append((finding, _owners(names, finding, makers, judges)))
        made.unowned += [] if found[-1][1].any else [finding.id]
    named = {name for _, owners in found for name in owners.named}
    tried = {name for one in case.rounds for order in one.triage.says.orders for name in order.findings}
    for finding, owners in found:
        tasks = owners.named or [name for name in owners.made if name in named and finding.id not in tried] or owners.else_to
        for task_id in tasks:
            given = made.again if task_id in judges else made.orders
            given.setdefault(task_id, []).append(finding.id)
    for task_id in judges:
        made.again.setdefault(task_id, [])
    return made


@dataclass(frozen=True)
class _Owners:
    """Who may mend one finding: those whom it names; else of those who made what it speaks of, whom others of the verdict name; else `else_to`."""

    named: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    else_to: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether there is anybody to give it to."""
        return bool(self.named or self.else_to)


def _owners(called: _Names, finding: Finding, makers: dict[str, TaskContract], judges: dict[str, TaskContract]) -> _Owners:
    case = called.case
    if finding.rule in _OF_NOBODYS_WORK:
        return _Owners()
    owner = case.contract.fix.owner
    owned = [name for name, maker in makers.items() if owner in (name, maker.role) and name not in judges]
    task = case.contract.tasks.get(finding.task)
    if task is None:
        return _Owners(else_to=owned)
    if not _speaks_of_others(finding, task):
        own = task.id in makers or (task.id in judges and bool(task.validates))  # a check that names nobody only looks
        return _Owners(else_to=[task.id] if own else owned)
    made = [makers[name] for name in task.validates if name in makers and makers[name].duty in {"implementation", task.duty}]
    names = [maker.id for maker in made if maker.id not in judges]
    if named := _named(called, finding, task, [makers[name] for name in names]):
        return _Owners(named=named)
    others = [name for name in owned if name != task.id]  # never whoever found it
    return _Owners(made=names, else_to=[name for name in names if name in others] or names or others)


def _speaks_of_others(finding: Finding, task: TaskContract) -> bool:
    """Whether what a task found is about what it validates. What its own checks look at, it made itself."""
    if finding.rule not in OF_THE_PRODUCT or not task.validates:
        return False
    own = {check.name for check in task.checks if check.blames == "own"}
    return finding.subject.removeprefix(f"{task.id}/").partition(":")[0] not in own


class _Names:
    """What the work of each maker is called; each is looked for once, and not for every finding."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._marks: dict[str, tuple[_Name, ...]] = {}

    def marks(self, maker: TaskContract) -> tuple[_Name, ...]:
        """What only this maker's work is called: its files, and the ids of what its feature was asked for."""
        if maker.id not in self._marks:
            self._marks[maker.id] = tuple(map(_Name, _marks(self.case, maker)))
        return self._marks[maker.id]

    def features(self, maker: TaskContract) -> tuple[_Name, ...]:
        """Its feature."""
        return (_Name(maker.feature),) if maker.feature else ()


class _Name:
    """A name or a text in which names are looked for, however their words are joined."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("_", "-")
        self.words = frozenset(_WORD.findall(text))

    def stands_in(self, said: _Name) -> bool:
        """Whether it stands there, with no letter or figure of English right beside it."""
        if not self.words <= said.words:
            return False
        at = said.text.find(self.text)
        while at >= 0:
            end = at + len(self.text)
            if not (_WORD.match(said.text[at - 1 : at]) or _WORD.match(said.text[end : end + 1])):
                return True
            at = said.text.find(self.text, at + 1)
        return False


def _named(called: _Names, finding: Finding, task: TaskContract, made: list[TaskContract]) -> list[str]:
    """Those whose files or ids are named, by the finding or where the check speaks of a failure; else those whose feature is; nobody if none."""
    failed = [result.excerpt[-_EXCERPT:] for result in called.case.results(task) if result.exit_code != 0]
    said = _Name("\n".join((finding.text, finding.subject, *(_telling(excerpt) for excerpt in failed))))
    for names in (called.marks, called.features):
        found = [maker.id for maker in made if any(name.stands_in(said) for name in names(maker))]
        if found:
            return found
    return []


def _telling(excerpt: str) -> str:
    """The lines that speak of a failure; all, where none does."""
    lines = [line for line in excerpt.splitlines() if re.search(r"fail|error|assert|wrong", line, re.IGNORECASE)]
    return "\n".join(lines) or excerpt


def _marks(case: Case, maker: TaskContract) -> frozenset[str]:
    delivered = [case.statement(maker), *case.record.statements.get(maker.id, ())]
    paths = {entry.name for stored in delivered if stored for entry in stored.says.evidence if entry.task == maker.id}
    return frozenset(paths) | (_ids(case, maker.feature) if maker.feature else frozenset())


def _ids(case: Case, feature: str) -> frozenset[str]:
    """The ids that earlier evidence publishes for a feature: its stories, and what they ask."""
    found: set[str] = set()
    for phase in case.contract.upto(case.phase_id):
        for task in phase.tasks:
            for item in (item for item in task.items if item.kind == "stories"):
                facts = case.examine(task, item).facts
                found.update(name for key, names in facts.items() if key.endswith(f"@{feature}") for name in names)
    return frozenset(found)
