"""The part of a plan that gates judge by: who owes what. Pure data, kept word for word in every run's store."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["CheckContract", "Item", "PhaseContract", "Question", "RunContract", "TaskContract"]

Grade = Literal["observed", "attested", "re-executed"]
GRADES: tuple[Grade, ...] = ("observed", "attested", "re-executed")


class _Frozen(BaseModel):
    # Each is checked as a part of the whole, so none needs a validator of its own: parsing a DAG pays for every one.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Item(_Frozen):
    """One piece of evidence that is owed; see `dag_factory.spec.models.Evidence` for the meaning of its fields."""

    id: str
    kind: str
    path: str | None = None
    report: str | None = None
    changed: tuple[str, ...] | None = None
    check: str | None = None
    at: Literal["seal", "converge"] = "seal"
    expect: dict[str, Any] = {}
    needs: Grade = "observed"
    answers: dict[str, str] = {}
    differs_from: str | None = None

    @property
    def place(self) -> str:
        """Where it lies, in words for a person."""
        if self.changed:
            return ", ".join(self.changed)
        return self.path or self.report or f"check {self.check}"


class CheckContract(_Frozen):
    """A command Phasegate runs for a task: `timeout` in seconds."""

    name: str
    run: str | tuple[str, ...]
    at: Literal["seal", "converge"] = "seal"
    timeout: int = 1800


class TaskContract(_Frozen):
    """What one task owes, and who may do it. `id` is ``phase/task``; `wait` is in seconds, for external tasks."""

    id: str
    phase: str
    task: str
    persona: str
    duty: str
    runner: str
    feature: str | None = None
    items: tuple[Item, ...]
    checks: tuple[CheckContract, ...] = ()
    writes: tuple[str, ...] = ()
    validates: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    wait: int | None = None

    @property
    def external(self) -> bool:
        """Whether its evidence is brought from outside, at any time."""
        return self.runner == "external"


class Question(_Frozen):
    """One item of an enforcement checklist."""

    checklist: str
    id: str
    says: str
    holds: Literal["complete", "one-persona", "planned-independent", "evidence", "independent"]
    tasks: tuple[str, ...] = ()
    due: tuple[str, ...] = ()


class PhaseContract(_Frozen):
    """One phase: its tasks, and whether their work is merged."""

    id: str
    title: str
    says: str
    timeout: int
    converges: bool
    tasks: tuple[TaskContract, ...]


class RunContract(_Frozen):
    """A whole run."""

    workflow: str
    phases: tuple[PhaseContract, ...]
    questions: tuple[Question, ...] = ()
    product: tuple[str, ...] = ()

    def phase(self, phase: str) -> PhaseContract:
        """Find a phase by id.

        Raises
        ------
        KeyError: there is none of that name.

        """
        return self._phases[phase]

    def before(self, phase: str) -> PhaseContract | None:
        """The phase before this one; None for the first."""
        order = [item.id for item in self.phases]
        index = order.index(phase)
        return self.phases[index - 1] if index else None

    def upto(self, phase: str) -> tuple[PhaseContract, ...]:
        """The phases up to and with this one."""
        order = [item.id for item in self.phases]
        return self.phases[: order.index(phase) + 1]

    @cached_property
    def _phases(self) -> dict[str, PhaseContract]:
        return {phase.id: phase for phase in self.phases}

    @cached_property
    def tasks(self) -> dict[str, TaskContract]:
        """Every task by its id, in plan order."""
        return {task.id: task for phase in self.phases for task in phase.tasks}

    @property
    def personas(self) -> tuple[str, ...]:
        """Everyone who has a task, sorted."""
        return tuple(sorted({task.persona for task in self.tasks.values()}))

    @property
    def validated_in(self) -> str | None:
        """The last phase in which something is validated: from its gate on, the product stays as it is."""
        found = [phase.id for phase in self.phases if any(task.duty == "validation" for task in phase.tasks)]
        return found[-1] if found else None

    def select(self, target: str, feature: str | None = None) -> Iterator[TaskContract]:
        """The tasks meant by ``all``, a phase, ``phase/task``, or ``phase/role`` of features (of one, if given)."""
        for task in self.tasks.values():
            role = f"{task.phase}/{task.task.rpartition('.')[2]}"
            if target in ("all", task.phase, task.id) or (target == role and feature in (None, task.feature)):
                yield task
