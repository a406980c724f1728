"""The warden: a small process between Phasegate and a program, so that nothing the program starts outlives it.

Run as a script, `python -I -S warden.py [--file=bytes] [--data=bytes] [--write=folder ...] [--hide=path ...] [--] program argument ...`, with
its standard input on a *lifeline*: a pipe whose other end only Phasegate holds. It

1. asks the kernel for every orphan below it, so that a daemon cannot leave by forking twice, and for a SIGTERM should
   the thread that started it die (Linux; elsewhere the lifeline alone must do);
2. starts the program in a session of its own, to be killed by the kernel should the warden be killed, and within limits: how
   large any one file, and the private memory of any one process, may become; nobody dumps core. Where folders are named, it
   writes to those alone, and does not read what is hidden from it, see `dag_factory.runners.landlock`;
3. waits until the program exits, the lifeline closes or a SIGTERM comes;
4. ends everything below it: SIGTERM, two seconds of grace, SIGKILL;
5. exits with the program's code (128 + n after signal n), or dies of SIGTERM if it was told to end.

All that is below the warden descends from the program, so it never has to guess whom it may signal. Elsewhere than on
Linux it ends the program's process group only. What is imported here is paid at every start: hence so little.
"""

# pathlib and contextlib would double the time a warden takes to start:
# ruff: noqa: PTH120, PTH123, PTH208, SIM105

from __future__ import annotations

import ctypes
import errno
import os
import resource
import select
import signal
import sys
import time

GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""

KILL_PATIENCE = 0.7
"""Seconds SIGKILL is repeated for what keeps on forking."""

_LINUX = sys.platform == "linux"
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER, _GET_CHILD_SUBREAPER = 1, 36, 37  # linux/prctl.h


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process; quietly nothing where the kernel does not know it."""
    if _LINUX:
        none = ctypes.c_ulong(0)
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), none, none, none)


def set_subreaper(on: bool) -> None:
    """Choose whether orphans below this process become its children."""
    prctl(_SET_CHILD_SUBREAPER, int(on))


def is_subreaper() -> bool:
    """Tell whether orphans below this process become its children."""
    answer = ctypes.c_int(0)
    if _LINUX:
        ctypes.CDLL(None).prctl(_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)


def facts(pid: int) -> tuple[int, int, int] | None:
    """Read a process' parent, session and start time from /proc (format: proc_pid_stat(5)); None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(fields[1]), int(fields[3]), int(fields[19])


