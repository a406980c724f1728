"""What can be left out of a spec that is refused, so that the rest of it can be judged in the same go."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from dag_factory.spec.refusals import Refusal
from dag_factory.spec.source import SpecPath

__all__ = ["without"]

_INSTEAD: dict[str, Any] = {
    "workflow": "unnamed", "mission": "unsaid", "tags": (), "owner": "unnamed", "docs": None, "params": {}, "max_active_runs": 1, "timeout": None,
    "deadline": "1d", "budget": None, "assets": False, "schedule": None, "notify": {},
}  # fmt: skip
"""Keys of a spec that no rule about the others asks for, and what may stand there instead."""


def without(merged: dict[str, Any], refused: Sequence[Refusal]) -> dict[str, Any] | None:
    """Leave out what is refused, where that makes nothing else wrong.

    A key that nobody knows is left out, unless it looks like a misspelt one: what it was to say would then be missed a second time.

    Parameters
    ----------
    merged: the plain values of the whole spec.
    refused: everything that the models refuse of it.

    Returns
    -------
    The values that are left; None where something is refused that others rest on, or where the file names no workflow and may be no spec at all.

    """
    rest = copy.deepcopy(merged)
    for item in refused:
        key = str(item.path[0]) if item.path else ""
        if key in _INSTEAD and (key, item.rule) != ("workflow", "missing-key"):
            rest[key] = _INSTEAD[key]
        elif item.rule == "unknown-key" and not item.meant:
            _remove(rest, item.path)
        else:
            return None
    return rest


def _remove(values: Any, path: SpecPath) -> None:
    *above, last = path
    for part in above:
        values = values[part]
    values.pop(last, None)  # what a persona owes is one mapping in the catalogue and in its task
