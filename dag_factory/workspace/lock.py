"""One process at a time: an advisory lock on a file, given back by the kernel when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dag_factory.errors import WorkspaceError

__all__ = ["locked"]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file at `path`, waiting for it; the file is made and never removed.

    Raises
    ------
    WorkspaceError: the file cannot be made or locked.

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
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise WorkspaceError(
                f"The file system of {path} gives no locks: {error.strerror}.",
                remedy="Keep the mirrors on a local disk.",
            ) from error
        yield