def processes() -> dict[int, tuple[int, int, int]]:
    """List every process: pid to parent, session and start time. Empty where there is no /proc."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return {}
    return {int(name): found for name in names if name.isdigit() and (found := facts(int(name)))}


def below(root: int) -> dict[int, int]:
    """List the descendants of a process: pid to start time."""
    table = processes()
    children: dict[int, list[int]] = {}
    for pid, (parent, _, _) in table.items():
        children.setdefault(parent, []).append(pid)
    found: dict[int, int] = {}
    queue = [root]
    while queue:
        for pid in children.get(queue.pop(), ()):
            if pid not in found:
                found[pid] = table[pid][2]
                queue.append(pid)
    return found


def send(pid: int, started: int, number: int) -> None:
    """Signal a process if it is still the one that started then; a pid that was given to another is left alone."""
    if sys.platform == "linux":  # elsewhere nobody is listed
        handle = -1
        try:
            handle = os.pidfd_open(pid)
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EPERM):  # a kernel or a sandbox without pidfd
                return
        try:
            now = facts(pid)
            if now is None or now[2] != started:
                return
            if handle >= 0:
                signal.pidfd_send_signal(handle, number)
            else:
                os.kill(pid, number)
        except OSError:
            pass  # gone meanwhile, or of another user
        finally:
            if handle >= 0:
                os.close(handle)


class Warden:
    """Starts one program and ends what is left of it."""

    def __init__(self, argv: list[str]) -> None:
        self._limits = {resource.RLIMIT_CORE: 0}
        self._paths: dict[str, list[str]] = {"--write": [], "--hide": []}
        while argv and argv[0].startswith(("--file=", "--data=", "--write=", "--hide=")):
            name, _, value = argv[0].partition("=")
            if name in self._paths:
                self._paths[name].append(value)
            else:
                self._limits[resource.RLIMIT_FSIZE if name == "--file" else resource.RLIMIT_DATA] = int(value)
            argv = argv[1:]
        self._argv = argv[argv[:1] == ["--"] :]
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)  # the wakeup pipe tells
        self._told = False
        self._program = 0
        self._code: int | None = None

    def run(self) -> int | None:
        """Run the program; give its code, or None when told to end before it exited."""
        set_subreaper(True)
        prctl(_SET_PDEATHSIG, signal.SIGTERM)
        warden = os.getpid()
        self._program = os.fork()
        if self._program == 0:
            self._become(warden)
        while not self._reap() and self._code is None and not self._told:
            self._listen(None)
        code = self._code
        self._end()
        return code

    def _become(self, warden: int) -> None:
        """Turn the forked child into the program; never returns."""
        try:
            signal.set_wakeup_fd(-1)
            os.setsid()
            prctl(_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != warden:
                os._exit(1)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for limit, most in self._limits.items():
                hard = resource.getrlimit(limit)[1]
                least = most if hard == resource.RLIM_INFINITY else min(most, hard)
                resource.setrlimit(limit, (least, least))
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and an ignored signal is inherited
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            self._keep_in()
            os.execvp(self._argv[0], self._argv)  # noqa: S606 # it is what a warden is for
        except OSError as error:
            os.write(2, f"phasegate: cannot start {self._argv[0]}: {error.strerror}\n".encode(errors="replace"))
            os._exit(127 if error.errno == errno.ENOENT else 126)

    def _keep_in(self) -> None:
        """Leave the program nothing to write to but its folders; what cannot be kept in is not started."""
        if self._paths["--write"]:
            sys.path.append(os.path.dirname(__file__))  # a warden is a script, alone with the standard library
            import landlock  # type: ignore[import-not-found] # only here

            try:
                landlock.keep_in(self._paths["--write"], self._paths["--hide"])
            except OSError as error:
                raise OSError(errno.EPERM, f"it cannot be kept in its folders: {error.strerror}") from error

    def _listen(self, patience: float | None) -> None:
        """Wait for a signal, the closed lifeline or the end of patience."""
        watched = [self._wake] if self._told else [self._wake, 0]
        ready = select.select(watched, [], [], patience)[0]
        if self._wake in ready and signal.SIGTERM in os.read(self._wake, 4096):
            self._told = True
        if 0 in ready:
            self._told = True

    def _reap(self) -> bool:
        """Collect what has exited; tell whether nothing is left below."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return _LINUX or not self._group_lives()
            if pid == 0:
                return False
            if pid == self._program:
                code = os.waitstatus_to_exitcode(status)
                self._code = code if code >= 0 else 128 - code

    def _group_lives(self) -> bool:
        try:
            os.killpg(self._program, 0)
        except OSError:
            return False
        return True

    def _end(self) -> None:
        """End everything below."""
        warned: dict[int, int] = {}
        for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, KILL_PATIENCE)):
            deadline = time.monotonic() + patience
            while not self._reap() and time.monotonic() < deadline:
                self._signal(number, warned)
                self._listen(0.02)
        if not self._reap():
            left = ", ".join(str(pid) for pid in below(os.getpid())) or "its process group"
            os.write(2, f"phasegate: could not end {left}\n".encode())

    def _signal(self, number: int, warned: dict[int, int]) -> None:
        """Send SIGTERM once to each process, SIGKILL as often as asked."""
        if not _LINUX:
            try:
                os.killpg(self._program, number)
            except OSError:
                pass
        for pid, started in below(os.getpid()).items():
            if number == signal.SIGKILL or warned.get(pid) != started:
                warned[pid] = started
                send(pid, started, number)


def main() -> None:
    """Run the program named on the command line and end as it ended."""
    code = Warden(sys.argv[1:]).run()
    if code is None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    os._exit(143 if code is None else code)


if __name__ == "__main__":
    main()
