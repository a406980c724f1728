"""Runners that other distributions bring: entry points of the group `phasegate.runners`, looked up only for a name that is not our own."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from dag_factory.errors import RunnerError
from dag_factory.runners.base import Runner

__all__ = ["GROUP", "installed"]

GROUP = "phasegate.runners"
"""Each entry point is a runner, or a class that makes one without arguments; its name is what an author writes under `runner:`."""


def installed(name: str, own: frozenset[str]) -> Runner:
    """Find the runner of this name among what is installed.

    Parameters
    ----------
    own: the names that nobody else may take.

    Raises
    ------
    RunnerError: there is none, there are two, it is no runner, or a distribution takes one of our own names.

    """
    found = entry_points(group=GROUP)
    taken = [point for point in found if point.name in own]
    if taken:
        reason = f"{_whose(taken[0])} brings a runner {taken[0].name!r}, which is the name of one of Phasegate's own."
        raise RunnerError(reason, remedy="Remove that distribution, or ask its makers for another name.")
    named = list({(point.value, _whose(point)): point for point in found if point.name == name}.values())
    if not named:
        known = ", ".join([*sorted(own), *sorted({point.name for point in found})])
        raise RunnerError(f"There is no runner {name!r} here.", remedy=f"Use one of {known}, or install the distribution that brings it.")
    if len(named) > 1:
        whose = " and ".join(_whose(point) for point in named)
        raise RunnerError(f"{whose} both bring a runner {name!r}.", remedy="Remove one of them.")
    return _loaded(named[0])


def _loaded(point: EntryPoint) -> Runner:
    try:
        made = point.load()
        runner = made() if isinstance(made, type) else made
    except Exception as error:
        reason = f"The runner {point.name!r} of {_whose(point)} cannot be loaded: {type(error).__name__}: {error}."
        raise RunnerError(reason, remedy="Mend or remove that distribution.") from error
    lacks = [part for part in ("name", "reexecutes", "waits", "reports", "principals", "run") if not hasattr(runner, part)]
    if lacks or runner.name != point.name or runner.reexecutes is not False:
        reason = f"lacks {', '.join(lacks)}" if lacks else "calls itself otherwise, or says that Phasegate re-executes its work"
        raise RunnerError(f"The runner {point.name!r} of {_whose(point)} {reason}.", remedy="See dag_factory.runners.base.Runner.")
    return runner  # type: ignore[no-any-return]


def _whose(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
