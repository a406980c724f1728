"""What a policy looks at: one phase of one run, with what each item of evidence turned out to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from dag_factory.evidence.contract import Item, PhaseContract, RunContract, TaskContract
from dag_factory.evidence.decisions import Decision
from dag_factory.evidence.rounds import merges_of, reopened, rounds_of, statement_of, statements_of, telling_merge
from dag_factory.evidence.run import Round, RunRecord, Stored
from dag_factory.evidence.statement import CheckResult, ConvergeStatement, Entry, TaskStatement, moment_of
from dag_factory.evidence.verdict import Finding

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.base import Examination

__all__ = ["Case", "Files"]

Files = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Case:
    """One phase to judge, in the light of all that came before.

    `cycle` is the fix cycle whose gate asks, 0 for the first; that of the newest verdict if None.
    """

    record: RunRecord
    phase_id: str
    files: Files
    now: datetime
    cycle: int | None = None
    _examined: dict[tuple[str, str], Examination] = field(default_factory=dict, repr=False, init=False)
    _counted: dict[str, Stored[TaskStatement] | None] = field(default_factory=dict, repr=False, init=False)

    @cached_property
    def contract(self) -> RunContract:
        """What the whole run owes."""
        return self.record.contract

    @property
    def phase(self) -> PhaseContract:
        """What this phase owes."""
        return self.contract.phase(self.phase_id)

    @property
    def at(self) -> int:
        """The fix cycle that is judged; 0 is the ordinary work."""
        return self.record.cycle(self.phase_id) if self.cycle is None else self.cycle

    @cached_property
    def rounds(self) -> tuple[Round, ...]:
        """The fix cycles of this phase that count."""
        return rounds_of(self.record, self.phase_id, self.cycle)

    @cached_property
    def merges(self) -> tuple[Stored[ConvergeStatement], ...]:
        """The merges of this phase that count, each on the one before."""
        return merges_of(self.record, self.phase_id, self.cycle)

    @cached_property
    def ordered(self) -> tuple[TaskContract, ...]:
        """The tasks that were given something to mend, in plan order."""
        given = {order.task for mended in self.rounds for order in mended.triage.says.orders}
        return tuple(task for task in self.contract.tasks.values() if task.id in given)

    @cached_property
    def mended(self) -> dict[str, Stored[TaskStatement]]:
        """What there is of the newest cycle's orders, by the task that mends: what validators look at."""
        newest = self.rounds[-1] if self.rounds else None
        orders = newest.triage.says.orders if newest else ()
        return {order.task: found[-1] for order in orders if newest and (found := newest.statements.get(order.task))}

    @cached_property
    def again(self) -> tuple[TaskContract, ...]:
        """Validators of earlier phases who must judge once more: the product is no longer the one they validated.

        It was to stay as it was since the last of these phases; since those before, only what is mended here is looked at. What is mended and is in no
        merge, without a repository or from outside, is judged by whoever validated it.
        """
        if not self.rounds:
            return ()
        mended = {task.id for task in self.ordered if any(one.statements.get(task.id) for one in self.rounds)}
        loose = {name for name in mended if not self.merges or self.contract.tasks[name].external}
        changed = self._changed() if self.merges else set()
        return tuple(task for task in self.contract.again(self.phase_id) if task.phase in changed or loose & set(task.validates))

    def _changed(self) -> set[str]:
        """The phases whose validators saw another product."""
        first, now, last = self.merges[0].says.product, self.merges[-1].says.product, self.contract.validated_in
        changed = set()
        for phase in {task.phase for task in self.contract.again(self.phase_id)}:
            verdict = self.record.verdict(phase)
            if verdict and verdict.says.phasegate.product != now and (phase == last or now != first):
                changed.add(phase)
        return changed

    @cached_property
    def tasks(self) -> tuple[TaskContract, ...]:
        """Every task whose evidence this phase answers for: its own, those of phases that were reopened, those who validate again."""
        more = (*reopened(self.record, self.phase_id, self.cycle), *self.again)
        return tuple({task.id: task for task in (*self.phase.tasks, *more)}.values())

    @cached_property
    def due(self) -> tuple[TaskContract, ...]:
        """Every task that must have delivered in this phase."""
        return tuple({task.id: task for task in (*self.phase.tasks, *self.ordered, *self.again)}.values())

    def statement(self, task: TaskContract) -> Stored[TaskStatement] | None:
        """The statement of a task that counts: the newest. Each is looked for once."""
        if task.id not in self._counted:
            self._counted[task.id] = statement_of(self.record, self.phase_id, self.cycle, task)
        return self._counted[task.id]

    def worked(self, task: TaskContract) -> Stored[TaskStatement] | None:
        """The statement of a task that counts, if the work was completed: what failed is told once, not item by item."""
        stored = self.statement(task)
        return stored if stored and stored.says.outcome == "completed" else None

    def may_come(self, task_id: str) -> bool:
        """Whether evidence of this task may still be brought from outside."""
        task = self.contract.tasks.get(task_id)
        return task is not None and task.external and self.now < self.awaited_until(task)

    def awaited_until(self, task: TaskContract) -> datetime:
        """When waiting is over for what somebody outside brings."""
        end, ends = moment_of(self.opened_at()) + timedelta(seconds=task.wait or self.phase.timeout), self.ends_at()
        return min(end, ends) if ends else end

    def begun_at(self) -> str:
        """When the phase was opened: by the verdict before, or by the charter."""
        before = self.contract.before(self.phase_id)
        verdict = self.record.verdict(before.id) if before else None
        return verdict.says.time_verified if verdict else self.record.charter.says.written_at

    def opened_at(self) -> str:
        """When the work that is judged was asked for: with the phase, or with the newest fix cycle."""
        return self.rounds[-1].triage.says.written_at if self.rounds else self.begun_at()

    def ends_at(self) -> datetime | None:
        """When the time of the phase is over, its fix cycles included; None if it has no limit."""
        limit = self.phase.limit
        return moment_of(self.begun_at()) + timedelta(seconds=limit) if limit else None

    def inputs(self) -> tuple[str, ...]:
        """The digests of the statements a verdict on this phase rests on, in plan order."""
        found = [self.statement(task) for task in self.tasks]
        return (
            self.record.charter.digest,
            *(item.digest for item in found if item),
            *(item.digest for item in self.merges),
            *(item.triage.digest for item in self.rounds),
            *(item.digest for item in self.approvals),
        )

    @cached_property
    def approvals(self) -> tuple[Stored[Decision], ...]:
        """What people answered whom this cycle's gate asks; one answer a question, the newest, be it asked once more after a waiver.

        Where the newest is none, since nobody gave one that counts, neither is what was answered before; that nobody did so in another run, or about
        another phase, takes nothing back.
        """
        own = (self.record.charter.digest, self.phase_id)
        found = {
            item.says.binding.task.rpartition("approve-")[2]: item
            for item in self.record.decisions.get(self.phase_id, ())
            if "approve-" in (bound := item.says.binding).task and bound.cycle == self.at
            if item.says.answer != "void" or (bound.charter, bound.phase) == own
        }
        return tuple(found[name] for name in sorted(found) if found[name].says.answer in {"approve", "refuse"})

    def examine(self, task: TaskContract, item: Item) -> Examination:
        """What an item of evidence turned out to be; each is read once."""
        key = (task.id, item.id)
        if key not in self._examined:
            self._examined[key] = self._look(task, item)
        return self._examined[key]

    def _look(self, task: TaskContract, item: Item) -> Examination:
        # Only gates examine; a task asks a case whether its phase is open.
        from dag_factory.evidence.kinds.asking import ask
        from dag_factory.evidence.kinds.base import MAX_BYTES, Examination, Fault, Material
        from dag_factory.evidence.policies.surroundings import surroundings

        found = [entry for entry in self.entries(task, item) if entry.item == item.id]
        if large := [entry for entry in found if entry.size > MAX_BYTES]:  # they are not even read
            told = "{0.name}: {0.size} bytes, and at most {1} count. Deliver a smaller file."
            return Examination(tuple(Fault(told.format(entry, MAX_BYTES), entry.name) for entry in large), {})
        ran = [result for result in self.results(task) if result.name == _made_by(task, item)]
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
        more = surroundings(self, task, item, result)
        material = Material(item.place, data, result.exit_code if result else None, known if item.changed else {}, **more)
        return ask(item.kind, material, item.expect)

    def entries(self, task: TaskContract, item: Item) -> tuple[Entry, ...]:
        """The files of an item: from the merge where its check runs there, else from the task's own statement.

        Who mends something changes what needs it, and no more: where changed files are owed and none was, those of the newest work before still
        stand, if that work was merged.
        """
        if item.of_merge:
            merge = telling_merge(self.record, self.phase_id, self.cycle, task)
            return tuple(entry for entry in merge.says.evidence if entry.task == task.id) if merge else ()
        counted = statements_of(self.record, self.phase_id, self.cycle, task)
        found = tuple(entry for entry in counted[0].says.evidence if entry.task == task.id) if counted else ()
        for before in counted[1:] if item.changed else ():
            if any(entry.item == item.id for entry in found):
                break
            if before.says.sealed is None or before.says.sealed.commit in self.merged:
                found = tuple(entry for entry in before.says.evidence if entry.task == task.id)
        return found

    @cached_property
    def merged(self) -> frozenset[str]:
        """Every sealed commit that is in a merge, of this phase or of one before it."""
        earlier = (merges_of(self.record, phase.id) for phase in self.contract.upto(self.phase_id)[:-1])
        return frozenset(commit for merges in (*earlier, self.merges) for merge in merges for _, commit in merge.says.merged)

    def results(self, task: TaskContract) -> tuple[CheckResult, ...]:
        """The checks Phasegate ran for a task: on its own sealed work and on the merge.

        Each check has one place where it is run. A good result that stands in the other, or of a check that the plan does not know, was never one.
        """
        stored, merge = self.statement(task), telling_merge(self.record, self.phase_id, self.cycle, task)
        found = [(result, "seal") for result in (stored.says.checks if stored else ())]
        found += [(result, "converge") for result in (merge.says.checks if merge else ())]
        places = {check.name: check.at for check in task.checks}
        return tuple(
            result for result, place in found if result.task == task.id and (result.exit_code != 0 or places.get(result.name) == place)
        )

    def _bytes(self, entry: Entry) -> bytes | None:
        data = self.files(entry.digest)
        return data if data is not None and len(data) == entry.size else None

    def finding(self, rule: str, task: TaskContract, text: str, *, subject: str = "") -> Finding:
        """Make a finding about a task."""
        return Finding.briefly(rule, subject or task.id, text, task.id)


def _made_by(task: TaskContract, item: Item) -> str | None:
    """The check whose run made an item: its own, else that of the binding, which makes whatever has none of its own."""
    return item.check or next((check.name for check in task.checks if check.name in _OF_A_BINDING), None)


_OF_A_BINDING = ("check", "verify")
