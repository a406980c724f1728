"""Threads that work in this very process leaves running: what they still write, nobody may take for finished.

Nobody can end a thread, so one is only told of. Left alone is what libraries keep for next time, idle pools, clients' connections and the like: a thread
that waits inside the standard library, or that began in an installed package and is in nobody else's code.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from dag_factory.runners import warden

__all__ = ["Threads"]

_LIBRARY = f"{Path(os.__file__).parent}{os.sep}"
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}", f".whl{os.sep}")  # the last of a PEX
_WAITING = ("asyncio", "concurrent", "multiprocessing", "queue.py", "selectors.py", "threading.py")  # of the standard library
_TICK = 0.02
_SETTLING = 0.1  # seconds in which one that was just started, or given work, gets to it


class Threads:
    """All threads of this process that were not there before."""

    def __init__(self) -> None:
        self._before = {thread.ident: thread for thread in threading.enumerate()}

    def at_work(self, patience: float = warden.GRACE) -> list[str]:
        """Tell which are still at work when patience is over, in seconds: the name of each, and where it is."""
        began = time.monotonic()
        while True:
            new = self._new()
            found = [_told(name, frame) for name, innermost in new if (frame := _working(innermost)) is not None]
            waited = time.monotonic() - began
            if not new or waited >= (patience if found else min(patience, _SETTLING)):
                return found
            time.sleep(_TICK)

    def _new(self) -> list[tuple[str, FrameType]]:
        """The name and the innermost frame of each; those that no Thread was made for are there, too."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        frames = sys._current_frames()
        old = {ident for ident, thread in self._before.items() if thread.is_alive()}
        return [(names.get(ident, "a thread without a name"), frame) for ident, frame in frames.items() if ident not in old]


def _told(name: str, frame: FrameType) -> str:
    return f"{name} ({frame.f_code.co_name} in {frame.f_code.co_filename}:{frame.f_lineno})"


def _working(innermost: FrameType) -> FrameType | None:
    """Where a thread is in code that is its starter's own, or has the standard library do work; None where a library waits or works for itself."""
    stack = list(_outwards(innermost))
    installed = False
    for frame in reversed(stack):
        path = frame.f_code.co_filename
        if any(part in path for part in _INSTALLED):
            installed = True
        elif path.startswith(_LIBRARY):
            if not installed and not path.removeprefix(_LIBRARY).startswith(_WAITING):
                return frame
        elif not path.startswith("<"):  # what was made of a text, or is part of Python
            return frame
    return None


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
