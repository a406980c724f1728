"""The order of phases: as the pattern has it, with those a workflow adds placed `before` or `after` another."""

from __future__ import annotations

from collections.abc import Mapping

from dag_factory.spec.models import Phase

__all__ = ["ordered"]


def ordered(phases: Mapping[str, Phase]) -> tuple[str, ...]:
    """Order phases; several beside one neighbour keep the order they are written in.

    One that names a neighbour which does not exist comes last, where the rules find it.
    """
    order = [name for name, phase in phases.items() if phase.before is None and phase.after is None]
    waiting = [name for name in phases if name not in order]
    while waiting:
        placed = [name for name in waiting if (phases[name].before or phases[name].after) in order]
        for name in (name for name in placed if phases[name].before):
            order.insert(order.index(phases[name].before or ""), name)
        for name in (name for name in reversed(placed) if not phases[name].before):
            order.insert(order.index(phases[name].after or "") + 1, name)
        if not placed:
            order.extend(waiting)
        waiting = [name for name in waiting if name not in order]
    return tuple(order)
