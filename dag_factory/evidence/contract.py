"""The part of a plan that gates judge by: who owes what. Pure data, kept word for word in every run's store."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from operator import not_
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dag_factory.globs import matches

__all__ = [
    "ApprovalContract",
    "CheckContract",
    "FixContract",
    "Item",
    "KeyContract",
    "PhaseContract",
    "PinnedKey",
    "Question",
    "RunContract",
    "TaskContract",
]

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
    includes: str | None = None

    @property
    def place(self) -> str:
        """Where it lies, in words for a person."""
        if self.changed:
            return ", ".join(self.changed)
        return self.path or self.report or f"check {self.check}"

    @property
    def of_merge(self) -> bool:
        """Whether it is made on the merge, by a check that runs there; all else lies in the task's own statement."""
        return self.check is not None and self.at == "converge"

    def asks_for(self, name: str) -> bool:
        """Whether a file of this name is evidence of it; none whose name leads elsewhere is."""
        return matches(name, self.changed) if self.changed else name in (self.path, self.report)


class CheckContract(_Frozen):
    """A command Phasegate runs for a task: `timeout` in seconds, `memory` and `disk` in bytes, None for Phasegate's own bounds.

    `network`: whether it may reach the network; `outside`: the folders it may write to beside its own, `/` for all.
    """

    name: str
    run: str | tuple[str, ...]
    at: Literal["seal", "converge"] = "seal"
    blames: Literal["validated", "own"] = "validated"
    timeout: int = 1800
    network: bool = False
    memory: int | None = None
    processes: int | None = None
    disk: int | None = None
    outside: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()


class TaskContract(_Frozen):
    """What one task owes, and who may do it. `id` is ``phase/task``; `wait` is in seconds, for external tasks; `people` are those who may answer."""

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
    people: tuple[str, ...] = ()
    wait: int | None = None

    @property
    def external(self) -> bool:
        """Whether its evidence is brought from outside, at any time."""
        return self.runner == "external"

    @property
    def role(self) -> str:
        """Its id without its feature, as a spec names it."""
        return f"{self.phase}/{self.task.rpartition('.')[2]}"

    @property
    def modelled(self) -> bool:
        """Whether a language model does it: what it says of others is a claim until a check stands beside it."""
        return self.runner in {"agent", "llm"}

    def reaches(self, item: Item) -> Grade:
        """The best grade that an item of it can have, whatever a statement says: by who made it, and by whether Phasegate runs anything for it."""
        if self.external:
            return "observed"
        if item.check is not None or self.runner == "check" or any(check.name == "verify" for check in self.checks):
            return "re-executed"
        return "attested" if self.runner == "human" else "observed"

    @property
    def judges(self) -> bool:
        """Whether it validates what others made by evidence of its own, or merely looks. Tests that Phasegate runs on the merge are run again by each merge."""
        return self.runner == "check" or (bool(self.validates) and not all(item.of_merge for item in self.items))


class Question(_Frozen):
    """One item of an enforcement checklist."""

    checklist: str
    id: str
    says: str
    holds: Literal["complete", "one-persona", "planned-independent", "evidence", "independent"]
    tasks: tuple[str, ...] = ()
    due: tuple[str, ...] = ()


class ApprovalContract(_Frozen):
    """Who must agree before a gate passes: `need` of the logins in `people`, within `timeout` seconds."""

    people: tuple[str, ...]
    need: int = 1
    timeout: int = 259200


class FixContract(_Frozen):
    """What happens after a gate has found red flags; see `dag_factory.spec.closing.Fix`. Times are in seconds."""

    max_cycles: int = 0
    extra_cycles: int = 0
    max_findings: int = 50
    owner: str | None = None
    decide: tuple[str, ...] = ()
    timeout: int = 259200
    max_waiver: int = 1209600
    never_waive: tuple[str, ...] = ()

    @property
    def cycles(self) -> int:
        """How many fix phases are unrolled behind each gate: the ordinary ones, and those that somebody may allow."""
        return self.max_cycles + (self.extra_cycles if self.decide else 0)


class PinnedKey(_Frozen):
    """One public key of a persona: its SPKI bytes as base64, their sha256, and the days (UTC) of its life."""

    key: str
    keyid: str
    since: str | None = None
    until: str | None = None
    revoked: str | None = None


class KeyContract(_Frozen):
    """The keys of a persona; `private` refers to where the private one is looked up, on the worker."""

    assurance: Literal["pinned", "isolated"]
    public: tuple[PinnedKey, ...]
    private: dict[str, str] | None = None


class PhaseContract(_Frozen):
    """One phase: its tasks, and whether their work is merged. `limit` is how many seconds it may be open."""

    id: str
    title: str
    says: str
    timeout: int
    converges: bool
    tasks: tuple[TaskContract, ...]
    approval: ApprovalContract | None = None
    limit: int | None = None
    min_assurance: Literal["local", "pinned", "isolated"] = "local"

    @property
    def judges(self) -> tuple[TaskContract, ...]:
        """The tasks that validate, and that validate again whenever something was mended."""
        return tuple(task for task in self.tasks if task.judges)


class RunContract(_Frozen):
    """A whole run."""

    workflow: str
    phases: tuple[PhaseContract, ...]
    questions: tuple[Question, ...] = ()
    product: tuple[str, ...] = ()
    fix: FixContract = FixContract()
    keys: dict[str, KeyContract] = {}

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
        return self._upto[phase]

    @cached_property
    def _upto(self) -> dict[str, tuple[PhaseContract, ...]]:
        return {phase.id: self.phases[:number] for number, phase in enumerate(self.phases, start=1)}

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
        found = [phase.id for phase in self.phases if _validates(phase)]
        return found[-1] if found else None

    def again(self, phase: str) -> tuple[TaskContract, ...]:
        """Who validates again in a fix phase, beside those of the phase itself: whoever validated the product in a phase before.

        Those are the phases with a duty of validation; where a workflow has none, and duties of its own, every phase in which somebody judges.
        """
        before = self.upto(phase)[:-1]
        by_duty = any(_validates(one) for one in self.phases)
        return tuple(task for one in before if _validates(one) or not by_duty for task in one.judges)

    def judges(self, phase: str) -> tuple[TaskContract, ...]:
        """Who is asked to judge in every fix phase of a phase: all its validators, and those of `again`."""
        return (*self.phase(phase).judges, *self.again(phase))

    def joins(self, phase: str) -> bool:
        """Whether any of them writes, so that a fix phase merges once more after they judged."""
        return any(task.writes for task in self.judges(phase))

    def makers(self, phase: str) -> tuple[TaskContract, ...]:
        """Who may be given something to mend in a phase: its own tasks, and those who implemented and tested before; no check, which only looks."""
        order = [item.id for item in self.phases]
        at, owner = order.index(phase), self.fix.owner
        found = [
            task
            for task in self.tasks.values()
            if task.phase == phase
            or (order.index(task.phase) < at and (task.duty in {"implementation", "testing"} or owner in (task.id, task.role)))
        ]
        return tuple(task for task in found if task.runner != "check")

    def select(self, target: str, feature: str | None = None) -> Iterator[TaskContract]:
        """The tasks meant by ``all``, a phase, ``phase/task``, or ``phase/role`` of features (of one, if given)."""
        for task in self.tasks.values():
            if target in ("all", task.phase, task.id) or (target == task.role and feature in (None, task.feature)):
                yield task


def _validates(phase: PhaseContract) -> bool:
    return any(task.duty == "validation" for task in phase.tasks)
