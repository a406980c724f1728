"""One process at a time: an advisory lock on a file, given back by the kernel when its holder dies."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dag_factory.errors import WorkspaceError

__all__ = ["locked"]


@contextmanager
def locked(path: Path, stop: threading.Event | None = None) -> Iterator[None]:
    """Hold the lock of the file at `path`, waiting for it; the file is made and never removed.

    Parameters
    ----------
    path: the file.
    stop: ends the waiting when it is set.

    Raises
    ------
    WorkspaceError: the file cannot be made or locked, or the waiting was ended.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise WorkspaceError(
            f"The lock file {path} cannot be opened: {error.strerror}.",
            remedy="Let Airflow's user write into its folder.",
        ) from error
    with file:
        try:
            if stop is None:
                fcntl.flock(file, fcntl.LOCK_EX)
            else:
                _wait(file.fileno(), path, stop)
        except OSError as error:
            raise WorkspaceError(
                f"The file system of {path} gives no locks: {error.strerror}.",
                remedy="Keep the mirrors on a local disk.",
            ) from error
        yield


def _wait(handle: int, path: Path, stop: threading.Event) -> None:
    """Ask again and again: who waits in the kernel for a lock cannot be told to stop."""
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stop.wait(0.1):
                raise WorkspaceError(
                    f"The task was stopped while another one held {path.name}.", remedy="Clear the task to have it done again."
                ) from None
        else:
            return
