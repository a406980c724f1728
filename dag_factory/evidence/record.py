"""Reads a run as its store holds it: every envelope opened, under the newest charter.

Reading is all this module does. What cannot be opened is kept as `Broken`: it is no statement, and it is not passed over in silence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from pydantic import ValidationError

from dag_factory.errors import EnvelopeError, EvidenceError, KeyFolderError, StoreError
from dag_factory.evidence.coherent import incoherent
from dag_factory.evidence.contract import RunContract, TaskContract
from dag_factory.evidence.decisions import Completion, Decision, Triage, Waiver
from dag_factory.evidence.envelope import MAX_BYTES, open_envelope
from dag_factory.evidence.keys import AUTHORITY, PublicKey
from dag_factory.evidence.reading import parse
from dag_factory.evidence.replays import Replays
from dag_factory.evidence.run import Broken, Round, RunRecord, Stored, binding_of
from dag_factory.evidence.statement import Charter, ConvergeStatement, TaskStatement
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Verdict
from dag_factory.evidence.wire import Wire

__all__ = [
    "Broken",
    "OpenRun",
    "Round",
    "RunRecord",
    "Stored",
    "assignment",
    "binding_of",
    "fix_folder",
    "open_run",
    "read_charter",
    "read_contract",
    "read_record",
]

Kind = TypeVar("Kind", bound=Wire)


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
    data = store.read(f"charters/{name}", at_most=MAX_BYTES) or b""
    try:
        # The charter names the key that signed it; whether that is the right key is for `trusted` and the reader to say.
        claimed = parse(_unverified(data), Charter)
        authority = PublicKey(claimed.keys[AUTHORITY])
        opened = open_envelope(data, {authority.keyid: authority})
        for pem in claimed.keys.values():
            PublicKey(pem).keyid  # noqa: B018 # one that cannot be read is told with its place, before anybody goes by it
    except (EvidenceError, KeyFolderError, KeyError, TypeError, ValueError) as error:
        why = error.message.rstrip(".") if isinstance(error, EvidenceError | KeyFolderError) else "it is no envelope"
        raise EnvelopeError(f"The charter {name} of {store.path} cannot be believed: {why}.", remedy="Start a new run.") from error
    return Stored(hashlib.sha256(data).hexdigest(), opened.keyid, parse(opened.payload, Charter), name)


def _unverified(data: bytes) -> dict[str, Any]:
    import base64

    from dag_factory.evidence.strict_json import loads

    body = loads(data, max_bytes=MAX_BYTES, max_depth=8)
    payload = loads(base64.b64decode(body["payload"]), max_bytes=MAX_BYTES, max_depth=32) if isinstance(body, dict) else None
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
        contract = RunContract.model_validate(json.loads(data)["contract"])
        why = incoherent(contract)
    except (ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(store, plan, "") from error
    if why:
        raise _unreadable(store, plan, f": {why}")
    return contract


def _unreadable(store: RunStore, plan: str, why: str) -> StoreError:
    return StoreError(
        f"The plan {plan[:12]} of {store.path} is not one that this version of Phasegate reads{why}.",
        remedy="Use the version with which the run was made.",
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

    def rounds(self, phase: str) -> tuple[list[Round], list[Broken]]:
        """The fix cycles of a phase, each with its newest triage, what its orders and its validators delivered, and what an older triage asked for."""
        triages, broken = self._all(self._own, f"triages/{phase}", Triage, phase, "triage")
        judges = [task.id for task in self.contract.judges(phase)]
        found = []
        for cycle in sorted({item.says.binding.cycle for item in triages}):
            told = [item for item in triages if item.says.binding.cycle == cycle]
            delivered: dict[str, list[Stored[TaskStatement]]] = {}
            ordered = [order.task for triage in reversed(told) for order in triage.says.orders if order.task in self.contract.tasks]
            for task_id in dict.fromkeys([*ordered, *judges]):
                delivered[task_id], lost = self._all(self.keys, fix_folder(phase, cycle, task_id), TaskStatement, phase, task_id)
                broken += lost
            asked = {*(order.task for order in told[-1].says.orders), *judges}
            now, before = ({name: done for name, done in delivered.items() if (name in asked) == wanted} for wanted in (True, False))
            found.append(Round(cycle, told[-1], now, before))
        return found, broken

    def decisions(self, phase: str) -> tuple[list[Stored[Decision]], list[Broken]]:
        """What people decided about a phase, the oldest first."""
        return self._all(self._own, f"decisions/{phase}", Decision, phase, "decision")

    def completions(self) -> tuple[list[Stored[Completion]], list[Broken]]:
        """The last words on the run, the oldest first."""
        return self._all(self._own, "completions", Completion, "", "complete")

    def waivers(self, phase: str) -> tuple[list[Stored[Waiver]], list[Broken]]:
        """What was waived in a phase, the oldest first."""
        return self._all(self._own, f"waivers/{phase}", Waiver, phase, "waiver")

    @property
    def _own(self) -> dict[str, PublicKey]:
        return {self.charter.keyid: self.keys[self.charter.keyid]}  # all but the work of personas is Phasegate's alone

    def _all(
        self, keys: dict[str, PublicKey], folder: str, kind: type[Kind], phase: str, task: str
    ) -> tuple[list[Stored[Kind]], list[Broken]]:
        broken: list[Broken] = []
        return _Reader(self.store, self.charter.digest[:16], keys, broken).all(folder, kind, phase, task), broken


def fix_folder(phase: str, cycle: int, task_id: str) -> str:
    """Where the statements of a task lie that it delivers in a fix cycle of a phase, below the charter's folder."""
    return f"fixes/{phase}/{cycle}/{task_id}"


def assignment(record: RunRecord, phase: str, cycle: int, task_id: str) -> str:
    """Where it is written what an external persona is asked for, below the charter's folder.

    In a fix cycle there is one for each verdict that is mended, by the number of that verdict: where a gate was asked again, it found something else.
    """
    verdict = record.verdict_in(phase, cycle - 1) if cycle else None
    return f"assignments/{phase}/{cycle}/{verdict.name.removesuffix('.json')}/{task_id}.json" if verdict else f"assignments/{task_id}.json"


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
        record.rounds[phase.id], fixes = run.rounds(phase.id) if words or record.verdicts[phase.id] else ([], [])
        record.decisions[phase.id], said = run.decisions(phase.id)
        record.waivers[phase.id], waived = run.waivers(phase.id)
        broken += [*merges, *words, *fixes, *said, *waived]
    completions, last = run.completions() if upto is None else ([], [])
    return replace(record, broken=(*broken, *last), completions=tuple(completions))


@dataclass(frozen=True)
class _Reader:
    store: RunStore
    charter: str
    keys: dict[str, PublicKey]
    broken: list[Broken]

    def all(self, folder: str, kind: type[Kind], phase: str, task: str) -> list[Stored[Kind]]:
        found: list[Stored[Kind]] = []
        replays = Replays()
        for name in self.store.names(f"{self.charter}/{folder}"):
            data = self.store.read(f"{self.charter}/{folder}/{name}", at_most=MAX_BYTES) or b""
            try:
                opened = open_envelope(data, self.keys)
                made = Stored(hashlib.sha256(data).hexdigest(), opened.keyid, parse(opened.payload, kind), name)
                replays.refuse(made)
                found.append(made)
            except EnvelopeError as error:
                self.broken.append(Broken(phase, task, name, error.message))
        return found
