"""The newest statement counts, so an old one must not be put after those that came later: not as a copy, not by a change of names.

Each is held against all before it at once: there may be thousands in a folder, and whoever hands a run over chooses how many.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.decisions import Completion, Decision, Triage, Waiver
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import Binding, ConvergeStatement, TaskStatement
from dag_factory.evidence.verdict import Verdict
from dag_factory.evidence.wire import Wire, moment_of

__all__ = ["Replays"]


@dataclass
class _Newest:
    """The attempts at one thing that no other is newer than, by number and by time: the higher the number, the earlier the time."""

    numbers: list[int] = field(default_factory=list)
    others: list[tuple[datetime, str]] = field(default_factory=list)

    def newer(self, number: int, moment: datetime) -> tuple[int, str] | None:
        """One with a higher number and a later time, and its name; None if there is none."""
        at = bisect_right(self.numbers, number)
        return (self.numbers[at], self.others[at][1]) if at < len(self.numbers) and self.others[at][0] > moment else None

    def add(self, number: int, moment: datetime, name: str) -> None:
        """Add one, and forget those that it is newer than."""
        at = begin = bisect_left(self.numbers, number)
        if at < len(self.numbers) and self.others[at][0] >= moment:
            return
        while begin and self.others[begin - 1][0] <= moment:
            begin -= 1
        end = bisect_right(self.numbers, number)
        self.numbers[begin:end], self.others[begin:end] = [number], [(moment, name)]


@dataclass
class Replays:
    """What a folder held so far, in the order in which it lies there."""

    _last: str = ""
    _said: dict[bytes, str] = field(default_factory=dict)
    _followed: dict[str, str] = field(default_factory=dict)
    _attempts: dict[tuple[int, str, int], _Newest] = field(default_factory=dict)

    def refuse(self, made: Stored[Any]) -> None:
        """Take one in that stands after all that were taken in before.

        Raises
        ------
        EnvelopeError: it is one of those, or one of them came after it.

        """
        bound, text = _when(made.says)
        moment = moment_of(text)
        said = hashlib.sha256(made.says.model_dump_json().encode()).digest()
        if said in self._said:
            raise EnvelopeError(f"it is {self._said[said]} once more")
        if made.digest in self._followed:
            raise EnvelopeError(f"{self._followed[made.digest]} came after it, and stands before it")
        previous = made.says.phasegate.previous if isinstance(made.says, Verdict) else None
        alike = self._attempts.setdefault((bound.cycle, bound.task, bound.map_index), _Newest())
        # A verdict that names the one before it came after it, whatever clocks and tries say: two gates of a cycle each count tries of their own.
        newer = None if previous and previous == self._last else alike.newer(bound.attempt, moment)
        if newer:
            raise EnvelopeError(f"it is attempt {bound.attempt}, and stands after attempt {newer[0]} ({newer[1]})")
        alike.add(bound.attempt, moment, made.name)
        self._said[said], self._last = made.name, made.digest
        if previous:
            self._followed.setdefault(previous, made.name)


def _when(says: Wire) -> tuple[Binding, str]:
    match says:
        case Verdict():
            return says.phasegate.binding, says.time_verified
        case TaskStatement() | ConvergeStatement():
            return says.binding, says.finished_at
        case Triage():
            return says.binding, says.written_at
        case Decision():
            return says.binding, says.decided_at
        case Waiver():
            return says.binding, says.given_at
        case Completion():
            return says.binding, says.completed_at
    raise EnvelopeError("it is no statement that has attempts")
