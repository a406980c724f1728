"""Reads one workflow file into a spec, or says everything that is wrong with it, in the order of the file."""

from __future__ import annotations

import difflib
import re
import reprlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from dag_factory.errors import Diagnostic, SpecError
from dag_factory.spec.catalogue import expand, pattern_names, read_catalogue, read_pattern
from dag_factory.spec.models import Workflow
from dag_factory.spec.overlay import Loosening, overlay
from dag_factory.spec.rules import STATIC_RULES, Subject
from dag_factory.spec.source import Source, SpecPath

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
        raise SpecError([*found, *_told(error, merged, source)]) from error
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
        reason = f"There is no pattern {name!r}.{_guess(str(name), pattern_names())}"
        raise SpecError([Diagnostic("pattern-unknown", where, reason, f"Use one of {', '.join(pattern_names())}.")])
    if name not in allowed:
        reason = f"This platform allows the patterns {', '.join(allowed)}, not {name}."
        remedy = "Use an allowed one, or ask who sets `[phasegate] patterns`."
        raise SpecError([Diagnostic("pattern-forbidden", where, reason, remedy)])
    return read_pattern(str(name))


def _once(items: tuple[Loosening, ...]) -> tuple[Loosening, ...]:
    return tuple({(item.path, item.rule): item for item in items}.values())


def _told(error: ValidationError, raw: Any, source: Source) -> list[Diagnostic]:
    told: dict[tuple[SpecPath, str], Diagnostic] = {}
    for fault in error.errors(include_url=False, include_context=False):
        path = _written(fault["loc"], raw, missing=fault["type"] == "missing")
        rule, reason, remedy = _sentence(fault, path)
        if (path, rule) not in told or fault["type"] == "value_error":  # of a union's branches, the one that speaks our words
            told[path, rule] = Diagnostic(rule, source.where(path), reason, remedy)
    return list(told.values())


def _written(loc: tuple[int | str, ...], raw: Any, *, missing: bool) -> SpecPath:
    """Follow pydantic's location through what was written; it also names the branches of unions, which nobody wrote."""
    path: list[str | int] = []
    value = raw
    for part in loc:
        children = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
        if part in children:
            value = children[part]
            path.append(part)
    if missing:
        path.append(loc[-1])
    return tuple(path)


def _sentence(fault: Any, path: SpecPath) -> tuple[str, str, str]:
    key = ".".join(str(part) for part in path) or "the spec"
    if fault["type"] == "extra_forbidden":
        near = _guess(str(path[-1]), _keys_beside(path))
        return "unknown-key", f"{key}: nothing is called {path[-1]!r} here.{near}", "Remove it, or correct its name."
    if fault["type"] == "missing":
        return "missing-key", f"{key} is missing.", f"Write `{path[-1] if path else key}:`."
    message = re.sub(r" or instance of \w+", "", fault["msg"].removeprefix("Value error, "))
    message = message.replace("dictionary", "mapping").replace("tuple", "list")
    given = fault.get("input")
    plain = isinstance(given, (str, int, float, bool, type(None))) and repr(given) not in message
    shown = f" (found {reprlib.repr(given)})" if plain else ""
    return "wrong-type", f"{key}: {message}{shown}.", "Correct this value."


def _keys_beside(path: SpecPath) -> tuple[str, ...]:
    """The keys the models know, all of them: good enough to guess what a misspelt one was meant to be."""
    from dag_factory.spec import models  # the module's namespace, to find its classes

    kinds = [kind for kind in vars(models).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    if len(path) == 1:
        kinds = [Workflow]
    return tuple(name for kind in kinds for name in kind.model_fields)


def _guess(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
