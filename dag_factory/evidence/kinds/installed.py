"""Kinds that other distributions bring: entry points of the group `phasegate.kinds`, looked up only for a name that is not our own."""

from __future__ import annotations

from typing import Any, cast

from dag_factory.brought import Shelf
from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import Expectation, Kind

__all__ = ["GROUP", "installed", "names"]

GROUP = "phasegate.kinds"
"""Each entry point is a kind, or a class that makes one without arguments; its name is what an author writes under `kind:`."""


def installed(name: str, own: frozenset[str]) -> Kind:
    """Find the kind of this name among what is installed.

    Parameters
    ----------
    own: the names that nobody else may take.

    Raises
    ------
    EvidenceError: there is none, there are two, it is no kind, or a distribution takes one of our own names.

    """
    return cast(Kind, _SHELF.take(name, own))


def names() -> list[str]:
    """The names of the kinds that are installed beside our own; none of them is loaded for it."""
    return _SHELF.names()


def _lacks(kind: Any, name: str) -> str | None:
    lacks = [part for part in ("name", "Expect", "examine") if not hasattr(kind, part)]
    if lacks:
        return f"lacks {', '.join(lacks)}"
    if kind.name != name:
        return "calls itself otherwise"
    if not (isinstance(kind.Expect, type) and issubclass(kind.Expect, Expectation) and callable(kind.examine)):
        return "has an Expect that is no Expectation, or an examine that cannot be called"
    try:
        kind.Expect()
    except ValueError:
        return "expects what has no default"
    return None


_SHELF = Shelf(GROUP, "kind of evidence", EvidenceError, _lacks, "dag_factory.evidence.kinds.base.Kind")
