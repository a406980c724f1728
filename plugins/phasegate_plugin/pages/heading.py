"""What every page begins with."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Crumb", "Heading"]


@dataclass(frozen=True)
class Crumb:
    """One place on the way here; `href` is empty for this page itself."""

    label: str
    href: str


@dataclass(frozen=True)
class Heading:
    """What every page begins with: its title, the way here, and whose it is."""

    title: str
    crumbs: tuple[Crumb, ...]
    dag_id: str
    run_id: str
