"""Run one program to its end, whatever the end: output bounded, time bounded, nothing left running.

The program runs below a warden (see `dag_factory.runners.warden`), which does the ending. This side follows the output,
watches the clock and the stop event, and lets go of the lifeline. It does so on every way out, an exception that a
signal handler raises in the middle included; and should this process be killed, the lifeline closes by itself.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

from dag_factory.errors import RunnerError
from dag_factory.runners import offline, orphans, warden
from dag_factory.runners.base import Bounds, Ended, Limits, Outcome, Request
from dag_factory.runners.bounds import Watch, limits_of, why_not_offline
from dag_factory.runners.confinement import confine
from dag_factory.runners.environment import environment_of, homes
from dag_factory.runners.output import Output
from dag_factory.runners.refused import why_refused

__all__ = ["run_program", "run_requested"]

_TICK = 0.1  # seconds between two looks at the clock and the stop event
_PATIENCE = warden.GRACE + warden.KILL_PATIENCE + 0.3  # what a warden needs at most, and a little
_CHUNK = 65_536


def run_requested(
    request: Request,
    argv: Sequence[str],
    stop: Event,
    *,
    cwd: Path | None = None,
    writes: Sequence[Path] = (),
    hear: Callable[[str], None] | None = None,
    pass_fds: Sequence[int] = (),
) -> Outcome:
    """Run a program as a request has it: where, with which environment, for how long, within which bounds, and with its secrets masked.

    Parameters
    ----------
    cwd: the folder it starts in; the workspace if None.
    writes: folders that are its own, besides those of the request.
    hear: takes its lines in place of `emit`, and as it wrote them: who reads them masks what is shown or kept of them.
    pass_fds: descriptors that it is given, beside output and errors.

    Raises
    ------
    RunnerError: see `run_program`.

    """
    return run_program(
        argv, cwd=cwd or request.workspace, environment=environment_of(request), timeout=request.timeout, stop=stop, log=request.log,
        emit=request.emit, limits=request.limits, bounds=request.bounds,
        folders=(request.workspace, request.evidence, request.home), writes=writes, secrets=request.secrets, hidden=request.hidden,
        hear=hear, pass_fds=pass_fds,
    )  # fmt: skip


def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    timeout: float | None,
    stop: Event,
    log: Path,
    emit: Callable[[str], None],
    limits: Limits,
    bounds: Bounds | None = None,
    folders: Sequence[Path] = (),
    writes: Sequence[Path] = (),
    secrets: Sequence[str] = (),
    hidden: Sequence[Path] = (),
    hear: Callable[[str], None] | None = None,
    pass_fds: Sequence[int] = (),
) -> Outcome:
    """Run a program and everything it starts to the end; the outcome names no principals.

    Parameters
    ----------
    bounds: what it may take; the default bounds if None.
    folders: what counts as the disk that it takes. If the machine can keep it in, it writes there, in `cwd` and where it is at home.
    writes: where else it may write.
    secrets: what is masked in its output.
    hidden: files and folders that it is not to read, if the machine can keep it in.
    hear: as for `run_requested`.
    pass_fds: descriptors that it is given, beside output and errors.

    The program gets no standard input and a session of its own; its output and errors go, merged, to `log` and `emit`.
    When it has exited, timed out or been stopped, or when anything is raised in here, all its descendants are told to
    end and killed after two seconds; under four seconds in all.

    Raises
    ------
    RunnerError: `cwd` is no folder, or the log cannot be written. A program that does not exist is an Outcome.

    """
    if not cwd.is_dir():
        raise RunnerError(f"The workspace {cwd} is no folder.", remedy="Clear the task, so that it is prepared anew.")
    bounds = bounds or Bounds()
    began = time.monotonic()
    ended, code, reason = _before_start(argv, cwd, environment, stop)
    why_online = "" if ended != "exited" else "it may reach it" if bounds.network else why_not_offline()
    started = [sys.executable, "-I", "-S", offline.__file__, *argv] if not (bounds.network or why_online) else argv
    kept = confine(bounds, (cwd, *folders, *writes, *homes(environment)), hidden)
    with Output(log, hear or emit, limits, secrets, raw=hear is not None) as output:
        if ended == "exited":
            for remark in kept.remarks:
                emit(remark)
            command = [*limits_of(bounds), *kept.options, "--", *started]
            try:
                ended, code, reason = _supervise(command, cwd, environment, timeout, stop, output, Watch(bounds, folders), pass_fds)
            except _NotStartedError as refused:
                ended, reason = "not-started", why_refused(refused.error, argv, environment)
    outcome = Outcome(
        ended, code, (), output.total, output.truncated, output.excerpt(), time.monotonic() - began, reason,
        offline=started is not argv, why_online=why_online, kept_in=bool(kept.options) and ended != "not-started", why_loose=kept.why_loose,
    )  # fmt: skip
    return outcome if reason else replace(outcome, reason=_reason(outcome, argv[0], timeout))


class _NotStartedError(Exception):
    """The warden could not be started with these arguments."""

    def __init__(self, error: OSError | ValueError) -> None:
        super().__init__(str(error))
        self.error = error


def _before_start(argv: Sequence[str], cwd: Path, environment: Mapping[str, str], stop: Event) -> tuple[Ended, int | None, str]:
    """Tell what is wrong before anything is started; 'exited' means nothing is."""
    if stop.is_set():
        return "stopped", None, ""
    if not argv or not argv[0]:
        return "not-started", None, "The command is empty: write what is to be run."
    name = argv[0]
    if "/" in name:
        path = cwd / name
        if not path.exists():
            return "not-started", None, f"{name!r} does not exist in the workspace: mend its path."
        if not path.is_file() or not os.access(path, os.X_OK):
            return "not-started", None, f"{name!r} is not executable: run `chmod +x` on it, or name its interpreter."
    elif shutil.which(name, path=environment.get("PATH", os.defpath)) is None:
        return "not-started", None, f"{name!r} is not on the worker's PATH: install it there, or give its path."
    return "exited", None, ""


def _supervise(
    argv: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    timeout: float | None,
    stop: Event,
    output: Output,
    watch: Watch,
    pass_fds: Sequence[int],
) -> tuple[Ended, int | None, str]:
    deadline = time.monotonic() + (math.inf if timeout is None else timeout)
    with orphans.adopting() as net, _warden(net, argv, cwd, environment, pass_fds) as process:
        try:
            ended, reason = _follow(process, output, deadline, stop, watch)
        finally:
            _end(process, output, net)
    code = process.returncode
    if stop.is_set():
        return "stopped", None, ""
    if ended in {"timed-out", "over-limit"} and code < 0:  # a warden that was told to end dies of a signal
        return ended, None, f"{reason} It and everything it had started were ended." if reason else ""
    return "exited", code if code >= 0 else 128 - code, ""


@contextlib.contextmanager
def _warden(
    net: orphans.Net, argv: Sequence[str], cwd: Path, environment: Mapping[str, str], pass_fds: Sequence[int]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program's warden; its standard input is the lifeline."""
    try:
        process = net.start(
            [sys.executable, "-I", "-S", warden.__file__, *argv],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
            pass_fds=pass_fds,
            bufsize=0,
        )
    except (OSError, ValueError) as error:
        raise _NotStartedError(error) from error
    with process:
        yield process


