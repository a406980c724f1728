"""Spoils a JSON document in one place, and writes it again: it stays JSON, so that what reads its values is reached."""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random
from typing import Any

__all__ = ["EXTREMES", "changed_tree"]

EXTREMES: list[int | float] = [
    0,
    -1,
    1,
    2,
    100,
    101,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63),
    10**30,
    10**400,
    10**4299 * 9,
    0.1,
    -0.0,
    1e-320,
    1e308,
    0.5,
    99.999999,
]
_TEXTS = [
    "", " ", "x", "x" * 3_000, "\x00", "é", "\u202e", "𝔘", "ﬁ", "K", "ß", "İ", "PASSED", "FAILED", "pass", "true", "1", "-1", "NaN", "1e999",
    "2026-11-23T06:00:00Z",
    "2026-11-23T06:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "../x", "/x", "a/b", "file:///etc/passwd", "#/a", "#",
    "pkg:pypi/a@1", "pkg:", "CVE-2026-1",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "CVSS:4.0/AV:N", "*", "[*]", "{x}", "${x}", "%", "\n", "a\nb", "low", "critical", "error",
    "none", "a" * 64, "0" * 40,
]  # fmt: skip
_ODD: list[Any] = [None, True, False, [], {}, [[]], [{}], [None], {"": None}, {"$ref": "#"}, *EXTREMES, *_TEXTS]


@lru_cache(maxsize=4_096)
def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _parsed  # what no document is


def changed_tree(data: bytes, chance: Random) -> bytes | None:
    """The document with one thing in it changed; None if it is no JSON."""
    parsed = _parsed(data)
    if parsed is _parsed or not isinstance(parsed, dict | list) or not parsed:
        return None
    try:
        return _written(_spoilt(parsed, chance), chance)
    except (RecursionError, ValueError):
        return None


def _written(document: Any, chance: Random) -> bytes:
    how = chance.random()
    if how < 0.8:
        return json.dumps(document).encode("utf-8", "surrogatepass")
    if how < 0.9:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "surrogatepass")
    return json.dumps(document, indent=1).encode("utf-8", "surrogatepass")


def _spoilt(document: Any, chance: Random) -> Any:
    """A copy of the document, changed below a way that was chosen by chance; what is beside that way is shared."""
    if not isinstance(document, dict | list) or not document:
        return _other(document, chance)
    made: Any = dict(document) if isinstance(document, dict) else list(document)
    key = chance.choice(list(document)) if isinstance(document, dict) else chance.randrange(len(document))
    if isinstance(document[key], dict | list) and document[key] and chance.random() < 0.75:
        made[key] = _spoilt(document[key], chance)
        return made
    _place(made, key, chance)
    return made


def _place(made: Any, key: Any, chance: Random) -> None:
    value = made[key]
    match chance.choice(["odd", "odd", "near", "near", "gone", "again", "moved", "nested", "many"]):
        case "odd":
            made[key] = chance.choice(_ODD)
        case "near":
            made[key] = _other(value, chance)
        case "gone":
            del made[key]
        case "again" if isinstance(made, list):
            made.insert(chance.randrange(len(made) + 1), value)
        case "again":
            made[str(key) + chance.choice(["", "s", " ", "\u200b", "_"])] = value
        case "moved":
            other = chance.choice(list(made)) if isinstance(made, dict) else chance.randrange(len(made))
            made[key], made[other] = made[other], value
        case "nested":
            for _ in range(chance.choice([1, 2, 15, 70, 300])):
                value = [value] if chance.random() < 0.5 else {"a": value}
            made[key] = value
        case "many":
            made[key] = [value] * chance.choice([0, 1, 2, 30, 300])


def _other(value: Any, chance: Random) -> Any:
    """Another value of the same type: it gets past the first look."""
    match value:
        case bool():
            return not value
        case int() | float():
            return chance.choice(
                [value + 1, value - 1, -value, value * 1000, float(value) if abs(value) < 10**300 else 0, chance.choice(EXTREMES)]
            )
        case str():
            return chance.choice(
                [value + "x", value[:-1], value.upper(), value.swapcase(), f" {value}", value * 2, value[::-1], chance.choice(_TEXTS)]
            )
        case list() if value:
            return chance.choice([value * 2, value[::-1], value[1:], [value]])
        case dict() if value:
            return {**value, chance.choice(_TEXTS): chance.choice(_ODD)}
    return chance.choice(_ODD)
