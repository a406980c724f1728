"""Lays a workflow over its pattern: it may bind, add and tighten, and may take nothing away.

The two are merged as plain values, before any model sees them, so that every refusal can name the line the author wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dag_factory.spec.source import SpecPath

__all__ = ["Loosening", "overlay"]


@dataclass(frozen=True)
class Loosening:
    """Something a workflow took from its pattern: which rule that breaks, where, and what it was."""

    rule: str
    path: SpecPath
    reason: str
    remedy: str


# A workflow may freely write these over its pattern: they bind, and loosen nothing.
_BINDING = frozenset({"workflow", "mission", "pattern", "schedule", "workspace", "features", "personas", "catalogue"}) | {
    "params", "tags", "owner", "docs", "max_active_runs", "timeout", "title", "does", "says"
}  # fmt: skip


def overlay(pattern: dict[str, Any], workflow: dict[str, Any]) -> tuple[dict[str, Any], tuple[Loosening, ...]]:
    """Merge a workflow into its pattern.

    Returns
    -------
    The merged values, and everything the workflow tried to take away; where it did, the pattern's value is kept.
    """
    loosened: list[Loosening] = []
    merged = {**pattern}
    for key, value in workflow.items():
        merged[key] = _merge(pattern.get(key), value, (key,), loosened) if key in pattern else value
    return merged, tuple(loosened)


def _merge(base: Any, over: Any, path: SpecPath, loosened: list[Loosening]) -> Any:
    if path[-1] in _BINDING or base == over or base is None:
        return over
    if path[0] in {"paths", "checks"} and len(path) == 2:
        return _named_check(base, over) if path[0] == "checks" else over
    if path[-1] == "persona" and not (isinstance(over, str) and over.replace("-", "").isalnum()):
        return over  # a combined persona: the rules say so in better words
    if over is None:
        loosened.append(_removed(path))
        return base
    if isinstance(base, dict) and isinstance(over, dict):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = _merge(base[key], value, (*path, key), loosened) if key in base else value
        loosened.extend(_misplaced(path, base, over))
        return merged
    if _tightens(path, base, over):
        return over
    loosened.append(
        Loosening("pattern-loosened", path, f"The pattern says {base!r} here; {over!r} would ask for less, or for something else.",
                  "Leave it out, or ask for more than the pattern does.")
    )  # fmt: skip
    return base


def _named_check(base: Any, over: Any) -> Any:
    """Give a check of the pattern another command; when it runs stays the pattern's."""
    written = over if isinstance(over, dict) else {"run": over}
    return {**base, **written, "at": base.get("at", "seal")} if isinstance(base, dict) else over


def _tightens(path: SpecPath, base: Any, over: Any) -> bool:
    key = str(path[-1])
    if isinstance(base, (int, float)) and isinstance(over, (int, float)) and not isinstance(over, bool):
        return (key.startswith("min_") and over >= base) or (key.startswith(("max_", "timeout")) and over <= base)
    if isinstance(base, list) and isinstance(over, list):
        if key == "writes":
            return all(item in base for item in over)
        return all(item in over for item in base)
    return key == "needs" and (base, over) in {("observed", "attested"), ("observed", "re-executed")}


def _misplaced(path: SpecPath, base: dict[str, Any], over: dict[str, Any]) -> Iterator[Loosening]:
    if len(path) == 2 and path[0] == "phases":
        for key in ("before", "after"):
            if key in over and key not in base:
                yield Loosening("pattern-loosened", (*path, key), "The order of the pattern's phases is fixed.", f"Remove `{key}`.")


def _removed(path: SpecPath) -> Loosening:
    what = ".".join(str(part) for part in path)
    match path:
        case ("phases", phase):
            return Loosening("phase-removed", path, f"Phase {phase} is mandatory for all, no exceptions.", "Remove this line.")
        case ("phases", _, "gate"):
            return Loosening("gate-missing", path, "Every phase is closed by a gate.", "Remove this line; the pattern's gate stays.")
        case ("phases", _, "tasks", task):
            return Loosening("persona-removed", path, f"Task {task} of the pattern is mandatory for all, no exceptions.", "Remove this line.")
        case ("phases", _, "tasks", task, "evidence", item) | ("catalogue", task, "contracts", _, "evidence", item):
            return Loosening("evidence-removed", path, f"{task} owes {item}: the pattern demands it.", "Remove this line.")
    return Loosening("pattern-loosened", path, f"{what} is the pattern's and cannot be taken away.", "Remove this line.")
