"""Runners that other distributions bring: entry points of the group `phasegate.runners`, looked up only for a name that is not our own."""

from __future__ import annotations

from typing import Any

from dag_factory.brought import Shelf
from dag_factory.errors import RunnerError
from dag_factory.runners.base import Runner

__all__ = ["GROUP", "installed"]

GROUP = "phasegate.runners"
"""Each entry point is a runner, or a class that makes one without arguments; its name is what an author writes under `runner:`."""

_PARTS = ("name", "reexecutes", "waits", "reports", "principals", "run")


def installed(name: str, own: frozenset[str]) -> Runner:
    """Find the runner of this name among what is installed.

    Parameters
    ----------
    own: the names that nobody else may take.

    Raises
    ------
    RunnerError: there is none, there are two, it is no runner, or a distribution takes one of our own names.

    """
    runner: Runner = _SHELF.take(name, own)
    return runner


def _lacks(runner: Any, name: str) -> str | None:
    lacks = [part for part in _PARTS if not hasattr(runner, part)]
    if lacks:
        return f"lacks {', '.join(lacks)}"
    if runner.name != name or runner.reexecutes is not False:
        return "calls itself otherwise, or says that Phasegate re-executes its work"
    return None


_SHELF = Shelf(GROUP, "runner", RunnerError, _lacks, "dag_factory.runners.base.Runner")
