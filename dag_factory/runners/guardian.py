"""The guardian: a small process beside work that is done in a task's own process, so that nothing it has started outlives that.

Run as a script, `python -I -S guardian.py PID MARK BEFORE...`, with its standard input on a *lifeline*: a pipe whose other end the task's process
holds. A byte on it means that all is well and ended. If it closes without one, or that process is there no more, it was killed, and everything that
it had started is ended here: what descended from it when last looked, but for what was there before (`pid:start time`), and whoever has the mark in
its environment, wherever the kernel has hung it meanwhile.
"""

# What is imported here is paid at every start:
# ruff: noqa: PTH123

from __future__ import annotations

import importlib.util
import os
import select
import signal
import sys
import time
from typing import Any

__all__ = ["main", "marked"]

_LOOK = 0.5
"""Seconds between two looks at who descends from the task's process."""


def _beside(name: str) -> Any:
    """A module that lies beside this one. The folder is not searched: its names are also those of Python's own modules."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(os.path.dirname(__file__), f"{name}.py"))  # noqa: PTH118, PTH120
    assert spec is not None  # noqa: S101 # the file is there
    assert spec.loader is not None  # noqa: S101 # likewise
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def marked(processes: Any, mark: bytes) -> dict[int, int]:
    """List the processes with a mark in their environment: pid to start time."""
    found: dict[int, int] = {}
    for pid, (_, _, started) in processes.items():
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    found[pid] = started
        except OSError:
            continue  # gone, or of another user
    return found


def _end(warden: Any, known: dict[int, int], mark: bytes) -> None:
    """End what was known, what is marked, and what descends from these: SIGTERM, and SIGKILL for what does not mind it."""
    warned: dict[int, int] = {}
    for number, patience in ((signal.SIGTERM, warden.GRACE), (signal.SIGKILL, warden.KILL_PATIENCE)):
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            table = warden.processes()
            there = {pid: since for pid, since in known.items() if pid in table and table[pid][2] == since} | marked(table, mark)
            known = there | {child: since for pid in there for child, since in warden.below(pid).items()}
            known.pop(os.getpid(), None)
            if not known:
                return
            for pid, since in known.items():
                if number == signal.SIGKILL or warned.get(pid) != since:
                    warned[pid] = since
                    warden.send(pid, since, number)
            time.sleep(0.05)


def main() -> None:
    """Wait for the end of a process, and see to what it leaves."""
    warden, task, mark = _beside("warden"), int(sys.argv[1]), os.fsencode(sys.argv[2])
    before = {tuple(map(int, one.split(":"))) for one in sys.argv[3:]}
    known: dict[int, int] = {}
    began, told = warden.facts(task), False
    while began and not told and (now := warden.facts(task)) and now[2] == began[2]:  # a fork of it may hold the lifeline, too
        known |= {pid: since for pid, since in warden.below(task).items() if (pid, since) not in before and pid != os.getpid()}
        told = bool(select.select([0], [], [], _LOOK)[0])
    if not told or not os.read(0, 1):
        _end(warden, known, mark)


if __name__ == "__main__":
    main()
