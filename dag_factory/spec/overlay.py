"""Lays a workflow over its pattern: it may bind, add and tighten, and may take nothing away.

The two are merged as plain values, before any model sees them, so that every refusal can name the line the author wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dag_factory.spec.scalars import combined, spoken
from dag_factory.spec.shape import near
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
_BINDING = {
    "workflow", "mission", "pattern", "schedule", "workspace", "features", "personas", "catalogue",
    "params", "tags", "owner", "docs", "max_active_runs", "timeout", "deadline", "notify", "assets", "budget",
}  # fmt: skip
_WORDING = frozenset({"title", "does", "says"})
_NARROWING = {
    "items": ("prefixItems",),
    "additionalProperties": ("properties", "patternProperties"),
    "contains": ("minContains",),
}
_LADDERS = {  # words of which each next one asks for more
    "needs": ("observed", "attested", "re-executed"),
    "max_level": ("warning", "note", "none"),
    "max_severity": ("high", "medium", "low", "none"),
    "min_assurance": ("local", "pinned", "isolated"),
}


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
    if _binds(path, base, over):
        return over
    if len(path) == 2 and path[0] == "checks" and isinstance(base, dict):
        return _named_check(path, base, over, loosened)
    if isinstance(base, dict) and isinstance(over, dict):
        merged = dict(base)
        for key, value in over.items():
            merged[key] = _merge(base[key], value, (*path, key), loosened) if key in base else value
        loosened.extend((*_misplaced(path, base, over), *_unbounded(path, base, over)))
        return merged
    if over is not None and _tightens(path, base, over):
        return over
    loosened.append(_refused(path, base, over))
    return base


def _binds(path: SpecPath, base: Any, over: Any) -> bool:
    """Whether what stands here is the workflow's to say: the spec's own keys, paths, and words that no gate judges by."""
    if base is None or (len(path) == 1 and path[0] in _BINDING):
        return True
    if path[-1] == "persona" and combined(over):
        return True  # the rules say so in better words
    if len(path) == 2 and path[0] == "paths":
        return bool(over != [])
    if len(path) == 2 and path[0] == "fix" and path[1] not in {"max_waiver", "never_waive"}:
        return True  # how often, by whom and how long something is mended loosens nothing: the gate asks the same each time
    if path[-1] in _WORDING and isinstance(base, str) and path[0] != "checklists" and "expect" not in path:
        return True
    return type(base) is type(over) and not isinstance(base, dict) and bool(base == over)


def _named_check(path: SpecPath, base: dict[str, Any], over: Any, loosened: list[Loosening]) -> dict[str, Any]:
    """Give a check of the pattern another command; when it runs stays the pattern's."""
    written = over if isinstance(over, dict) else {"run": over}
    moment = base.get("at", "seal")
    if written.get("at", moment) != moment:
        loosened.append(Loosening("pattern-loosened", (*path, "at"), f"The pattern runs {path[-1]} at {moment}.", "Remove `at`."))
    return {**base, **written, "at": moment}


def _refused(path: SpecPath, base: Any, over: Any) -> Loosening:
    if over is None:
        return _removed(path)
    if _kind(base) != _kind(over):
        first = "" if isinstance(base, dict) else f", as it is where it was asked for first ({spoken(base)}),"
        reason = f"{_joined(path)} must be {_kind(base)}{first or ','} and is {spoken(over)}."
        rule = "wrong-type" if isinstance(base, dict) or isinstance(over, dict) else "pattern-loosened"
        remedy = "Write its keys below it, each with a colon and a value." if isinstance(base, dict) else f"Write {_kind(base)}."
        return Loosening(rule, path, reason, remedy)
    reason = f"The pattern, or the persona's contract, says {spoken(base)} here; {spoken(over)} would ask for less, or for something else."
    ladder = _LADDERS.get(str(path[-1]), ())
    if base in ladder and over not in ladder:
        return Loosening(
            "pattern-loosened",
            path,
            f"{_joined(path)} is {spoken(over)}, which may not stand here.{near(str(over), ladder)}",
            f"Write one of {', '.join(ladder[ladder.index(base) :])}.",
        )
    return Loosening("pattern-loosened", path, reason, "Leave it out, or ask for more than the pattern does.")


def _kind(value: Any) -> str:
    """What a value is, in the words of an author."""
    kinds = ((bool, "true or false"), ((int, float), "a number"), (str, "a text"), ((list, tuple), "a list"), (dict, "a mapping"))
    return next((word for kind, word in kinds if isinstance(value, kind)), "a day")


def _tightens(path: SpecPath, base: Any, over: Any) -> bool:
    key = str(path[-1])
    if isinstance(base, (int, float)) and isinstance(over, (int, float)) and not isinstance(base, bool) and not isinstance(over, bool):
        return (key.startswith("min_") and over >= base) or (key.startswith(("max_", "timeout")) and over <= base)
    if isinstance(base, list) and isinstance(over, list):
        if key in {"writes", "enum"}:  # what is allowed: fewer is tighter
            return all(item in base for item in over)
        return all(item in over for item in base)
    ladder: tuple[Any, ...] = _LADDERS.get(key, ())
    return base in ladder and over in ladder and ladder.index(over) > ladder.index(base)


def _misplaced(path: SpecPath, base: dict[str, Any], over: dict[str, Any]) -> Iterator[Loosening]:
    if len(path) == 2 and path[0] == "phases":
        for key in ("before", "after"):
            if key in over and key not in base:
                yield Loosening("pattern-loosened", (*path, key), "The order of the pattern's phases is fixed.", f"Remove `{key}`.")


def _unbounded(path: SpecPath, base: dict[str, Any], over: dict[str, Any]) -> Iterator[Loosening]:
    """Keywords of JSON Schema that, added beside the pattern's, make those reach less far."""
    for keyword, others in _NARROWING.items() if "schema" in path else ():
        for other in others:
            if keyword in base and other in over and other not in base:
                reason = f"{other} would make the pattern's {keyword} ask for less."
                yield Loosening("pattern-loosened", (*path, other), reason, f"Remove `{other}`.")


def _joined(path: SpecPath) -> str:
    return ".".join(str(part) for part in path)


def _removed(path: SpecPath) -> Loosening:
    what = _joined(path)
    match path:
        case ("phases", phase):
            return Loosening("phase-removed", path, f"Phase {phase} is mandatory for all, no exceptions.", "Remove this line.")
        case ("phases", _, "gate"):
            return Loosening("gate-missing", path, "Every phase is closed by a gate.", "Remove this line; the pattern's gate stays.")
        case ("phases", _, "tasks", task):
            return Loosening(
                "persona-removed", path, f"Task {task} of the pattern is mandatory for all, no exceptions.", "Remove this line."
            )
        case ("phases", _, "tasks", task, "evidence"):
            return Loosening("evidence-removed", path, f"{task} owes evidence: the pattern demands it.", "Remove this line.")
        case ("phases", _, "tasks", task, "evidence", item) | ("catalogue", task, "contracts", _, "evidence", item):
            return Loosening("evidence-removed", path, f"{task} owes {item}: the pattern demands it.", "Remove this line.")
    return Loosening("pattern-loosened", path, f"{what} is the pattern's and cannot be taken away.", "Remove this line.")
