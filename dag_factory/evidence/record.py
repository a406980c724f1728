"""A run as its store holds it: every envelope opened, under the newest charter.

Reading is all this module does. What cannot be opened is kept as `Broken`: it is no statement, and it is not passed over in silence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from dag_factory.errors import EnvelopeError, EvidenceError, KeyFolderError, StoreError
from dag_factory.evidence.contract import RunContract, TaskContract
from dag_factory.evidence.envelope import open_envelope
from dag_factory.evidence.keys import AUTHORITY, PublicKey
from dag_factory.evidence.statement import Binding, Charter, ConvergeStatement, TaskStatement, Wire, moment_of, parse
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Verdict

__all__ = ["Broken", "OpenRun", "RunRecord", "Stored", "binding_of", "open_run", "read_charter", "read_contract", "read_record"]

_AT_MOST = 16_000_000

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
class RunRecord:
    """Everything signed under one charter, in the order in which it was written."""

    charter: Stored[Charter]
    contract: RunContract
    statements: dict[str, list[Stored[TaskStatement]]] = field(default_factory=dict)
    converges: dict[str, list[Stored[ConvergeStatement]]] = field(default_factory=dict)
    verdicts: dict[str, list[Stored[Verdict]]] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()

    @cached_property
    def keyids(self) -> dict[str, str]:
        """The key id of every persona, computed from the charter's public keys."""
        return {name: PublicKey(pem).keyid for name, pem in self.charter.says.keys.items()}

    def newest(self, task_id: str) -> Stored[TaskStatement] | None:
        """The newest statement of a task; the newest one counts."""
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


def read_charter(store: RunStore) -> Stored[Charter] | None:
    """The newest charter of a run; None if the run has not begun.

    Raises
    ------
    EnvelopeError: it is not what `kickoff` wrote, or is an older one put after its successors.

    """
    names = store.names("charters")
    if not names:
        return None
    newest = _charter(store, names[-1])
    for name in names[:-1]:
        if _charter(store, name).says.previous == newest.digest:
            raise EnvelopeError(
                f"The charter {names[-1]} of {store.path} is an old one: {name} came after it.",
                remedy=f"Find out by whom it was put there; remove {names[-1]}.",
            )
    return newest


def _charter(store: RunStore, name: str) -> Stored[Charter]:
    data = store.read(f"charters/{name}", at_most=_AT_MOST) or b""
    try:
        # The charter names the key that signed it; whether that is the right key is for `trusted` and the reader to say.
        claimed = parse(_unverified(data), Charter)
        authority = PublicKey(claimed.keys[AUTHORITY])
        opened = open_envelope(data, {authority.keyid: authority})
    except (EvidenceError, KeyFolderError, KeyError, TypeError, ValueError) as error:
        why = error.message.rstrip(".") if isinstance(error, EvidenceError | KeyFolderError) else "it is no envelope"
        raise EnvelopeError(f"The charter {name} of {store.path} cannot be believed: {why}.", remedy="Start a new run.") from error
    return Stored(hashlib.sha256(data).hexdigest(), opened.keyid, parse(opened.payload, Charter), name)


def _unverified(data: bytes) -> dict[str, Any]:
    import base64

    from dag_factory.evidence.strict_json import loads

    body = loads(data, max_bytes=_AT_MOST, max_depth=8)
    payload = loads(base64.b64decode(body["payload"]), max_bytes=_AT_MOST, max_depth=32) if isinstance(body, dict) else None
    if not isinstance(payload, dict):
        raise EnvelopeError("it is no envelope")
    return payload


def read_contract(store: RunStore, plan: str) -> RunContract:
    """The contract of the plan a charter froze.

    Raises
    ------
    StoreError: the plan is missing, was altered, or is of another version of Phasegate.

    """
    data = store.blob(plan)
    if data is None:
        raise StoreError(f"The plan {plan[:12]} of {store.path} is missing or was altered.", remedy="Start a new run.")
    try:
        return RunContract.model_validate(json.loads(data)["contract"])
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"The plan {plan[:12]} of {store.path} is not one that this version of Phasegate reads.",
            remedy="Use the version with which the run was made.",
        ) from error


def binding_of(record: RunRecord, phase: str, task: str, attempt: int) -> Binding:
    """What ties a statement to this run, phase, task and attempt, and to the verdict before."""
    before = record.contract.before(phase)
    previous = record.verdict(before.id) if before else None
    said = record.charter.says
    return Binding(
        charter=record.charter.digest,
        plan=said.plan,
        dag_id=said.dag_id,
        run_id=said.run_id,
        phase=phase,
        task=task,
        map_index=-1,
        attempt=attempt,
        previous_verdict=previous.digest if previous else None,
    )


