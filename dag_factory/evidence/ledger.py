"""What a run has spent, and what is set aside: an append-only ledger in the run's store, signed and chained.

Laws:

1. Nobody works on a budget before a reservation is in the ledger. It is created, never overwritten, under the next number: of two who would take the last
   money at once one finds the number taken, reads again, and finds less.
2. An attempt is settled by its signed statement, which says what it took: there is no second entry to lose. What has no statement, or a statement that does
   not tell, counts as all that was reserved for it; so does what was ended before it could tell the rest, if it had not told more.
3. Each entry names the digest of the one before: one that is altered, moved or taken out of the middle is found, and nothing is spent any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import ClassVar

from dag_factory.errors import EnvelopeError, StoreError
from dag_factory.evidence.envelope import MAX_BYTES, open_envelope
from dag_factory.evidence.keys import AUTHORITY, PublicKey
from dag_factory.evidence.reading import parse
from dag_factory.evidence.reported import Money
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import ROOT, Binding, Charter, TaskStatement
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.wire import Digest, Time, Wire, moment_of

__all__ = ["Amounts", "Ledger", "Reservation", "Sum", "read_ledger", "spent_by"]

FOLDER = "ledger"
_SIGNALLED = 128  # exit codes from here on: a signal ended it


class Amounts(Wire):
    """How much of each kind; None where nothing limits it. `money` is in US dollars, `time` in seconds."""

    money: Money | None
    tokens: int | None
    requests: int | None
    time: int | None


class Reservation(Wire):
    """What is set aside for one attempt. `attempt` is where its statement will be, below the charter's folder and without its ending."""

    TYPE: ClassVar[str] = f"{ROOT}:reservation:v1"

    binding: Binding
    number: int
    previous: Digest | None
    attempt: str
    accounts: tuple[str, ...]
    amounts: Amounts
    written_at: Time


@dataclass(frozen=True)
class Sum:
    """Amounts that can be added."""

    money: Decimal = Decimal(0)
    tokens: int = 0
    requests: int = 0
    time: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.money + other.money, self.tokens + other.tokens, self.requests + other.requests, self.time + other.time)


@dataclass(frozen=True)
class Ledger:
    """A ledger as it was read: every reservation in order, the statements that settle some, and the digests of the entries."""

    reservations: tuple[Reservation, ...] = ()
    settled: Mapping[str, TaskStatement] | None = None
    digests: tuple[str, ...] = ()

    @property
    def last(self) -> str | None:
        """The digest of the newest entry; None if there is none."""
        return self.digests[-1] if self.digests else None

    def spent(self, account: str) -> Sum:
        """What was drawn from an account, or is set aside from it.

        An attempt may have been begun twice under one number, by a process that died and another after it: the statement is that of the last.
        """
        total, settling = Sum(), {one.attempt: one.number for one in self.reservations}
        for one in self.reservations:
            if account in one.accounts:
                last = settling[one.attempt] == one.number
                total += spent_by((self.settled or {}).get(one.attempt) if last else None, one.amounts)
        return total

    def attempts(self, folder: str) -> tuple[str, ...]:
        """The attempts of a task for which something was set aside, in order, by the folder of its statements."""
        return tuple(dict.fromkeys(one.attempt for one in self.reservations if one.attempt.startswith(f"{folder}/")))

    def awaits(self, folder: str, retries: int) -> bool:
        """Whether something is still to be set aside for a task: it has not begun, or its newest attempt failed and it has tries left.

        Parameters
        ----------
        folder: of the task's statements.
        retries: how often it is tried again.

        """
        attempts = self.attempts(folder)
        if not attempts:
            return True
        newest = (self.settled or {}).get(attempts[-1])
        return newest is not None and newest.outcome == "failed" and len(attempts) <= retries


def spent_by(statement: TaskStatement | None, reserved: Amounts) -> Sum:
    """What an attempt took: as its statement tells, and what was reserved where it does not, or where it was ended and could not tell all."""
    held = Sum(Decimal(reserved.money or 0), reserved.tokens or 0, reserved.requests or 0, reserved.time or 0)
    if statement is None:
        return held
    time = max(0, ceil((moment_of(statement.finished_at) - moment_of(statement.started_at)).total_seconds()))
    if statement.figures is None:
        return replace(held, time=time)
    figures, code = statement.figures, statement.exit_code
    known = [part for part in (figures.input_tokens, figures.output_tokens) if part is not None]
    money = held.money if figures.cost is None else Decimal(figures.cost)
    tokens = sum(known) if known else held.tokens
    requests = held.requests if figures.requests is None else figures.requests
    if code is None or code >= _SIGNALLED:
        money, tokens, requests = max(money, held.money), max(tokens, held.tokens), max(requests, held.requests)
    return Sum(money, tokens, requests, time)


def read_ledger(run: RunStore, charter: Stored[Charter]) -> Ledger:
    """Read the ledger of a run.

    Parameters
    ----------
    charter: the newest charter; Phasegate's own key in it signs every entry.

    Raises
    ------
    StoreError: an entry is missing, was altered, or is no entry.

    """
    keys = {key.keyid: key for key in map(PublicKey, charter.says.keys.values())}
    authority = PublicKey(charter.says.keys[AUTHORITY])
    folder = charter.digest[:16]
    found: list[Reservation] = []
    digests: list[str] = []
    names = sorted(run.names(f"{folder}/{FOLDER}"), key=lambda name: (len(name), name))  # beyond 9,999 names are longer
    for number, name in enumerate(names, start=1):
        data = run.read(f"{folder}/{FOLDER}/{name}", at_most=MAX_BYTES) or b""
        try:
            entry = parse(open_envelope(data, {authority.keyid: authority}).payload, Reservation)
            bound, before = entry.binding, digests[-1] if digests else None
            follows = (entry.number, entry.previous, name) == (number, before, f"{number:04d}.json")
            if (bound.charter, bound.plan) != (charter.digest, charter.says.plan) or not follows:
                raise EnvelopeError("it does not follow the entry before it")
        except EnvelopeError as error:
            raise StoreError(
                f"The ledger of {run.path} is not whole: {name} cannot be believed, {error.message}.",
                remedy="Find out by whom it was changed; nothing more is spent in this run. Start a new one.",
            ) from error
        found.append(entry)
        digests.append(hashlib.sha256(data).hexdigest())
    settled = {one.attempt: said for one in found if (said := _statement(run, f"{folder}/{one.attempt}.json", keys))}
    return Ledger(tuple(found), settled, tuple(digests))


def _statement(run: RunStore, name: str, keys: Mapping[str, PublicKey]) -> TaskStatement | None:
    """The statement of an attempt; None where there is none that can be believed: then the reservation stands."""
    data = run.read(name, at_most=MAX_BYTES)
    if data is None:
        return None
    try:
        return parse(open_envelope(data, keys).payload, TaskStatement)
    except EnvelopeError:
        return None
