"""What one task is to do now: in which phase and fix cycle, as which attempt, and for which findings."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import pendulum

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_mending, not_open
from dag_factory.evidence.record import RunRecord, assignment, binding_of, fix_folder
from dag_factory.evidence.statement import Binding, now
from dag_factory.operators.orders import order_of, told
from dag_factory.operators.place import task_file
from dag_factory.operators.signing import signer_of
from dag_factory.plan import Plan
from dag_factory.scope import Scope

__all__ = ["Assignment"]


@dataclass
class Assignment:
    """What is asked of a task, as the store says when it begins. Who works outside is told of it; all others go on with an `Attempt`."""

    plan: Plan
    task: TaskContract
    scope: Scope
    case: Case
    number: int
    stop: threading.Event
    emit: Callable[[str], None]
    order: Order | None = None
    map_index: int = -1
    started_at: str = field(default_factory=now)

    @classmethod
    def begin(
        cls, plan: Plan, task: TaskContract, phase: str, cycle: int, ti: Any, stop: threading.Event, emit: Callable[..., None]
    ) -> Self:
        """Read the run, and refuse to start where the phase, or the fix cycle, is not open.

        Parameters
        ----------
        phase: the phase in which the task is worked on.
        cycle: its fix cycle; 0 for ordinary work.

        Raises
        ------
        EnvelopeError: the phase is not open, there is nothing to mend, or the run is not this plan's.

        """
        scope = Scope.of_task(ti)
        record = scope.record(plan.digest, upto=phase)
        case = Case(record, phase, scope.run.blob, pendulum.now("UTC"), cycle)
        reason = not_open(case) or (not_mending(case) if cycle else None)
        end = case.ends_at()
        if end is not None and case.now > end and not (cycle and task.judges):  # who judges again late may be waived as late
            raise EnvelopeError(
                f"Phase {phase} is not open: its time was over at {end.isoformat()}.",
                remedy="Its gate names what is missing. `phasegate waive` lets that pass; with a longer `timeout` the run begins anew.",
            )
        if reason:
            raise EnvelopeError(
                f"Phase {phase} is not open: {reason}",
                remedy="Clear the gate of the phase it names, with what comes after it: it judges again, and signs.",
            )
        if not (task.external and task.persona in record.contract.keys):  # theirs is with them
            signer_of(scope, record, task.persona)
        number = ti.try_number
        if cycle:  # what is mapped may have had another place in an earlier triage
            number = max(number, len(scope.run.names(f"{record.charter.digest[:16]}/{fix_folder(phase, cycle, task.id)}")) + 1)
        return cls(
            plan, task, scope, case, number, stop, lambda line: emit("%s", line), order_of(case, task.id) if cycle else None,
            getattr(ti, "map_index", -1) if cycle else -1,
        )  # fmt: skip

    @property
    def record(self) -> RunRecord:
        """The run as it was read."""
        return self.case.record

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do: a validator of an earlier phase judges again only what is no longer as it was."""
        return not self.case.at or self.task.phase == self.case.phase_id or self.order is None or self.order.task not in self._elsewhere()

    def _elsewhere(self) -> set[str]:
        return {task.id for task in self.record.contract.again(self.case.phase_id)} - {task.id for task in self.case.again}

    @property
    def folder(self) -> str:
        """Where its statement belongs, in the run's place."""
        below = fix_folder(self.case.phase_id, self.case.at, self.task.id) if self.case.at else f"statements/{self.task.id}"
        return f"{self.record.charter.digest[:16]}/{below}"

    @property
    def binding(self) -> Binding:
        """What ties the statement to this attempt."""
        name = self.task.id if self.case.at else self.task.task
        return binding_of(self.record, self.case.phase_id, name, self.number, cycle=self.case.at, map_index=self.map_index)

    @property
    def saw(self) -> tuple[str, ...] | None:
        """The statements of what was mended, which a validator has before it in a fix cycle; None for everybody else."""
        return tuple(stored.digest for stored in self.case.mended.values()) if self.case.at and self.task.judges else None

    def assign(self) -> None:
        """Say what an external persona is asked for, where `phasegate submit` finds it."""
        findings = told(self.case, self.order)
        asked = task_file(self.plan, self.case, self.task, self.number, findings) | {
            "binding": self.binding.model_dump(mode="json", by_alias=True)
        }
        try:
            self.scope.run.create(
                f"{self.record.charter.digest[:16]}/{assignment(self.record, self.case.phase_id, self.case.at, self.task.id)}",
                json.dumps(asked, indent=2).encode(),
            )
        except FileExistsError:
            self.emit("The assignment is there already.")
