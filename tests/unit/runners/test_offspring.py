"""Nothing that work in this very process starts outlives it: not by itself, not as a daemon, not where this process is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dag_factory.runners import warden
from dag_factory.runners.offspring import overseen

MARK = "PHASEGATE_WORKSPACE=/nowhere/in/particular"
DAEMON = "(setsid sleep 300 & echo $! >> {pids}) ; (trap '' TERM; echo $$ >> {pids}; sleep 300)"
"""A daemon that leaves its session and its parent, and something that does not mind SIGTERM."""
KILLED = """\
import subprocess, sys, time
sys.path.insert(0, {root!r})
from dag_factory.runners.offspring import overseen
with overseen({mark!r}):
    subprocess.Popen(["/bin/sh", "-c", {daemon!r}], env={{"PATH": "/usr/bin:/bin", "PHASEGATE_WORKSPACE": "/nowhere/in/particular"}})
    subprocess.Popen(["sleep", "300"], env={{"PATH": "/usr/bin:/bin"}})
    time.sleep(6)
    print("ready", flush=True)
    time.sleep(300)
"""
ROOT = str(Path(__file__).parents[3])


def gone(pids: Path, count: int, seconds: float = 30) -> bool:
    """Whether all that wrote its pid runs no more; a machine that is busy is given time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(_runs(int(pid)) for pid in pids.read_text().split()):
            return len(pids.read_text().split()) == count
        time.sleep(0.05)
    return False


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def started(pids: Path, count: int) -> None:
    deadline = time.monotonic() + 30
    while not pids.exists() or len(pids.read_text().split()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_left_when_work_is_over_is_ended(tmp_path):
    pids = tmp_path / "pids"
    with overseen(MARK) as offspring:
        left = subprocess.Popen(["/bin/sh", "-c", DAEMON.format(pids=pids)])
        started(pids, 2)
        assert len(offspring.left()) >= 2
    assert gone(pids, 2)
    left.wait()
    assert offspring.left() == {}


def test_what_was_there_before_is_let_alone(tmp_path):
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as before:
        with overseen(MARK):
            pass
        assert before.poll() is None
        before.kill()


def test_an_exception_ends_it_too(tmp_path):
    pids = tmp_path / "pids"

    def work() -> None:
        with overseen(MARK):
            lost.append(subprocess.Popen(["/bin/sh", "-c", DAEMON.format(pids=pids)]))
            started(pids, 2)
            raise KeyError

    lost: list[subprocess.Popen[bytes]] = []
    with pytest.raises(KeyError):
        work()
    assert gone(pids, 2)
    lost[0].wait()


def test_it_ends_with_a_process_that_is_killed(tmp_path):
    pids = tmp_path / "pids"
    code = KILLED.format(root=ROOT, mark=MARK, daemon=DAEMON.format(pids=pids))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        started(pids, 2)
        below = warden.below(worker.pid)
        worker.send_signal(signal.SIGKILL)
    assert gone(pids, 2)
    deadline = time.monotonic() + 30
    while any((facts := warden.facts(pid)) and facts[2] == since and _runs(pid) for pid, since in below.items()):
        left = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in below if _runs(pid)]
        assert time.monotonic() < deadline, f"the guardian itself included, nothing is left: {left}"
        time.sleep(0.05)
