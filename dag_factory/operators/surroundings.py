"""What an operator of Airflow's finds around it: where it works, how long it may, and what is told of its end."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from dag_factory.evidence.statement import moment_of
from dag_factory.operators.attempt import Attempt
from dag_factory.runners import Outcome
from dag_factory.runners.masking import Mask

__all__ = ["discreet", "names", "surrounded", "told", "within"]

_SKIPS = {"AirflowSkipException", "DownstreamTasksSkipped"}
_SIGNALS = {"DagRunTriggerException"}


def names(attempt: Attempt) -> dict[str, str]:
    """What templates know as `phasegate`: absolute paths, and the feature."""
    bench, place = attempt.bench, attempt.place
    assert bench is not None  # noqa: S101 # it was prepared
    assert place is not None  # noqa: S101 # likewise
    found = {
        "workspace": attempt.workspace, "evidence": place.evidence, "inputs": bench.inputs, "task": bench.task_file, "spec_dir": bench.spec_dir,
    }  # fmt: skip
    return {name: str(path.absolute()) for name, path in found.items()} | {
        "feature": attempt.task.feature or "",
        "commit": attempt.base or "",
    }


@contextmanager
def surrounded(attempt: Attempt) -> Iterator[None]:
    """Let the same be found in the environment, as programs find it, with what the binding's `env` adds; afterwards it is as it was.

    So are the current folder and the mask of new files: git and the checks that come next would go by what an operator left of them.
    """
    assert attempt.bench is not None  # noqa: S101 # it was prepared
    found = {f"PHASEGATE_{name.upper()}": path for name, path in names(attempt).items() if path}
    more = {**attempt.bench.environment, **found}
    before, umask, place = dict(os.environ), os.umask(0o077), os.open(".", os.O_PATH)
    os.umask(umask)
    os.environ.update(more)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)
        os.umask(umask)
        os.fchdir(place)
        os.close(place)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Limit what is done in the main thread, and leave the alarm that Airflow has set as it was.

    Raises
    ------
    AirflowTaskTimeout: the time is over.

    """
    from airflow.sdk.exceptions import AirflowTaskTimeout

    def ring(*_: Any) -> None:
        raise AirflowTaskTimeout(f"Still at work after {seconds} s.")

    began = time.monotonic()
    try:
        before = signal.signal(signal.SIGALRM, ring)
    except ValueError:  # no main thread: Airflow's own limit has to do
        yield
        return
    left = signal.setitimer(signal.ITIMER_REAL, seconds)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.01, left - (time.monotonic() - began)))


def told(attempt: Attempt, problem: Exception | str = "", *, ended: Literal["exited", "timed-out"] = "exited") -> Outcome:
    """How an operator ended. Its log is the task's own log in Airflow; the store keeps a line that says so."""
    work, mask = attempt.plan.executions[attempt.task.id].work, _mask(attempt)
    reason = _reason(problem, mask) if isinstance(problem, Exception) else mask(problem)
    text = f"{work['path']} worked in the task's own process: its log is the task's log in Airflow.\n{reason}".rstrip()
    (attempt.root / "log.txt").write_text(text, encoding="utf-8", errors="replace")
    seconds = (datetime.now(UTC) - moment_of(attempt.started_at)).total_seconds()
    code = (1 if problem else 0) if ended == "exited" else None
    return Outcome(ended, code, attempt.principals, len(text), False, text, seconds, reason)


def discreet(attempt: Attempt, error: Exception | None) -> Exception | None:
    """An exception that Airflow may log; one that would tell a secret, or that led to one which would, is told in the words of its traceback, masked.

    It may hold a secret anywhere, also where nobody can change it, and spell it as it likes: so what counts is what is shown of it.
    """
    if error is None:
        return None
    shown = "".join(traceback.format_exception(error))
    masked = _mask(attempt)(shown)
    return error if masked == shown else RuntimeError(masked)


def _mask(attempt: Attempt) -> Callable[[str], str]:
    assert attempt.bench is not None  # noqa: S101 # it was prepared
    return Mask(attempt.bench.secrets.masked).text


def _reason(error: Exception, mask: Callable[[str], str]) -> str:
    """What an exception says, in one line, without the secrets that Airflow or we know."""
    from airflow.sdk.log import redact  # type: ignore[attr-defined] # Airflow's own way to it

    kinds = {kind.__name__ for kind in type(error).__mro__}
    said = " ".join(str(redact(mask(_words(error)))).split())[:1000]
    if kinds & _SKIPS:
        return f"It skipped ({said or type(error).__name__}), and a skip is no answer here."
    if kinds & _SIGNALS:
        return "It asks Airflow to start another run when it has ended, and nothing can be sealed after that."
    return f"{type(error).__name__}: {said}"


def _words(error: Exception) -> str:
    """What an exception says, as text that can be signed: a file's name in it may be none."""
    try:
        return str(error).encode(errors="replace").decode()
    except Exception:
        return "it says nothing that can be read"
