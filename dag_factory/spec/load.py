"""Reads one workflow file into a spec, or says everything that is wrong with it, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dag_factory.errors import Diagnostic, SpecError
from dag_factory.spec.aside import without
from dag_factory.spec.catalogue import expand, pattern_names, read_catalogue, read_pattern
from dag_factory.spec.models import Workflow
from dag_factory.spec.overlay import Loosening, overlay
from dag_factory.spec.refusals import Refusal, refusals, unsaid
from dag_factory.spec.rules import STATIC_RULES, Subject
from dag_factory.spec.scalars import spoken
from dag_factory.spec.shape import near
from dag_factory.spec.source import Source, SpecPath

__all__ = ["WITHOUT", "Spec", "examine", "read_spec"]

WITHOUT = "none"
"""The word in the platform's list of patterns that lets a workflow go without one."""


_ALONE = frozenset(
    {
        "fix-owner-unknown", "fix-undecided", "foundation-missing", "implementation-first", "key-unused", "notifier-path", "notify-never",
        "people-twice", "rule-unknown", "schedule-invalid", "validator-implements", "workspace-secret", "wrong-type",
    }
)  # fmt: skip
"""Static rules whose faults leave the meaning of all the rest as it is: a plan can still be made, and looked at."""

_NAMING = frozenset({("phases",), ("paths",), ("checks",)})
"""What gives the names that the rest of a spec refers to."""


@dataclass(frozen=True)
class Spec:
    """A sound workflow: the model with its pattern in it, the catalogue it uses, and the file it came from."""

    workflow: Workflow
    catalogue: dict[str, Any]
    source: Source
    folder: Path


def read_spec(path: Path, *, patterns: tuple[str, ...] = ("standard",), shown: str | None = None) -> Spec:
    """Read a workflow file, lay it over its pattern, and hold it against every static rule.

    Parameters
    ----------
    path: the YAML file.
    patterns: what the platform allows; ``none`` among them lets a workflow say ``pattern: false``.
    shown: the file's name in messages, where it should differ from the path.

    Raises
    ------
    SpecError: with a diagnostic for everything that is wrong.

    """
    spec, found = examine(path, patterns=patterns, shown=shown)
    if found or spec is None:
        raise SpecError(found)
    return spec


def examine(path: Path, *, patterns: tuple[str, ...] = ("standard",), shown: str | None = None) -> tuple[Spec | None, list[Diagnostic]]:
    """Read a workflow file as `read_spec` does, and go on as far as what is found there lets anybody judge the rest.

    Returns
    -------
    A spec, and all that is wrong with the file. Where something is wrong, the spec is only there to look for more, and lacks what was refused;
    it is None where more would be guessed.

    Raises
    ------
    SpecError: the file cannot be read, or its pattern cannot be used.

    """
    source = Source.read(path, shown=shown)
    raw, found = source.read_on()
    misread = [place for item in found if (place := source.path_at(item.where)) is not None]
    base = _pattern_of(raw, source, patterns)
    merged, loosened = overlay(base, raw)
    own = merged.get("catalogue") if isinstance(merged.get("catalogue"), dict) else {}
    catalogue = {**(own or {}), **read_catalogue()}
    merged, weakened = expand(merged, catalogue)
    workflow, refused = _modelled(merged, raw, source)
    follows = _following(merged, refused)
    refused = [item for item in refused if not _within(item.path, follows)]
    found += [
        _told(item, source) for item in _once(loosened + weakened) if not _above(item.path, misread) and not _within(item.path, follows)
    ]
    strange = {item.path for item in refused if item.rule == "unknown-key"}
    found = [item for item in found if source.path_at(item.where) not in strange]  # what is called nothing need not be a text
    found += [_told(item, source) for item in refused if item.path in strange or not _above(item.path, misread)]
    if misread or workflow is None or any(item.path in _NAMING for item in loosened):
        return None, found
    broken = [item for rule in STATIC_RULES for item in rule(Subject(workflow, catalogue, raw, source))]
    aside = [item.path for item in refused]
    told = [item for item in broken if not aside or not _above(source.path_at(item.where) or ("",), aside)]
    found = list(dict.fromkeys([*found, *told]))  # two rules may see one fault
    return Spec(workflow, catalogue, source, path.parent) if all(item.rule in _ALONE for item in broken) else None, found


