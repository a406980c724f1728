"""Policy 3: every item of evidence is there, is what was hashed, is what it should be, and has the grade that counts."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.contract import GRADES, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.statement import TaskStatement
from dag_factory.evidence.verdict import Finding

__all__ = ["evident"]


def evident(case: Case) -> Iterator[Finding]:
    """Every item of every task of the phase."""
    for task in case.tasks:
        stored = case.worked(task)
        if stored is None:
            continue
        yield from _undeclared(case, task, stored.says)
        for item in task.items:
            subject = f"{task.id}/{item.id}"
            for fault in case.examine(task, item).faults:
                place = f"{item.place}: " if item.place not in fault.text else ""
                yield case.finding(
                    fault.rule,
                    task,
                    f"{place}{fault.text}",
                    subject=f"{subject}:{fault.subject}" if fault.subject else subject,
                )
            best = GRADES.index(task.reaches(item))
            for entry in case.entries(task, item):
                given = GRADES.index(entry.grade)
                if entry.item == item.id and min(given, best) < GRADES.index(item.needs):
                    is_it = f"is only {entry.grade}" if given <= best else f"is said to be {entry.grade} and can only be {GRADES[best]}"
                    yield case.finding("grade-too-low", task, f"{entry.name} {is_it}; it counts when it is {item.needs}.", subject=subject)


def _undeclared(case: Case, task: TaskContract, said: TaskStatement) -> Iterator[Finding]:
    """Files the plan does not ask for: of no item, of another name than the item's, of none of its paths, or one more for the same place."""
    known = {item.id: item for item in task.items}
    seen: set[tuple[str, str]] = set()
    for entry in said.evidence:
        item, place = known.get(entry.item), (entry.item, entry.name)
        if item is None or not item.asks_for(entry.name) or entry.task != task.id or place in seen:
            yield case.finding(
                "evidence-undeclared",
                task,
                f"{entry.name} is no evidence the plan asks for.",
                subject=f"{task.id}/{entry.item}",
            )
        seen.add(place)
