"""Reads one workflow file into a spec, or says everything that is wrong with it, in the order of the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dag_factory.errors import Diagnostic, SpecError
from dag_factory.spec.catalogue import expand, pattern_names, read_catalogue, read_pattern
from dag_factory.spec.models import Workflow
from dag_factory.spec.overlay import Loosening, overlay
from dag_factory.spec.refusals import refusals
from dag_factory.spec.rules import STATIC_RULES, Subject
from dag_factory.spec.scalars import spoken
from dag_factory.spec.shape import near
from dag_factory.spec.source import Source

__all__ = ["WITHOUT", "Spec", "read_spec"]

WITHOUT = "none"
"""The word in the platform's list of patterns that lets a workflow go without one."""


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
    source = Source.read(path, shown=shown)
    raw = source.load()
    base = _pattern_of(raw, source, patterns)
    merged, loosened = overlay(base, raw)
    own = merged.get("catalogue") if isinstance(merged.get("catalogue"), dict) else {}
    catalogue = {**(own or {}), **read_catalogue()}
    merged, weakened = expand(merged, catalogue)
    found = [Diagnostic(item.rule, source.where(item.path), item.reason, item.remedy) for item in _once(loosened + weakened)]
    try:
        workflow = Workflow.model_validate(merged)
    except ValidationError as error:
        refused = refusals(Workflow, error, merged, source.spelled)
        raise SpecError(
            [*found, *(Diagnostic(item.rule, source.where(item.path), item.reason, item.remedy) for item in refused)]
        ) from error
    found += [item for rule in STATIC_RULES for item in rule(Subject(workflow, catalogue, raw, source))]
    if found:
        raise SpecError(list(dict.fromkeys(found)))  # two rules may see one fault
    return Spec(workflow, catalogue, source, path.parent)


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
        raise SpecError([Diagnostic("pattern-unknown", where, reason, f"Use one of {', '.join(pattern_names())}.")])
    if name not in allowed:
        reason = f"This platform allows the patterns {', '.join(allowed)}, not {name}."
        remedy = "Use an allowed one, or ask who sets `[phasegate] patterns`."
        raise SpecError([Diagnostic("pattern-forbidden", where, reason, remedy)])
    return read_pattern(str(name))


def _once(items: tuple[Loosening, ...]) -> tuple[Loosening, ...]:
    return tuple({(item.path, item.rule): item for item in items}.values())
