"""A run as it is known once its store was read: every statement under one charter, in the order in which it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar

from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.decisions import Completion, Decision, Triage, Waiver
from dag_factory.evidence.keys import PublicKey
from dag_factory.evidence.statement import Binding, Charter, ConvergeStatement, TaskStatement
from dag_factory.evidence.verdict import Verdict
from dag_factory.evidence.wire import Wire, moment_of

__all__ = ["Broken", "Round", "RunRecord", "Stored", "binding_of"]

Kind = TypeVar("Kind", bound=Wire)


@dataclass(frozen=True)
class Stored(Generic[Kind]):
    """An opened statement: the digest of its envelope, who signed it, what it says."""

    digest: str
    keyid: str
    says: Kind
    name: str


@dataclass(frozen=True)
class Broken:
    """A file in the place of a statement that is none."""

    phase: str
    task: str
    name: str
    reason: str


@dataclass(frozen=True)
class Round:
    """One fix cycle: its newest triage, and what was delivered for it, by ``phase/task``, the oldest first.

    `superseded` is what only an older triage of the cycle had asked for: it counts no more, and it is not forgotten who did it.
    """

    cycle: int
    triage: Stored[Triage]
    statements: dict[str, list[Stored[TaskStatement]]] = field(default_factory=dict)
    superseded: dict[str, list[Stored[TaskStatement]]] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """Everything signed under one charter, in the order in which it was written; what belongs to a phase is by the phase's id."""

    charter: Stored[Charter]
    contract: RunContract
    statements: dict[str, list[Stored[TaskStatement]]] = field(default_factory=dict)
    converges: dict[str, list[Stored[ConvergeStatement]]] = field(default_factory=dict)
    verdicts: dict[str, list[Stored[Verdict]]] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    decisions: dict[str, list[Stored[Decision]]] = field(default_factory=dict)
    waivers: dict[str, list[Stored[Waiver]]] = field(default_factory=dict)
    completions: tuple[Stored[Completion], ...] = ()
    counted: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def keyids(self) -> dict[str, str]:
        """The key id of every persona, computed from the charter's public keys."""
        return {name: PublicKey(pem).keyid for name, pem in self.charter.says.keys.items()}

    @cached_property
    def twice(self) -> frozenset[str]:
        """The tasks that brought, at any time, bytes that were brought for another item too."""
        signed = [stored.says.evidence for found in self.statements.values() for stored in found]
        signed += [merge.says.evidence for merges in self.converges.values() for merge in merges]
        for mended in (mended for rounds in self.rounds.values() for mended in rounds):
            signed += [stored.says.evidence for found in mended.statements.values() for stored in found]
        first: dict[str, tuple[str, str]] = {}
        alike: set[str] = set()
        for entry in (entry for evidence in signed for entry in evidence):
            before = first.setdefault(entry.digest, (entry.task, entry.item))
            if before != (entry.task, entry.item):
                alike |= {before[0], entry.task}
        return frozenset(alike)

    def newest(self, task_id: str) -> Stored[TaskStatement] | None:
        """The newest statement of a task's ordinary work; what counts in a phase is for `rounds.statement_of` to say."""
        found = self.statements.get(task_id)
        return found[-1] if found else None

    def converged(self, phase: str) -> Stored[ConvergeStatement] | None:
        """The newest merge of a phase."""
        found = self.converges.get(phase)
        return found[-1] if found else None

    def verdict(self, phase: str) -> Stored[Verdict] | None:
        """The newest verdict on a phase; the newest one counts. A broken newest one counts as none."""
        found = self.verdicts.get(phase)
        names = [item.name for item in self.broken if item.phase == phase and item.task == "verdict"]
        return found[-1] if found and all(found[-1].name > name for name in names) else None

    def delivered(self) -> Iterator[tuple[str, Stored[TaskStatement]]]:
        """Everything that was ever delivered under this charter, by ``phase/task``: ordinary work, and that of fix cycles, also where it counts no more."""
        fixes = [one for rounds in self.rounds.values() for one in rounds]
        for found in (self.statements, *(group for one in fixes for group in (one.statements, one.superseded))):
            yield from ((task_id, stored) for task_id, statements in found.items() for stored in statements)

    def judged_at(self, now: datetime) -> datetime:
        """The moment for which the run is judged: once its last word was signed, that moment; a waiver that ends later takes nothing back.

        Parameters
        ----------
        now: the present moment; it counts where there is no last word, or where a gate has answered since.

        """
        last = self.last_word
        return min(now, moment_of(last.completed_at)) if last else now

    @property
    def last_word(self) -> Completion | None:
        """The newest last word, if it rests on the newest verdicts: then the run is complete."""
        last = self.completions[-1].says if self.completions else None
        verdicts = tuple(found.digest if (found := self.verdict(phase.id)) else "" for phase in self.contract.phases)
        return last if last and (last.verdicts, last.binding.charter) == (verdicts, self.charter.digest) else None

    def verdict_in(self, phase: str, cycle: int) -> Stored[Verdict] | None:
        """The newest verdict that the gate of one cycle gave."""
        found = [item for item in self.verdicts.get(phase, ()) if item.says.phasegate.binding.cycle == cycle]
        return found[-1] if found else None

    def cycle(self, phase: str) -> int:
        """The cycle of the newest verdict on a phase; 0 where there is none."""
        verdict = self.verdict(phase)
        return verdict.says.phasegate.binding.cycle if verdict else 0


def binding_of(record: RunRecord, phase: str, task: str, attempt: int, *, cycle: int = 0, map_index: int = -1) -> Binding:
    """What ties a statement to this run, phase, cycle, task and attempt, and to the verdict it follows.

    That is the verdict on the phase before; in a fix phase, the one whose findings are mended.
    """
    before = record.contract.before(phase)
    previous = record.verdict_in(phase, cycle - 1) if cycle else record.verdict(before.id) if before else None
    said = record.charter.says
    return Binding(
        charter=record.charter.digest,
        plan=said.plan,
        dag_id=said.dag_id,
        run_id=said.run_id,
        phase=phase,
        cycle=cycle,
        task=task,
        map_index=map_index,
        attempt=attempt,
        previous_verdict=previous.digest if previous else None,
    )
