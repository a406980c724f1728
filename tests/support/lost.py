"""A worker that is killed at a chosen moment: the operator's own `execute`, in a process of its own, which pauses there until it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dag_factory.runners import warden
from support.halting import halt_at
from support.house import House

__all__ = ["child_of", "gone", "kill", "lost_at", "supervised", "work"]


def lost_at(house: House, task: str, moment: str) -> subprocess.Popen[bytes]:
    """Start a worker on a task, and wait until it has come to a moment; it stays there.

    `running`: the persona's program has made the file `here` of the house itself, and goes on for ever.
    """
    return _started(house, task, [sys.executable, "-m", "support.lost"], moment)


def supervised(house: House, task: str) -> subprocess.Popen[bytes]:
    """The same with a process above the worker, as Airflow has one; its persona runs."""
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-m', 'support.lost', *sys.argv[1:]]).wait()"
    return _started(house, task, [sys.executable, "-c", script], "running")


def _started(house: House, task: str, argv: list[str], moment: str) -> subprocess.Popen[bytes]:
    here = house.root / "here"
    here.unlink(missing_ok=True)
    number = house.tries.get(task, 0) + 1
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen([*argv, str(house.root), task, str(number), moment], env=environment, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not here.exists():
        assert process.poll() is None, f"the worker ended with {process.returncode} before it came to {moment}"
        assert time.monotonic() < deadline, f"the worker never came to {moment}"
        time.sleep(0.05)
    house.tries[task] = number
    return process


def kill(process: subprocess.Popen[bytes], patience: float = 4.0) -> dict[int, str]:
    """Kill a worker without a word; what of all it had started is there after the patience, by process id."""
    below = warden.below(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    gone(below, patience)
    return {pid: _name(pid) for pid, began in below.items() if _lives(pid, began)}


def gone(processes: dict[int, int], patience: float) -> bool:
    """Wait until none of some processes (pid to start time) runs any more; whether that is so."""
    deadline = time.monotonic() + patience
    while any(_lives(*one) for one in processes.items()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def child_of(pid: int) -> int:
    """The one child of a process."""
    [child] = [other for other, facts in warden.processes().items() if facts[0] == pid]
    return child


def _lives(pid: int, began: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    return fields[0] != b"Z" and int(fields[19]) == began


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def work(root: str, task: str, number: str, moment: str) -> None:
    """What the worker's process does."""
    with pytest.MonkeyPatch.context() as patch:
        house = House(Path(root), patch)
        house.settle()
        halt_at(house.root / "here", moment)  # for good: this process ends with it
        house.tries[task] = int(number) - 1
        house.xcoms = _charter(house)
        dag = house.dag()
        operator = dag.get_task(task)
        signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())  # as Airflow's task runner has it
        house.run(task, dag=dag)
    sys.exit(f"it came to an end: {house.failures}")


def _charter(house: House) -> dict[tuple[str, str], Any]:
    """What `kickoff` left for the tasks after it."""
    return {("kickoff", "charter"): house.record.charter.digest}


if __name__ == "__main__":
    work(*sys.argv[1:])
