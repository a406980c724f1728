"""How a program is held to what it may take, see `dag_factory.runners.base.Bounds`.

Time and the log are bounded by `Request.timeout` and `Limits`. Here are the rest: memory, processes, disk and the network. The
kernel itself refuses one process too much memory and one file too many bytes (setrlimit(2), RLIMIT_DATA and RLIMIT_FSIZE); what all
processes of a program take together is added up several times a second, and a program that takes too much is ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from dag_factory.runners import offline, warden
from dag_factory.runners.base import Bounds

__all__ = ["Watch", "limits_of", "most_memory", "why_not_offline"]

_EVERY = 0.2  # seconds between two looks at the processes
_DISK_EVERY = 2.0  # and from one look at the folders to the next, at least: a fourth of that share
_A_LITTLE = 0.01  # seconds for which folders are looked at, before all else is looked at again
_AT_ONCE = 500  # files of one folder that are looked at in one go
_SHARE = 50  # looking costs at most one part in so many of the time
_FREEZE = 0.5  # seconds for stopping a crowd


@lru_cache(maxsize=1)
def why_not_offline() -> str:
    """Say why this machine lets nobody take a program's network away; empty where it does. Tried once a process."""
    try:
        tried = subprocess.run(
            [sys.executable, "-I", "-S", offline.__file__], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the trial did not end: {error}"
    said = tried.stderr.decode(errors="replace").strip().removeprefix("phasegate: ")
    return "" if tried.returncode == 0 else said or f"the trial ended with {tried.returncode}"


@lru_cache(maxsize=1)
def most_memory() -> int:
    """Bytes that a program may have where nobody wrote how much: three quarters of the machine's, or of its control group's where that is less.

    One that takes more is ended before the kernel, which then has to choose, ends the worker or a neighbour.
    """
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_group_limits(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))]
    return min(sizes) * 3 // 4


def limits_of(bounds: Bounds) -> list[str]:
    """What the warden is to have the kernel refuse its program, as its options."""
    asked = [f"--file={bounds.disk}"]
    return asked if bounds.memory is None else [*asked, f"--data={bounds.memory}"]


class Watch:
    """Adds up what a program takes.

    Parameters
    ----------
    bounds: what it may take.
    folders: where it is expected to write.

    """

    def __init__(self, bounds: Bounds, folders: Iterable[Path]) -> None:
        self._bounds = bounds
        self._folders = tuple(folders)
        self._scan: Iterator[int] | None = None
        self._spent = 0.0
        self._next = self._next_disk = time.monotonic() + _EVERY

    def over(self, root: int) -> str:
        """Say what a program has too much of, as a sentence; empty if nothing, or if it is too early to look again.

        Parameters
        ----------
        root: the process whose descendants are the program; a warden.

        """
        now = time.monotonic()
        if now < self._next:
            return ""
        reason = self._crowd(root) or self._spread(now)
        self._next = time.monotonic() + max(_EVERY, (time.monotonic() - now) * _SHARE)
        return reason

    def _crowd(self, root: int) -> str:
        below = _below(root)
        if len(below) > self._bounds.processes:
            _freeze(root)
            return f"It had {len(below)} processes at once, and {self._bounds.processes} are allowed."
        most = most_memory() if self._bounds.memory is None else self._bounds.memory
        # What is resident counts pages twice that two processes share, but is quick to ask; so the fair sum is asked only where it may matter.
        if sum(map(_resident, below)) > most and (taken := sum(map(_proportional, below))) > most:
            return f"It took {_megabytes(taken)} of memory, and {_megabytes(most)} are allowed."
        return ""

    def _spread(self, now: float) -> str:
        """Look at the folders a little further: who watches must hear a kill at once, however many files there are."""
        if self._scan is None:
            if now < self._next_disk:
                return ""
            self._scan, self._spent = _sizes(self._folders), 0.0
        taken = next(self._scan, None)
        while taken is not None and taken <= self._bounds.disk and time.monotonic() - now < _A_LITTLE:
            taken = next(self._scan, None)
        self._spent += time.monotonic() - now
        if taken is None:
            self._scan, self._next_disk = None, time.monotonic() + max(_DISK_EVERY, self._spent * _SHARE * 4)
        elif taken > self._bounds.disk:
            return f"It took {_megabytes(taken)} of the disk, and {_megabytes(self._bounds.disk)} are allowed."
        return ""


def _group_limits(membership: Path, tree: Path) -> Iterator[int]:
    """The limits of memory of this process' control group and of those above it (cgroups(7); `memory.max` in version 2, else version 1's)."""
    with suppress(OSError):
        for line in membership.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            top, name = (tree, "memory.max") if not controllers else (tree / "memory", "memory.limit_in_bytes")
            inner = top / path.strip("/")
            for folder in (top, *(above for above in (inner, *inner.parents) if top in above.parents)):
                with suppress(OSError, ValueError):
                    yield int((folder / name).read_text(encoding="ascii"))


def _below(root: int) -> list[int]:
    """The descendants of a process, asked of them alone (proc_pid_task(5)) where the kernel tells: a worker may have thousands of others."""
    found: list[int] = []
    queue = [root]
    while queue:
        pid = queue.pop()
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 # names are all that is wanted
                children = Path(f"/proc/{pid}/task/{thread}/children").read_bytes()
                queue += map(int, children.split())
        except OSError:
            if pid == root:
                return list(warden.below(root))
        found.append(pid)
    return found[1:]


def _freeze(root: int) -> None:
    """Stop everything below a process, so that it starts nothing more; who ends it need not hurry then."""
    frozen: dict[int, int] = {}
    deadline = time.monotonic() + _FREEZE
    while (new := {pid: began for pid, began in warden.below(root).items() if frozen.get(pid) != began}) and time.monotonic() < deadline:
        for pid, began in new.items():
            warden.send(pid, began, signal.SIGSTOP)
        frozen |= new


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"


def _resident(pid: int) -> int:
    """Bytes of a process that are in memory (proc_pid_statm(5))."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    """Bytes of a process, of shared pages its share (proc_pid_smaps(5)); what may not be asked is what is resident."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:"))
    except (OSError, StopIteration):
        return _resident(pid)


def _sizes(folders: Iterable[Path]) -> Iterator[int]:
    """Bytes that folders take on the disk, folder by folder added up; links are not followed, and what vanishes meanwhile takes none."""
    total, queue = 0, [os.fspath(folder) for folder in folders]
    while queue:
        with suppress(OSError), os.scandir(queue.pop()) as found:
            for number, entry in enumerate(found, 1):
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        queue.append(entry.path)
                if number % _AT_ONCE == 0:
                    yield total
        yield total
