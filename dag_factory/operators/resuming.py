"""What a task's process finds of those before it that were lost: work that is finished, and work that was sealed.

A worker can be lost at any moment. Airflow then starts the next try of the task, which looks here first:

- The statement of the attempt is in the store, and only Airflow was not told: nothing is done again.
- The work was sealed, and no statement came of it: the next attempt begins with the sealed commit, whoever was lost in between.
- Neither: it begins with the commit the phase began with.

It never begins with what merely lay in a folder. Where a task that had ended is cleared by a person, it is meant to be done again.
"""

from __future__ import annotations

from typing import Any, ClassVar

from dag_factory.errors import EvidenceError
from dag_factory.evidence.envelope import open_envelope
from dag_factory.evidence.keys import PublicKey
from dag_factory.evidence.reading import parse
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import ROOT, Binding, TaskStatement, sign
from dag_factory.evidence.wire import Commit, Digest, Sealed, Wire
from dag_factory.operators.assignment import Assignment
from dag_factory.operators.signing import signer_of

__all__ = ["finished", "last_sealed", "note_sealed"]

_AT_MOST = 100_000  # bytes of a note


class Note(Wire):
    """That an attempt's work was sealed. It vouches for nothing, for what it names is sealed again, by the same rules; it says whose it is."""

    TYPE: ClassVar[str] = f"{ROOT}:sealed:v1"

    binding: Binding
    base: Commit
    commit: Commit
    tree: Commit
    bundle: Digest


def finished(begun: Assignment, ti: Any, retries: int) -> Stored[TaskStatement] | None:
    """The statement that makes this try needless; None where there is work to do.

    It is that of this very attempt, whatever its outcome; or, where Airflow tries again by itself, that of an earlier try since a person last
    asked for the work, if that was completed: its worker was lost when the statement was stored and Airflow not yet told.

    Parameters
    ----------
    begun: what is to be done.
    ti: Airflow's task instance.
    retries: how often Airflow tries by itself.

    """
    last = next(reversed(_tried(begun)), None)
    if last is None or last.keyid != begun.record.keyids.get(begun.task.persona):
        return None
    bound, now = last.says.binding, begun.binding
    if bound.model_copy(update={"attempt": now.attempt}) != now:
        return None
    if bound.attempt == now.attempt:
        return last
    most = getattr(ti, "max_tries", None)
    first = ti.try_number if most is None else most - retries + 1  # as Airflow itself reckons; a clear moves `max_tries`
    lost = first <= bound.attempt and ti.try_number > first and last.says.outcome == "completed"
    return last if lost else None


def _tried(begun: Assignment) -> list[Stored[TaskStatement]]:
    """What was delivered of this task in this place, the oldest first."""
    case, task = begun.case, begun.task
    if not case.at:
        return list(case.record.statements.get(task.id, ()))
    mended = next((one for one in case.rounds if one.cycle == case.at), None)
    return list(mended.statements.get(task.id, ())) if mended else []


def note_sealed(begun: Assignment, base: str | None, sealed: Sealed) -> None:
    """Note in the store that this attempt's work was sealed, before anything else is done with it."""
    if base is None or sealed.bundle is None:
        return
    begun.scope.run.settle()
    note = Note(binding=begun.binding, base=base, commit=sealed.commit, tree=sealed.tree, bundle=sealed.bundle)
    signed = sign(note, {"sealed": {"gitCommit": sealed.commit}}, signer_of(begun.scope, begun.record, begun.task.persona))
    try:
        begun.scope.run.create(_place(begun, begun.number), signed)
    except FileExistsError:
        begun.emit("An earlier process of this attempt sealed its work, too; that of this one counts.")


def last_sealed(begun: Assignment, base: str | None) -> Sealed | None:
    """What was sealed last, if no statement came of it or of any attempt since, and it began with the same; None otherwise.

    Attempts that were lost before they sealed anything are passed over: what was sealed before them is still the last that was.
    """
    told = {stored.says.binding.attempt for stored in _tried(begun)}
    for number in range(begun.number - 1, 0, -1) if base is not None else ():
        if number in told:
            return None
        data = begun.scope.run.read(_place(begun, number), at_most=_AT_MOST)
        if data is not None:
            return _believed(begun, data, number, base)
    return None


def _believed(begun: Assignment, data: bytes, number: int, base: str | None) -> Sealed | None:
    """What a note says, if it is the note of this very attempt, signed by who works here."""
    key = PublicKey(begun.record.charter.says.keys[begun.task.persona])
    try:
        note = parse(open_envelope(data, {key.keyid: key}).payload, Note)
    except EvidenceError:
        return None
    if note.base != base or note.binding != begun.binding.model_copy(update={"attempt": number}):
        return None
    return Sealed(commit=note.commit, tree=note.tree, bundle=note.bundle)


def _place(begun: Assignment, number: int) -> str:
    charter, _, below = begun.folder.partition("/")
    return f"{charter}/sealed/{below}/{number:04d}.json"
