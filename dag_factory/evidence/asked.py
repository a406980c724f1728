"""What is asked of a task now: its ordinary work, or a fix cycle that gives it something to mend or has it judge again."""

from __future__ import annotations

from datetime import datetime

from dag_factory.errors import EvidenceError
from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_closed
from dag_factory.evidence.rounds import begun, rounds_of
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.statement import moment_of

__all__ = ["asked_now", "mends_outside"]


def asked_now(record: RunRecord, task: TaskContract, now: datetime) -> tuple[str, int]:
    """The phase and the fix cycle for which a task is to deliver; cycle 0 is its ordinary work.

    The run stands at its first phase that is not passed. Whatever was begun there last counts: a newer fix cycle that asks nothing of the task
    has no use for what an older one asked for.

    Raises
    ------
    EvidenceError: nothing is asked of it.

    """
    contract = record.contract
    phases = contract.phases[len(contract.upto(task.phase)) - 1 :]
    stands = next((phase.id for phase in phases if not_closed(record, phase, now)), None)
    rounds = rounds_of(record, stands, begun(record, stands)) if stands else ()
    if stands and rounds:
        said = rounds[-1].triage.says
        if task.id in {order.task for order in (*said.orders, *said.again)}:
            return stands, rounds[-1].cycle
        raise EvidenceError(
            f"Nothing is asked of {task.id} in fix cycle {rounds[-1].cycle} of phase {stands}.",
            remedy="`phasegate status` tells what is waited for, and of whom.",
        )
    if stands == task.phase:
        return stands, 0
    verdict = record.verdict(task.phase)
    raise EvidenceError(
        f"The gate of phase {task.phase} has answered already: {verdict.says.phasegate.word if verdict else 'its work is closed'}.",
        remedy="Start a new run for other evidence: what was judged stays as it is.",
    )


def mends_outside(case: Case) -> tuple[TaskContract, ...]:
    """Who was given something to mend outside in this cycle, and is to bring it yet: it is not there, by any clock, and may still come."""
    newest = case.rounds[-1] if case.rounds and case.rounds[-1].cycle == case.at else None
    if newest is None:
        return ()
    given = {order.task for order in newest.triage.says.orders if case.may_come(order.task)}
    there = {name for name, found in newest.statements.items() if any(moment_of(one.says.finished_at) <= case.now for one in found)}
    return tuple(task for task in case.contract.tasks.values() if task.id in given - there)