def _follow(process: subprocess.Popen[bytes], output: Output, deadline: float, stop: Event, watch: Watch) -> tuple[Ended, str]:
    """Take output until the warden has exited, time is up, someone wants it to stop, or it takes too much: then with the reason."""
    while process.poll() is None:
        if stop.is_set():
            return "stopped", ""
        if time.monotonic() >= deadline:
            return "timed-out", ""
        if reason := watch.over(process.pid):
            return "over-limit", reason
        _pump(process, output, min(_TICK, deadline - time.monotonic()))
    return "exited", ""


def _end(process: subprocess.Popen[bytes], output: Output, net: orphans.Net) -> None:
    """Let go of the lifeline and see that the warden does its work, else do it here."""
    assert process.stdin is not None  # noqa: S101 # it was opened as a pipe
    process.stdin.close()
    process.terminate()  # for the case that a fork of this process holds the lifeline, too
    try:
        deadline = time.monotonic() + _PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            _pump(process, output, _TICK)
    finally:
        if process.poll() is None:
            process.kill()
        if process.wait() < 0:
            net.sweep(process.pid)
        net.forget(process.pid)
    for _ in range(32):  # what may be left in the pipe, even if someone who escaped keeps on writing
        if not _pump(process, output, 0):
            break


def _pump(process: subprocess.Popen[bytes], output: Output, patience: float) -> bool:
    """Take what the program has written, waiting a little for it; tell whether there was any."""
    assert process.stdout is not None  # noqa: S101 # it was opened as a pipe
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    if not poll.poll(max(patience, 0) * 1000):
        return False
    data = os.read(process.stdout.fileno(), _CHUNK)
    if data:
        output.take(data)
    elif patience:  # closed: the warden is about to exit
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    return bool(data)


def _reason(outcome: Outcome, name: str, timeout: float | None) -> str:
    """Say what the kind of ending means."""
    if outcome.ended == "timed-out":
        return f"Still running after {timeout:g} s; it and everything it had started were ended."
    if outcome.ended == "stopped":
        return "Stopped by Airflow; it and everything it had started were ended."
    code = outcome.exit_code or 0
    if code > 128 and (number := code - 128) in signal.valid_signals():
        return f"{name!r} was ended by signal {number} ({signal.strsignal(number)})."
    if code and outcome.kept_in and "ermission denied" in outcome.excerpt:
        return "If a file was denied to it: it writes to its own folders alone, and reads no keys. `outside:` of its binding or check names others."
    return ""
