"""What the models refuse, in the words of a spec: what must stand there, what stands there, and what to write instead."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from dag_factory.spec.elsewhere import here
from dag_factory.spec.scalars import spoken
from dag_factory.spec.shape import keys_at, near, nearest, nothing_at, place_of, required_at
from dag_factory.spec.source import SpecPath

__all__ = ["Refusal", "refusals", "unsaid"]

_KINDS = {  # what pydantic calls a wrong type, and what must stand there
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "date_type": "a day",
    "date_from_datetime_inexact": "a day",
}
_REMEDIES = {
    "a text": "Write a text.",
    "true or false": "Write true or false, without quotes.",
    "a whole number": "Write a number like 3, without quotes.",
    "a number": "Write a number like 3 or 0.5, without quotes.",
    "a mapping": "Write its keys below it, each with a colon and a value.",
    "a list": "Write it in brackets, like [one, two].",
    "a day": "Write it like 2026-11-23, without quotes.",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
_MISSED = frozenset({"gate", "does"})  # a rule of its own says that they must be there
_FEW = 12  # keys that can be told in a sentence
_NAME = "a letter, then letters, digits, _ and - alone, at most 80 of them"


@dataclass(frozen=True)
class Refusal:
    """One thing that a model refuses: the rule that it breaks, where, why, what to do, and of an unknown key the one that it looks like."""

    rule: str
    path: SpecPath
    reason: str
    remedy: str
    meant: str = ""


def refusals(
    model: type[BaseModel], error: ValidationError, raw: Any, written: Callable[[SpecPath], str | None] = lambda _: None
) -> list[Refusal]:
    """Tell everything a model refuses, each place once. A key that is only misspelt is not missing as well.

    Parameters
    ----------
    model: the model.
    error: what it raised.
    raw: the plain values it was given.
    written: tells how a value at a path is spelled in the file; None where that is not known.

    """
    told: dict[SpecPath, list[Any]] = {}
    for fault in error.errors(include_url=False):
        told.setdefault(_path(fault["loc"], raw, missing=fault["type"] == "missing"), []).append(fault)
    found = [
        _refusal(model, path, faults, written(path))
        for path, faults in told.items()
        if not (all(fault["type"] in _KINDS for fault in faults) and any(_lies_below(path, other) for other in told))
    ]
    meant = {(*item.path[:-1], item.meant) for item in found if item.meant}
    return [item for item in found if not (item.rule == "missing-key" and item.path in meant)]


def unsaid(model: type[BaseModel], raw: Any, merged: Any) -> list[Refusal]:
    """Tell the keys that an author wrote and gave no value: they would mean what they mean left out, and hardly anybody writes one for that.

    Parameters
    ----------
    model: the model.
    raw: the plain values that were written.
    merged: the same over their pattern; what the pattern says instead of nothing is refused where the two are laid over each other.

    """
    empty = [path for path in _nothings(raw, ()) if path[-1] not in _MISSED and _value_at(merged, path) is None and nothing_at(model, path)]
    return [Refusal("wrong-type", path, f"{'.'.join(map(str, path))} has no value.", "Write one, or remove the key.") for path in empty]


def _nothings(value: Any, path: SpecPath) -> Iterator[SpecPath]:
    for key, inside in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if inside is None:
            yield (*path, key)
        else:
            yield from _nothings(inside, (*path, key))


def _value_at(value: Any, path: SpecPath) -> Any:
    """What stands at a path; something where there is no such place any more."""
    for part in path:
        children = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
        if part not in children:
            return ...
        value = children[part]
    return value


def _lies_below(path: SpecPath, other: SpecPath) -> bool:
    """Whether a place is within another: what is wrong in there says more than that nothing of the kind may stand here."""
    return len(other) > len(path) and other[: len(path)] == path


def _path(loc: tuple[int | str, ...], raw: Any, *, missing: bool) -> SpecPath:
    """Follow pydantic's location through what was written; it also names the branches of unions, which nobody wrote."""
    path: list[str | int] = []
    value = raw
    for part in loc:
        children = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, (list, tuple)) else {}
        if part in children:
            value = children[part]
            path.append(part)
    if missing:
        path.append(loc[-1])
    return tuple(path)


