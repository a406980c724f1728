"""Who mends what: from the findings of a verdict to fix orders.

1. What is missing or malformed goes to whoever owes it, and so does a check that looks at a task's own work.
2. What did not fit into the merge goes to whoever's work was left out.
3. What a validator found wrong goes to whoever made what it validates: of several, to those whose feature the finding names, by a path, an id or
   the feature's name.
4. What nobody owns goes to the workflow's `fix.owner`.
5. Validators are never given anything to mend: all of them judge again, and are told what was wrong with their own evidence.

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

OF_THE_PRODUCT = frozenset({"check-failed", "coverage-low", "tests-failed", "validation-failed"})
"""Rules whose finding speaks of what was validated, and not of the evidence that says so."""
_PATH, _ID, _FEATURE = 4, 2, 1


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
    made = Routing()
    makers = {task.id: task for task in case.contract.makers(case.phase_id)}
    judges = {task.id: task for task in (*case.phase.judges, *case.contract.again(case.phase_id))}
    limit = case.contract.fix.max_findings
    for finding in findings[:limit]:
        owners = _owners(case, finding, makers, judges)
        for task_id in owners:
            given = made.again if task_id in judges else made.orders
            given.setdefault(task_id, []).append(finding.id)
        if not owners:
            made.unowned.append(finding.id)
    made.left += [finding.id for finding in findings[limit:]]
    for task_id in judges:
        made.again.setdefault(task_id, [])
    return made


def _owners(case: Case, finding: Finding, makers: dict[str, TaskContract], judges: dict[str, TaskContract]) -> list[str]:
    task = case.contract.tasks.get(finding.task)
    if task is not None and not _speaks_of_others(finding, task):
        if task.id in makers or task.id in judges:
            return [task.id]
    elif task is not None:
        made = [makers[name] for name in task.validates if name in makers and makers[name].duty in {"implementation", task.duty}]
        named = _named(case, finding, task, [other for other in made if other.id not in judges])
        if named:
            return named
    owner = case.contract.fix.owner
    return [name for name, maker in makers.items() if owner in (name, maker.role) and name not in judges]


def _speaks_of_others(finding: Finding, task: TaskContract) -> bool:
    """Whether what a task found is about what it validates. What its own checks look at, it made itself."""
    if finding.rule not in OF_THE_PRODUCT or not task.validates:
        return False
    own = {check.name for check in task.checks if check.blames == "own"}
    return finding.subject.removeprefix(f"{task.id}/").partition(":")[0] not in own


def _named(case: Case, finding: Finding, task: TaskContract, made: list[TaskContract]) -> list[str]:
    """Those whose feature is named most tellingly; all, where none is named."""
    said = f"{finding.text}\n{finding.subject}"
    scores = {other.id: _score(case, said, other) for other in made}
    if not any(scores.values()):  # the finding itself names nobody: what the check printed may
        printed = "\n".join(result.excerpt for result in case.results(task) if result.exit_code != 0)
        scores = {other.id: _score(case, printed, other) for other in made}
    best = max(scores.values(), default=0)
    return [name for name, score in scores.items() if score == best]


def _score(case: Case, text: str, maker: TaskContract) -> int:
    if maker.feature is None:
        return 0
    stored = case.statement(maker)
    first = case.record.newest(maker.id)
    paths = {entry.name for one in (stored, first) if one for entry in one.says.evidence if entry.task == maker.id}
    score = _PATH * sum(path in text for path in paths)
    ids = sum(_times(name, text) for name in _ids(case, maker.feature))
    return score + _ID * ids + _FEATURE * _times(maker.feature, text)


def _times(name: str, text: str) -> int:
    """How often a name stands in a text, however its words are joined."""
    spelt = re.sub(r"[_-]", "[_-]", re.escape(name).replace(r"\-", "-"))
    return len(re.findall(rf"(?<![A-Za-z0-9]){spelt}(?![A-Za-z0-9])", text))


def _ids(case: Case, feature: str) -> frozenset[str]:
    """The ids that earlier evidence publishes for a feature: its stories, and what they ask."""
    found: set[str] = set()
    for phase in case.contract.upto(case.phase_id):
        for task in phase.tasks:
            for item in (item for item in task.items if item.kind == "stories"):
                facts = case.examine(task, item).facts
                found.update(name for key, names in facts.items() if key.endswith(f"@{feature}") for name in names)
    return frozenset(found)
