"""What a policy looks at: one phase of one run, with what each item of evidence turned out to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dag_factory.evidence.contract import Item, PhaseContract, RunContract, TaskContract
from dag_factory.evidence.record import RunRecord, Stored
from dag_factory.evidence.statement import CheckResult, Entry, TaskStatement, moment_of
from dag_factory.evidence.verdict import Finding

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.base import Examination

__all__ = ["Case", "Files", "entries_of", "results_of"]

Files = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Case:
    """One phase to judge, in the light of all that came before."""

    record: RunRecord
    phase_id: str
    files: Files
    now: datetime
    _examined: dict[tuple[str, str], Examination] = field(default_factory=dict, repr=False)

    @property
    def contract(self) -> RunContract:
        """What the whole run owes."""
        return self.record.contract

    @property
    def phase(self) -> PhaseContract:
        """What this phase owes."""
        return self.contract.phase(self.phase_id)

    def statement(self, task: TaskContract) -> Stored[TaskStatement] | None:
        """The statement of a task that counts: the newest."""
        return self.record.newest(task.id)

    def worked(self, task: TaskContract) -> Stored[TaskStatement] | None:
        """The statement of a task that counts, if the work was completed: what failed is told once, not item by item."""
        stored = self.statement(task)
        return stored if stored and stored.says.outcome == "completed" else None

    def may_come(self, task_id: str) -> bool:
        """Whether evidence of this task may still be brought from outside."""
        task = self.contract.tasks.get(task_id)
        wait = timedelta(seconds=(task.wait if task else None) or self.phase.timeout)
        return task is not None and task.external and self.now < moment_of(self.opened_at()) + wait

    def opened_at(self) -> str:
        """When the phase was opened: by the verdict before, or by the charter."""
        before = self.contract.before(self.phase_id)
        verdict = self.record.verdict(before.id) if before else None
        return verdict.says.time_verified if verdict else self.record.charter.says.written_at

    def inputs(self) -> tuple[str, ...]:
        """The digests of the statements a verdict on this phase rests on, in plan order."""
        found = [self.statement(task) for task in self.phase.tasks]
        converged = self.record.converged(self.phase_id)
        return (
            self.record.charter.digest,
            *(item.digest for item in found if item),
            *((converged.digest,) if converged else ()),
        )

    def examine(self, task: TaskContract, item: Item) -> Examination:
        """What an item of evidence turned out to be; each is read once."""
        key = (task.id, item.id)
        if key not in self._examined:
            self._examined[key] = self._look(task, item)
        return self._examined[key]

    def _look(self, task: TaskContract, item: Item) -> Examination:
        # Only gates examine; a task asks a case whether its phase is open.
        from dag_factory.evidence.kinds import KINDS
        from dag_factory.evidence.kinds.base import Examination, Fault, Material

        kind = KINDS.get(item.kind)
        if kind is None:
            return Examination((Fault(f"There is no kind of evidence {item.kind!r}.", rule="evidence-malformed"),), {})
        found = [entry for entry in entries_of(self.record, task, item) if entry.item == item.id]
        ran = [result for result in results_of(self.record, task) if result.name == item.check]
        result = next((result for result in ran if result.exit_code != 0), ran[0] if ran else None)
        contents = {entry.name: self._bytes(entry) for entry in found}
        lost = tuple(
            Fault(f"The bytes of {name} are gone, or are not those that were hashed.", rule="evidence-altered")
            for name, data in contents.items()
            if data is None
        )
        if lost:
            return Examination(lost, {})
        if not found and item.kind != "command":
            return Examination((Fault(f"{item.place} is missing.", rule="evidence-missing"),), {})
        known = {name: data for name, data in contents.items() if data is not None}
        data = next(iter(known.values()), b"") if not item.changed else b""
        material = Material(item.place, data, result.exit_code if result else None, known if item.changed else {})
        try:
            return kind.examine(material, kind.Expect.model_validate(item.expect))
        except (ValidationError, RecursionError, MemoryError) as error:
            return Examination((Fault(f"It could not be examined: {type(error).__name__}.", rule="evidence-malformed"),), {})

    def _bytes(self, entry: Entry) -> bytes | None:
        data = self.files(entry.digest)
        return data if data is not None and len(data) == entry.size else None

    def finding(self, rule: str, task: TaskContract, text: str, *, subject: str = "") -> Finding:
        """Make a finding about a task."""
        return Finding(rule=rule, subject=subject or task.id, text=text, task=task.id)


def entries_of(record: RunRecord, task: TaskContract, item: Item) -> tuple[Entry, ...]:
    """The files of an item: from the merge where its check runs there, else from the task's own statement."""
    if item.check is not None and item.at == "converge":
        converged = record.converged(task.phase)
        return tuple(entry for entry in converged.says.evidence if entry.task == task.id) if converged else ()
    stored = record.newest(task.id)
    return tuple(entry for entry in stored.says.evidence if entry.task == task.id) if stored else ()


def results_of(record: RunRecord, task: TaskContract) -> tuple[CheckResult, ...]:
    """The checks Phasegate ran for a task: on its own sealed work and on the merge."""
    stored, converged = record.newest(task.id), record.converged(task.phase)
    own = stored.says.checks if stored else ()
    merged = converged.says.checks if converged else ()
    return tuple(result for result in (*own, *merged) if result.task == task.id)