def _modelled(merged: dict[str, Any], raw: dict[str, Any], source: Source) -> tuple[Workflow | None, list[Refusal]]:
    """The workflow, without what is refused of it, where that can be left out; and all that is refused."""
    refused = unsaid(Workflow, raw, merged)
    try:
        workflow = Workflow.model_validate(merged)
        if not refused:
            return workflow, []
    except ValidationError as error:
        empty = [item.path for item in refused]
        refused += [item for item in refusals(Workflow, error, merged, source.spelled) if not _above(item.path, empty)]
    rest = without(merged, refused)
    try:
        return Workflow.model_validate(rest) if rest is not None else None, refused
    except ValidationError:
        return None, refused


def _told(item: Loosening | Refusal, source: Source) -> Diagnostic:
    return Diagnostic(item.rule, source.where(item.path), item.reason, item.remedy)


def _above(path: SpecPath, places: Iterable[SpecPath]) -> bool:
    """Whether one of these places lies at or below a path: what is said of the whole may then only follow from the part."""
    return any(place[: len(path)] == path for place in places)


def _within(path: SpecPath, places: Iterable[SpecPath]) -> bool:
    """Whether a path is at or below one of these places."""
    return any(path[: len(place)] == place for place in places)


def _following(merged: dict[str, Any], refused: Iterable[Refusal]) -> list[SpecPath]:
    """The tasks of personas of the author's own that are refused: what such a one owes stands in its tasks too, and would be told there again."""
    broken = {item.path[1] for item in refused if item.path[:1] == ("catalogue",) and len(item.path) > 1}
    phases = merged.get("phases") if broken else None
    return [
        ("phases", phase_id, "tasks", task_id)
        for phase_id, phase in (phases.items() if isinstance(phases, dict) else ())
        for task_id, task in (phase["tasks"].items() if isinstance(phase, dict) and isinstance(phase.get("tasks"), dict) else ())
        if isinstance(task, dict) and isinstance(task.get("persona"), str) and task["persona"] in broken
    ]


def _pattern_of(raw: dict[str, Any], source: Source, allowed: tuple[str, ...]) -> dict[str, Any]:
    name = raw.get("pattern", allowed[0] if allowed else WITHOUT)
    where = source.where(("pattern",))
    if name is False or name == WITHOUT:
        if WITHOUT not in allowed:
            reason = f"This platform allows the patterns {', '.join(allowed)}, and no workflow without one."
            remedy = "Remove `pattern` to have the standard one; or whoever runs the platform adds none to `[phasegate] patterns`."
            raise SpecError([Diagnostic("pattern-forbidden", where, reason, remedy)])
        return {}
    if name not in pattern_names():
        reason = f"There is no pattern {spoken(name)}.{near(str(name), pattern_names())}"
        if "pattern" not in raw:
            remedy = f"Whoever runs the platform writes {', '.join(pattern_names())} or none into `[phasegate] patterns`."
            raise SpecError(
                [Diagnostic("pattern-unknown", where, f"The platform's patterns begin with one that is none. {reason}", remedy)]
            )
        raise SpecError([Diagnostic("pattern-unknown", where, reason, f"Use one of {', '.join(pattern_names())}.")])
    if name not in allowed:
        reason = f"This platform allows the patterns {', '.join(allowed)}, not {name}."
        remedy = "Use an allowed one, or ask who sets `[phasegate] patterns`."
        raise SpecError([Diagnostic("pattern-forbidden", where, reason, remedy)])
    return read_pattern(str(name))


def _once(items: tuple[Loosening, ...]) -> tuple[Loosening, ...]:
    return tuple({(item.path, item.rule): item for item in items}.values())
