"""Tells whether a git that speaks to another machine still hears anything: most transports wait for an answer without end."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

__all__ = ["Silence"]

_BETWEEN = 2.0  # seconds between two looks


class Silence:
    """What the programs of one session do: bytes that pass through them, and time of the processor (proc(5): io, stat).

    A git that unpacks or deltas works, though it hears nothing. What ssh itself exchanges with its like says nothing of the git over there,
    so ssh is not counted, and what git reads from it is. Where the kernel has no such account, silence is never over.

    Parameters
    ----------
    session: the number of the session, which is that of the process that leads it.

    """

    patience: ClassVar[float] = 60.0
    """Seconds without a sign of life after which a remote counts as away."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._last = self._looked = time.monotonic()
        self._done = 0

    def over(self) -> bool:
        """Look, if it is time to; True once nothing has happened for as long as there is patience."""
        now = time.monotonic()
        if now - self._looked < min(_BETWEEN, self.patience / 2):
            return False
        self._looked = now
        if (done := _done(self._session)) != self._done or not done:
            self._done, self._last = done, now
        return now - self._last > self.patience


def _done(session: int) -> int:
    """Count what a session's programs have done so far; 0 where nothing is known."""
    total = 0
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():  # noqa: PTH112, PTH208 # hundreds
        with suppress(OSError, ValueError, IndexError):  # it ended meanwhile, or is another user's
            place = Path("/proc", str(int(name)))
            program, _, rest = (place / "stat").read_text().partition("(")[2].rpartition(")")
            fields = rest.split()
            if int(fields[3]) != session or program == "ssh":
                continue
            total += int(fields[11]) + int(fields[12])  # utime and stime
            total += sum(int(line.split()[1]) for line in (place / "io").read_text().splitlines()[:2])  # rchar and wchar
    return total
