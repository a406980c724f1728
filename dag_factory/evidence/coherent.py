"""Whether a plan that was read speaks of itself alone: whoever hands a run over may have written it, and every policy goes by its names."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.contract import PhaseContract, RunContract, TaskContract

__all__ = ["incoherent"]

_LONGEST = 10**10
"""So many seconds no phase lasts and no waiver counts; more would leave the calendar."""


def incoherent(contract: RunContract) -> str | None:
    """What in a plan does not fit together; None if it does.

    A plan that Phasegate has compiled always does. One with no phase, or with a phase that nobody works in, would pass without any evidence.
    """
    return next(_faults(contract), None)


def _faults(contract: RunContract) -> Iterator[str]:
    if not contract.phases:
        yield "it has no phase"
    if len({phase.id for phase in contract.phases}) != len(contract.phases):
        yield "two of its phases have one id"
    if len(contract.tasks) != sum(len(phase.tasks) for phase in contract.phases):
        yield "two of its tasks have one id"
    for phase in contract.phases:
        if not phase.tasks:
            yield f"nobody works in its phase {phase.id[:80]!r}"
        yield from (fault for task in phase.tasks if (fault := _of_a_task(contract, phase, task)))
    seconds = [contract.fix.max_waiver, contract.fix.timeout]
    seconds += [each for phase in contract.phases for each in (phase.timeout, phase.limit or 0, *(task.wait or 0 for task in phase.tasks))]
    if not all(0 <= each <= _LONGEST for each in seconds):
        yield "it has a time that no clock tells"


def _of_a_task(contract: RunContract, phase: PhaseContract, task: TaskContract) -> str | None:
    if (task.id, task.phase) != (f"{phase.id}/{task.task}", phase.id):
        return f"its task {task.id[:80]!r} says that it is of another phase, or another task"
    stranger = next((name for name in task.validates if name not in contract.tasks), None)
    return None if stranger is None else f"its task {task.id[:80]!r} validates {stranger[:80]!r}, which is none of its tasks"
