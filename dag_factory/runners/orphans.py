"""The net under the wardens: who loses its warden becomes a child of this process, and is found and killed here.

A program of the same user can kill its warden. For the time of a run this process is therefore a *child subreaper*
(Linux): the kernel hands it the orphans. A process that descends from a program has never this process' session,
because the program got a session of its own and nobody can join one; so children that Airflow started in the ordinary
way are told apart, and so are children that were there before, and wardens of runs in other threads.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from dag_factory.runners import warden

__all__ = ["Net", "adopting"]

_PATIENCE = 0.5

_lock = threading.Lock()
_nets = 0
_was_subreaper = False
_wardens: set[int] = set()


@contextlib.contextmanager
def adopting() -> Iterator[Net]:
    """Adopt orphans while this lasts; runs in several threads share the setting, and the last one restores it."""
    global _nets, _was_subreaper  # noqa: PLW0603 # being a subreaper is an attribute of the whole process
    with _lock:
        if _nets == 0:
            _was_subreaper = warden.is_subreaper()
            warden.set_subreaper(True)
        _nets += 1
    try:
        yield Net()
    finally:
        with _lock:
            _nets -= 1
            if _nets == 0 and not _was_subreaper:
                warden.set_subreaper(False)


class Net:
    """Starts wardens, and kills what a dead one left behind."""

    def __init__(self) -> None:
        self._before = {(pid, found[2]) for pid, found in _children().items()}

    def start(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a warden; takes what `subprocess.Popen` takes."""
        with _lock:
            started = subprocess.Popen(argv, **options)
            _wardens.add(started.pid)
        return started

    def sweep(self, dead: int) -> None:
        """Kill and reap everything the dead warden has left, within half a second."""
        deadline = time.monotonic() + _PATIENCE
        with _lock:
            _wardens.discard(dead)
            while (lost := self._lost()) and time.monotonic() < deadline:
                for pid, started in lost.items():
                    for child, since in {**warden.below(pid), pid: started}.items():
                        warden.send(child, since, signal.SIGKILL)
                    with contextlib.suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)
                time.sleep(0.01)

    def forget(self, ended: int) -> None:
        """Take a warden that ended by itself, and therefore left nothing, off the list."""
        with _lock:
            _wardens.discard(ended)

    def _lost(self) -> dict[int, int]:
        ours = os.getsid(0)
        return {
            pid: started
            for pid, (_, session, started) in _children().items()
            if session != ours and pid not in _wardens and (pid, started) not in self._before
        }


def _children() -> dict[int, tuple[int, int, int]]:
    return {pid: found for pid, found in warden.processes().items() if found[0] == os.getpid()}
