"""How long Phasegate's own steps took: what a team pays for the evidence, beside the persona and its checks."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Stopwatch"]


class Stopwatch:
    """Adds up what steps took.

    Loading the code is part of it. The clean checkout that each check runs in is not: it is made as part of running the check. The
    processor's time, of this process and the gits it started, says what the steps cost where tasks share the cores.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._busy = 0.0

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        """Time one step."""
        began, busy = time.perf_counter(), _processor_time()
        try:
            yield
        finally:
            self._seconds[step] = time.perf_counter() - began
            self._busy += _processor_time() - busy

    def __str__(self) -> str:
        parts = ", ".join(f"{step} {seconds * 1000:.0f} ms" for step, seconds in self._seconds.items())
        return f"{sum(self._seconds.values()) * 1000:.0f} ms, {self._busy * 1000:.0f} ms of the processor ({parts})"


def _processor_time() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)
