"""Which work counts: the ordinary work of a phase, and what each of its fix cycles did over it.

A fix cycle counts if its newest triage is about the newest verdict of the cycle before: where a gate was asked again, what was mended for its older
verdict counts no more. One that a person allowed counts until that is taken back. What an external persona brought for what counts no more is asked for
anew. A phase that has its verdict stands at the cycle of that verdict.
"""

from __future__ import annotations

from dataclasses import replace

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.decided import taken_back
from dag_factory.evidence.run import Round, RunRecord, Stored
from dag_factory.evidence.statement import ConvergeStatement, TaskStatement

__all__ = ["CONVERGE", "JOIN", "begun", "merges_of", "reopened", "rounds_of", "statement_of", "statements_of", "telling_merge"]

CONVERGE, JOIN = "converge", "join"
"""The two merges of a cycle: of what was made or mended, and of what validators wrote afterwards."""


def rounds_of(record: RunRecord, phase: str, cycle: int | None = None) -> tuple[Round, ...]:
    """The fix cycles of a phase that count, in order.

    Parameters
    ----------
    cycle: the last one to look at; that of the phase's newest verdict if None.

    """
    if not record.rounds.get(phase):
        return ()
    last = record.cycle(phase) if cycle is None else cycle
    found = {item.cycle: item for item in record.rounds.get(phase, ())}
    counted: list[Round] = []
    for number in range(1, last + 1):
        mended, verdict = found.get(number), record.verdict_in(phase, number - 1)
        if mended is None or verdict is None or mended.triage.says.binding.previous_verdict != verdict.digest:
            break
        if taken_back(record, phase, number):
            break
        counted.append(_brought_for(record, mended))
    return tuple(counted)


def _brought_for(record: RunRecord, mended: Round) -> Round:
    """The cycle without what was brought from outside for an older verdict: it is asked for anew, and nothing has come yet.

    Who works in Airflow is started again with the cycle; where one was not, the older statement is found, and named as that.
    """
    phase, verdict = mended.triage.says.binding.phase, mended.triage.says.binding.previous_verdict
    older = {item.digest for item in record.verdicts.get(phase, ())} - {verdict}
    tasks = record.contract.tasks
    gone = [
        name for name, found in mended.statements.items()
        if found and name in tasks and tasks[name].external and all(item.says.binding.previous_verdict in older for item in found)
    ]  # fmt: skip
    return replace(mended, statements=mended.statements | {name: [] for name in gone}) if gone else mended


def begun(record: RunRecord, phase: str) -> int:
    """The newest fix cycle of a phase that was begun, whether its gate has answered or not; 0 if none was."""
    return max([record.cycle(phase), *(item.cycle for item in record.rounds.get(phase, ()))])


def statement_of(record: RunRecord, phase: str, cycle: int | None, task: TaskContract) -> Stored[TaskStatement] | None:
    """The statement of a task that counts when a phase is judged: the newest, from this phase back to the task's own."""
    return next(iter(statements_of(record, phase, cycle, task)), None)


def statements_of(record: RunRecord, phase: str, cycle: int | None, task: TaskContract) -> tuple[Stored[TaskStatement], ...]:
    """The newest statement of a task from each cycle that counts, the newest first, from this phase back to the task's ordinary work."""
    counted: list[Stored[TaskStatement]] = []
    for one in reversed(record.contract.upto(phase)) if any(record.rounds.values()) else ():
        for mended in reversed(rounds_of(record, one.id, cycle if one.id == phase else None)):
            counted += mended.statements.get(task.id, [])[-1:]
        if one.id == task.phase:
            break
    first = record.newest(task.id)
    return (*counted, first) if first else tuple(counted)


def merges_of(record: RunRecord, phase: str, cycle: int | None = None) -> tuple[Stored[ConvergeStatement], ...]:
    """The merges of a phase that count, each on the one before: of the ordinary work, then two a fix cycle at most."""
    newest = {(item.says.binding.cycle, item.says.binding.task): item for item in record.converges.get(phase, ())}
    numbers = [0, *(mended.cycle for mended in rounds_of(record, phase, cycle))]
    steps = [(number, step) for number in numbers for step in (CONVERGE, JOIN)]
    return tuple(newest[step] for step in steps if step in newest)


def telling_merge(record: RunRecord, phase: str, cycle: int | None, task: TaskContract) -> Stored[ConvergeStatement] | None:
    """The merge that tells how the checks of a task ended, which are run on the whole: the newest that ran them."""
    for one in reversed(record.contract.upto(phase)):
        for merge in reversed(merges_of(record, one.id, cycle if one.id == phase else None)):
            if task.id in {*(one.task for one in merge.says.checks), *(one.task for one in merge.says.evidence)}:
                return merge
        if one.id == task.phase:
            break
    return None


def reopened(record: RunRecord, phase: str, cycle: int | None) -> tuple[TaskContract, ...]:
    """The tasks of earlier phases that are judged once more, since something of their phase was given to be mended."""
    contract, tasks = record.contract, record.contract.tasks
    ordered = {order.task for mended in rounds_of(record, phase, cycle) for order in mended.triage.says.orders}
    phases = {tasks[name].phase for name in ordered if name in tasks} - {phase}
    return tuple(task for one in contract.upto(phase) if one.id in phases for task in one.tasks)
