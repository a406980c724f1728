"""Where a program may write and what it may not read: what its warden asks the kernel for, see `dag_factory.runners.landlock`, and what is told of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dag_factory.runners import landlock
from dag_factory.runners.base import Bounds

__all__ = ["Confinement", "confine", "why_not_kept_in"]


@dataclass(frozen=True)
class Confinement:
    """How one program is kept in.

    Parameters
    ----------
    options: what the warden is told; nothing where the program is not kept in.
    why_loose: why it is not; empty where it is.
    remarks: sentences for the log: what else than one may think is open, or closed.

    """

    options: tuple[str, ...] = ()
    why_loose: str = ""
    remarks: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def why_not_kept_in() -> str:
    """Say why this machine keeps no program from writing outside of its folders; empty where it does. Asked once a process."""
    try:
        found = landlock.version()
    except OSError as error:
        return f"this kernel has no Landlock: {error.strerror}"
    return "" if found >= landlock.LEAST else f"this kernel's Landlock is of version {found}, and {landlock.LEAST} is needed"


def confine(bounds: Bounds, own: Iterable[str | Path], hidden: Iterable[Path]) -> Confinement:
    """Find out how a program is kept in.

    Parameters
    ----------
    own: the folders it may write to in any case; `bounds.outside` comes besides.
    hidden: what it is not to read. Where it may write it reads, too: what lies there is not hidden.

    """
    writes = list(dict.fromkeys(os.path.abspath(folder) for folder in (*own, *bounds.outside)))  # noqa: PTH100 # a link keeps its name
    real = [Path(os.path.realpath(folder)) for folder in writes]
    if Path("/") in real:
        return Confinement(why_loose="it may write anywhere")
    if why := why_not_kept_in():
        return Confinement(why_loose=why, remarks=(f"It may write wherever its user may: {why}.",))
    secret = list(dict.fromkeys(Path(os.path.realpath(path)) for path in hidden))
    shared = [Path(folder).resolve() for folder in landlock.SHARED]
    closed = [path for path in secret if not any(path.is_relative_to(one) for one in (*real, *shared))]
    options = (*(f"--write={folder}" for folder in writes), *(f"--hide={path}" for path in closed))
    return Confinement(options, remarks=tuple(_remarks(bounds, writes, real, secret)))


def _remarks(bounds: Bounds, writes: list[str], real: list[Path], secret: list[Path]) -> Iterator[str]:
    for folder in bounds.outside:
        if not os.path.lexists(folder):
            yield f"{folder} is not there, so nothing can be written to it: make it on the worker, or leave it out of `outside:`."
    for path in secret:
        for folder in (name for name, one in zip(writes, real, strict=True) if path.is_relative_to(one)):
            yield f"{path} is open to it: it lies in {folder}, to which it may write. Keep one of them elsewhere."
