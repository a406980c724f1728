"""What other distributions bring, as entry points: looked up only for a name that is not one of our own, and never in place of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from dag_factory.errors import PhasegateError

__all__ = ["Shelf"]


@dataclass(frozen=True)
class Shelf:
    """Where one sort of thing is brought to.

    Parameters
    ----------
    group: the entry points' group; each is the thing, or a class that makes one without arguments, and its name is what an author writes.
    what: what one of them is called in messages, like “runner”.
    error: what is raised where there is none that can be taken.
    lacks: says why a thing that was loaded under a name is none of its sort, and None where it is one.
    see: where it is told what such a thing must have.

    """

    group: str
    what: str
    error: type[PhasegateError]
    lacks: Callable[[Any, str], str | None]
    see: str

    def names(self) -> list[str]:
        """The names under which something was brought, sorted; nothing is loaded for it."""
        return sorted({point.name for point in entry_points(group=self.group)})

    def take(self, name: str, own: frozenset[str]) -> Any:
        """Find and load what was brought under a name.

        Parameters
        ----------
        own: the names that nobody else may take.

        Raises
        ------
        PhasegateError: of the sort of `error`: there is none, there are two, it is not what it must be, or a distribution takes one of our own names.

        """
        found = entry_points(group=self.group)
        taken = [point for point in found if point.name in own]
        if taken:
            reason = f"{_whose(taken[0])} brings a {self.what} {taken[0].name!r}, which is the name of one of Phasegate's own."
            raise self.error(reason, remedy="Remove that distribution, or ask its makers for another name.")
        named = list({(point.value, _whose(point)): point for point in found if point.name == name}.values())
        if not named:
            known = ", ".join([*sorted(own), *sorted({point.name for point in found})])
            raise self.error(
                f"There is no {self.what} {name!r} here.", remedy=f"Use one of {known}, or install the distribution that brings it."
            )
        if len(named) > 1:
            whose = " and ".join(_whose(point) for point in named)
            raise self.error(f"{whose} both bring a {self.what} {name!r}.", remedy="Remove one of them.")
        return self._loaded(named[0])

    def _loaded(self, point: EntryPoint) -> Any:
        try:
            made = point.load()
            thing = made() if isinstance(made, type) else made
        except Exception as error:
            reason = f"The {self.what} {point.name!r} of {_whose(point)} cannot be loaded: {type(error).__name__}: {error}."
            raise self.error(reason, remedy="Mend or remove that distribution.") from error
        reason = self.lacks(thing, point.name) or ""
        if reason:
            raise self.error(f"The {self.what} {point.name!r} of {_whose(point)} {reason}.", remedy=f"See {self.see}.")
        return thing


def _whose(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