@dataclass(frozen=True)
class OpenRun:
    """A run under its newest charter, to be read part by part: every part says what it holds, and what of it is broken."""

    store: RunStore
    charter: Stored[Charter]
    contract: RunContract

    @cached_property
    def keys(self) -> dict[str, PublicKey]:
        """Every key of the run, by its id."""
        return {key.keyid: key for key in (PublicKey(pem) for pem in self.charter.says.keys.values())}

    def folder(self, name: str) -> str:
        """Where something of this charter lies in the run's place."""
        return f"{self.charter.digest[:16]}/{name}"

    def statements(self, task: TaskContract) -> tuple[list[Stored[TaskStatement]], list[Broken]]:
        """What a task delivered, the oldest first."""
        return self._all(self.keys, f"statements/{task.id}", TaskStatement, task.phase, task.task)

    def converges(self, phase: str) -> tuple[list[Stored[ConvergeStatement]], list[Broken]]:
        """The merges of a phase, the oldest first."""
        return self._all(self._own, f"statements/{phase}/converge", ConvergeStatement, phase, "converge")

    def verdicts(self, phase: str) -> tuple[list[Stored[Verdict]], list[Broken]]:
        """The verdicts on a phase, the oldest first."""
        return self._all(self._own, f"verdicts/{phase}", Verdict, phase, "verdict")

    @property
    def _own(self) -> dict[str, PublicKey]:
        return {self.charter.keyid: self.keys[self.charter.keyid]}  # merges and verdicts are Phasegate's alone

    def _all(
        self, keys: dict[str, PublicKey], folder: str, kind: type[Kind], phase: str, task: str
    ) -> tuple[list[Stored[Kind]], list[Broken]]:
        broken: list[Broken] = []
        return _Reader(self.store, self.charter.digest[:16], keys, broken).all(folder, kind, phase, task), broken


def open_run(store: RunStore, *, contract: Callable[[RunStore, str], RunContract] = read_contract) -> OpenRun | None:
    """Open a run under its newest charter, and read nothing else yet; None if it has not begun.

    Parameters
    ----------
    contract: reads the contract of the plan a charter froze.

    Raises
    ------
    EnvelopeError: the charter cannot be believed.
    StoreError: the store cannot be read.

    """
    charter = read_charter(store)
    return OpenRun(store, charter, contract(store, charter.says.plan)) if charter else None


def read_record(store: RunStore, *, upto: str | None = None) -> RunRecord | None:
    """Read a run under its newest charter; None if it has not begun.

    Parameters
    ----------
    upto: read no phase after this one.

    Raises
    ------
    EnvelopeError: the charter cannot be believed.
    StoreError: the store cannot be read.

    """
    run = open_run(store)
    if run is None:
        return None
    record = RunRecord(run.charter, run.contract)
    broken: list[Broken] = []
    for phase in run.contract.upto(upto) if upto else run.contract.phases:
        for task in phase.tasks:
            record.statements[task.id], found = run.statements(task)
            broken += found
        record.converges[phase.id], merges = run.converges(phase.id)
        record.verdicts[phase.id], words = run.verdicts(phase.id)
        broken += [*merges, *words]
    return RunRecord(run.charter, run.contract, record.statements, record.converges, record.verdicts, tuple(broken))


@dataclass(frozen=True)
class _Reader:
    store: RunStore
    charter: str
    keys: dict[str, PublicKey]
    broken: list[Broken]

    def all(self, folder: str, kind: type[Kind], phase: str, task: str) -> list[Stored[Kind]]:
        found: list[Stored[Kind]] = []
        for name in self.store.names(f"{self.charter}/{folder}"):
            data = self.store.read(f"{self.charter}/{folder}/{name}", at_most=_AT_MOST) or b""
            try:
                opened = open_envelope(data, self.keys)
                made = Stored(hashlib.sha256(data).hexdigest(), opened.keyid, parse(opened.payload, kind), name)
                _refuse_replayed(made, found)
                found.append(made)
            except EnvelopeError as error:
                self.broken.append(Broken(phase, task, name, error.message))
        return found


def _refuse_replayed(made: Stored[Kind], before: list[Stored[Kind]]) -> None:
    """The newest counts, so an old one must not be put after those that came later: not as a copy, not by a change of names."""
    attempt, moment = _when(made.says)
    for other in before:
        if other.says == made.says:
            raise EnvelopeError(f"it is {other.name} once more")
        later, at = _when(other.says)
        if attempt < later and moment_of(moment) < moment_of(at):
            raise EnvelopeError(f"it is attempt {attempt}, and stands after attempt {later} ({other.name})")


def _when(says: Wire) -> tuple[int, str]:
    if isinstance(says, Verdict):
        return says.phasegate.binding.attempt, says.time_verified
    assert isinstance(says, TaskStatement | ConvergeStatement)  # noqa: S101 # there is no other kind with attempts
    return says.binding.attempt, says.finished_at
