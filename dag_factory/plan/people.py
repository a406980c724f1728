"""Rules of what people are asked: a form can hold it, and nobody would have to work under two names."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.evidence.contract import RunContract, TaskContract
from dag_factory.evidence.policies.consent import same
from dag_factory.runners.human import HELD
from dag_factory.spec import Spec

__all__ = ["form_unable", "people_shared"]


def form_unable(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """A person is asked for what a form can hold; everything else is made by a program, or brought from outside."""
    told: set[tuple[str, str]] = set()
    for task in contract.tasks.values():
        if task.runner != "human" or _binding(spec, task) in told:
            continue
        made = any(check.name == "verify" for check in task.checks)
        for item in task.items:
            by_command = item.check is not None or (item.report is not None and made)
            if by_command or (item.kind in HELD and not item.changed):
                continue
            what = f"files of {item.place}" if item.changed else f"a file of the kind {item.kind} ({item.place})"
            reason = f"{task.id} owes {what}, which a form in Airflow's UI cannot hold; it holds {', '.join(HELD)}."
            remedy = "Bind it to `external: true`, or to a program, or have Phasegate make it with `verify: COMMAND`."
            told.add(_binding(spec, task))
            yield Diagnostic("form-unable", spec.source.where((*_binding(spec, task), "human")), reason, remedy)
            break


def people_shared(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """Where only one person may do a task, they are asked for nothing else that somebody else must do."""
    alone = {task.id: same(task.people[0]) for task in contract.tasks.values() if len({same(login) for login in task.people}) == 1}
    told: set[tuple[str, str]] = set()
    for task_id, login in alone.items():
        task = contract.tasks[task_id]
        for other_id, also in alone.items():
            other = contract.tasks[other_id]
            pair = (min(task.persona, other.persona), max(task.persona, other.persona))
            if also != login or other.persona == task.persona or pair in told or other_id > task_id:
                continue
            told.add(pair)
            reason = f"{task.people[0]} is the only one who may work as @{task.persona} ({task_id}) and as @{other.persona} ({other_id})."
            yield Diagnostic(
                "people-shared", spec.source.where((*_binding(spec, task), "human")), reason, "Ask somebody else for one of them."
            )
    yield from _deciding(spec, contract, alone)


def _deciding(spec: Spec, contract: RunContract, alone: dict[str, str]) -> Iterator[Diagnostic]:
    """Who approves or decides has no part in the run: of those who surely work in it, nobody counts."""
    for phase in contract.phases:
        working = {alone[task.id] for before in contract.upto(phase.id) for task in before.tasks if task.id in alone}
        asked = phase.approval
        if asked and len([login for login in asked.people if same(login) not in working]) < asked.need:
            reason = (
                f"{asked.need} of {', '.join(asked.people)} must approve {phase.id}, and those who surely work in the run do not count."
            )
            place = spec.source.where(("phases", phase.id, "gate", "approval", "people"))
            yield Diagnostic("people-shared", place, reason, "Name people who have no part in the run.")
    decide = contract.fix.decide
    if decide and all(same(login) in alone.values() for login in decide):
        reason = f"{', '.join(decide)} would decide about a run in which they surely work, and nobody else could."
        yield Diagnostic("people-shared", spec.source.where(("fix", "decide")), reason, "Name somebody who has no part in the run.")


def _binding(spec: Spec, task: TaskContract) -> tuple[str, str]:
    return "personas", next(key for key in (f"{task.phase}/{task.persona}", task.persona, "default") if key in spec.workflow.personas)
