"""Where the git command is, and whether it can do what is asked of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from dag_factory.errors import WorkspaceError

__all__ = ["found"]

_OLDEST = (2, 38)
"""`git merge-tree --write-tree` appeared in 2.38."""

_PATIENCE = 20
"""Seconds that git is waited for to tell its version: the scheduler asks where it begins."""


def found() -> str:
    """Find git on PATH. It is looked for once for each PATH, and what is forked knows it; again where it is no longer there.

    Raises
    ------
    WorkspaceError: it is missing, does not answer, or is older than 2.38.

    """
    path = os.environ.get("PATH", os.defpath)
    if not os.access(program := _program(path), os.X_OK):
        _program.cache_clear()
        program = _program(path)
    return program


@lru_cache(maxsize=8)
def _program(path: str) -> str:
    where = shutil.which("git", path=path)
    if where is None:
        raise WorkspaceError("The `git` command is not on PATH.", remedy="Install git 2.38 or newer on the worker.")
    program = str(Path(where).absolute())
    try:
        said = subprocess.run(
            [program, "version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WorkspaceError(f"{program} does not tell its version: {error}.", remedy="Install git 2.38 or newer.") from error
    number = re.search(r"git version (\d+)\.(\d+)", said.stdout)
    if number is None:
        raise WorkspaceError(f"{program} does not tell its version.", remedy="Install git 2.38 or newer.")
    if (int(number[1]), int(number[2])) < _OLDEST:
        raise WorkspaceError(
            f"{program} is version {number[1]}.{number[2]}, and Phasegate merges with what came in 2.38.",
            remedy="Install git 2.38 or newer on the worker.",
        )
    return program
