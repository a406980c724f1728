"""What this very process starts while something works in it, and the end of all that: a daemon that an operator leaves must not outlive it.

What is started by `run_program` is seen to by its warden. An operator of Airflow's starts what it likes, below the task's own process; so that process
adopts orphans for a while, ends whatever is left, and has a guardian for the case that it is killed itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dag_factory.runners import guardian, orphans, warden

__all__ = ["Offspring", "overseen"]


class Offspring:
    """All that descends from this process and was not there before."""

    def __init__(self) -> None:
        self.before = warden.below(os.getpid())

    def spare(self, pid: int) -> None:
        """Count one among those that were there before."""
        self.before |= {pid: found[2]} if (found := warden.facts(pid)) else {}

    def end(self) -> None:
        """End it: SIGTERM, two seconds of grace, SIGKILL; nothing is waited for that has ended."""
        warned: dict[int, int] = {}
        for number, patience in ((signal.SIGTERM, warden.GRACE), (signal.SIGKILL, warden.KILL_PATIENCE)):
            deadline = time.monotonic() + patience
            while (left := self.left()) and time.monotonic() < deadline:
                for pid, since in left.items():
                    if number == signal.SIGKILL or warned.get(pid) != since:
                        warned[pid] = since
                        warden.send(pid, since, number)
                time.sleep(0.02)

    def left(self) -> dict[int, int]:
        """What is still running: pid to start time."""
        found = warden.below(os.getpid())
        return {pid: since for pid, since in found.items() if self.before.get(pid) != since and _runs(pid)}

    def reap(self) -> None:
        """Collect children that have ended and that nobody else will wait for."""
        for pid, since in warden.below(os.getpid()).items():
            if self.before.get(pid) != since:
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)


@contextlib.contextmanager
def overseen(mark: str) -> Iterator[Offspring]:
    """Oversee what is started while this lasts; afterwards nothing of it is running.

    Parameters
    ----------
    mark: what stands in the environment of all that is started, as ``NAME=value``.

    """
    with orphans.adopting() as net:
        offspring = Offspring()
        before = [f"{pid}:{since}" for pid, since in offspring.before.items()]
        command = [sys.executable, "-I", "-S", guardian.__file__, str(os.getpid()), mark, *before]
        watch = net.start(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, close_fds=True, bufsize=0
        )  # fmt: skip
        offspring.spare(watch.pid)
        try:
            yield offspring
        finally:
            offspring.end()
            offspring.reap()
            assert watch.stdin is not None  # noqa: S101 # it was opened as a pipe
            with contextlib.suppress(OSError):
                watch.stdin.write(b"x")
            watch.stdin.close()
            watch.wait()
            net.forget(watch.pid)


def _runs(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
