"""When an attempt is to stop: when Airflow says so, and when nobody is there any more who could."""

from __future__ import annotations

import os
import time
from threading import Event

__all__ = ["Stop"]

_TICK = 0.1  # seconds between two looks


class Stop(Event):
    """Set when the operator was told to end, or the process that started this one is gone.

    Airflow's supervisor is the parent of the task's process: it passes on that a task was cleared, marked or timed out, and it alone tells
    Airflow how a task ended. If it is killed, the task's process lives on unheard, while Airflow has somebody else do the work again: what
    it still does must count for nothing.

    Parameters
    ----------
    told: what the operator's `on_kill` sets.

    """

    def __init__(self, told: Event) -> None:
        super().__init__()
        self._told_by = told
        self._parent = os.getppid()

    def is_set(self) -> bool:
        """Whether to stop."""
        return super().is_set() or self._told_by.is_set() or os.getppid() != self._parent

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for at most so many seconds; whether it is."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (deadline is None or time.monotonic() < deadline):
            super().wait(_TICK if deadline is None else min(_TICK, max(deadline - time.monotonic(), 0)))
        return self.is_set()