def _refusal(model: type[BaseModel], path: SpecPath, faults: Sequence[Any], spelled: str | None) -> Refusal:
    """One sentence for all that is said of a place: of the branches of a union, the one that speaks our words, else all they would take."""
    key = ".".join(str(part) for part in path) or "the spec"
    fault = next((one for one in faults if one["type"] not in _KINDS), faults[0])
    match fault["type"]:
        case "extra_forbidden":
            return Refusal("unknown-key", path, *_unknown(model, key, path))
        case "missing":
            return Refusal("missing-key", path, f"{key} is missing.", f"Write `{path[-1] if path else key}:`.")
        case "value_error":
            message = fault["msg"].removeprefix("Value error, ")
            given = fault["input"]
            shown = f" (found {spoken(given)})" if isinstance(given, (str, int, float)) and spoken(given) not in message else ""
            return Refusal("wrong-type", path, f"{key}: {message}{shown}.", "Correct this value.")
        case kind if kind in _KINDS:
            wanted = tuple(dict.fromkeys(_KINDS[one["type"]] for one in faults if one["type"] in _KINDS))
            return Refusal("wrong-type", path, *_other(key, wanted, fault["input"], spelled, required_at(model, path)))
        case kind:
            return Refusal("wrong-type", path, *_unfit(key, kind, fault))


def _unknown(model: type[BaseModel], key: str, path: SpecPath) -> tuple[str, str, str]:
    """What is said of a key that is none; and which one it looks like."""
    word, known = str(path[-1]), keys_at(model, path[:-1])
    reason = f"{key}: nothing is called {word!r} here"
    if "workflow" in model.model_fields and (instead := here(path)):
        return f"{reason}.", instead, ""
    if meant := nearest(word, known):
        return f"{reason}.{near(word, known)}", "Remove it, or correct its name.", meant
    if place := place_of(word, model, path[:-1]):
        return f"{reason}; it is a key of `{place}`.", "Write it there, or remove it.", ""
    return (
        f"{reason}.",
        f"Remove it, or write one of {', '.join(known)}." if 0 < len(known) <= _FEW else "Remove it, or correct its name.",
        "",
    )


def _other(key: str, wanted: Sequence[str], value: Any, spelled: str | None, required: Sequence[str]) -> tuple[str, str]:
    """Another kind of value than must stand here; and which keys a mapping in its place must have."""
    stands = spoken(value)
    read = spelled is not None and not isinstance(value, str) and value is not None and spelled != stands
    reason = f"{key} must be {' or '.join(wanted)}, and is {f'{spelled}, which YAML reads as {stands}' if read else stands}."
    if "a text" in wanted and isinstance(value, (bool, int, float, datetime.date)):
        return reason, f'Put it in quotes, if a text is meant: "{spelled if spelled is not None else stands}".'
    if wanted == ("a mapping",) and len(required) == 1 and isinstance(value, str) and re.fullmatch(r"[\w./@-]{1,80}", value):
        return reason, f"Write it as a mapping: {{{required[0]}: {value}}}."
    if "a list" in wanted and isinstance(value, str) and len(value) <= 80 and value.isprintable():
        return reason, f"Write it in brackets, even if it is one alone: [{value}]." if re.fullmatch(r"[\w./@-]+", value) else _REMEDIES[
            "a list"
        ]
    return reason, _REMEDIES[wanted[0]]


def _unfit(key: str, kind: str, fault: Any) -> tuple[str, str]:
    """The right kind of value, and none that may stand here."""
    said, stands = fault.get("ctx", {}), spoken(fault["input"])
    if kind == "literal_error":
        words = re.findall(r"'([^']*)'", said["expected"]) or [said["expected"].lower()]
        asked = near(fault["input"], words) if isinstance(fault["input"], str) else ""
        return f"{key} is {stands}, which may not stand here.{asked}", f"Write {_one_of(words)}."
    if kind in _BOUNDS:
        name, words_of = _BOUNDS[kind]
        return f"{key} must be {words_of} {said[name]}, and is {stands}.", f"Write a number that is {words_of} {said[name]}."
    if kind in ("string_too_short", "too_short") or said.get("pattern") == r"\S":
        return f"{key} is {'blank' if 'pattern' in said else 'empty'}.", "Write something there, or remove the key where it need not be."
    if kind in ("string_too_long", "too_long"):
        return f"{key} is too long: at most {said['max_length']} may stand there.", "Write less."
    if kind == "string_pattern_mismatch":
        return f"{key}: {stands} is no name.", f"Write {_NAME}."
    return f"{key} cannot be {stands}.", "Correct this value."


def _one_of(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
