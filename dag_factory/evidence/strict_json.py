"""JSON as evidence needs it: one reading only, and one way to write it.

`loads` refuses what two readers could understand differently (duplicate keys, NaN, numbers beyond a double, lone
surrogates, a byte order mark) and what is sent to exhaust the reader (size, depth, number of values).
`dumps_canonical` writes the bytes that digests and signatures are made of. The format is RFC 8259, within the limits
of RFC 7493 (I-JSON).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from dag_factory.errors import EvidenceError

__all__ = ["MAX_NODES", "dumps_canonical", "loads"]

MAX_NODES = 2_000_000
"""How many values and keys one document may hold; beyond it memory, not bytes, is what an attacker spends."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_SHOWN = 200  # signs of a place that are told
_LONE_SURROGATE_HINT = re.compile(r"\\u[dD][89a-fA-F]")


def loads(data: bytes, *, max_bytes: int, max_depth: int, max_nodes: int = MAX_NODES) -> Any:
    """Read one JSON document from bytes.

    Parameters
    ----------
    data: the bytes that were hashed; UTF-8 without a byte order mark.
    max_bytes: the largest document that is read at all.
    max_depth: how many arrays and objects may lie within each other.
    max_nodes: how many values the document may hold.

    Raises
    ------
    EvidenceError: the bytes are not one unambiguous JSON document within the limits.

    """
    if len(data) > max_bytes:
        raise EvidenceError(f"The JSON has {len(data)} bytes and at most {max_bytes} are read.", remedy="Write less into one document.")
    text = _decoded(data)
    _limit_nodes(data, max_nodes)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise EvidenceError(
            f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}.", remedy="Write one JSON document."
        ) from error
    except RecursionError as error:
        raise _too_deep(max_depth) from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise EvidenceError(f"The JSON holds a number that cannot be read: {error}.", remedy="Write it as a string.") from error
    _limit_depth(value, max_depth)
    if _LONE_SURROGATE_HINT.search(text):
        _refuse_lone_surrogates(value)
    return value


def dumps_canonical(value: Any) -> bytes:
    """Write a value the one way that digests are made of: sorted keys, no spaces, UTF-8, no escapes beyond JSON's own.

    Raises
    ------
    EvidenceError: the value holds a float, a key that is not text, text that is not Unicode, or anything JSON has no
        word for. Floats are refused because two programs may print one float differently.

    """
    try:
        if not _writable(value):
            _refuse_unwritable(value, "")
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise EvidenceError(
            f"The value cannot be written as canonical JSON: {error}.",
            remedy="Use Unicode text without lone surrogates, and nest less.",
        ) from error


def _decoded(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise EvidenceError("The JSON begins with a byte order mark.", remedy="Save it as UTF-8 without one.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise EvidenceError(
            f"The JSON is not UTF-8: byte {error.start} is {data[error.start]:#04x}.", remedy="Save it as UTF-8."
        ) from error


def _limit_nodes(data: bytes, limit: int) -> None:
    if _separators(data) < limit:  # counts those within strings too: an upper bound, at the speed of C
        return
    if _separators(_STRING.sub(b"", data)) >= limit:
        raise EvidenceError(f"The JSON holds more than {limit} values.", remedy="Write less into one document.")


def _separators(data: bytes) -> int:
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def _limit_depth(value: Any, limit: int) -> None:
    level = [value] if type(value) in (dict, list) else []
    for _ in range(limit):
        if not level:
            return
        level = [
            child for parent in level for child in (parent.values() if type(parent) is dict else parent) if type(child) in (dict, list)
        ]
    if level:
        raise _too_deep(limit)


def _too_deep(limit: int) -> EvidenceError:
    return EvidenceError(f"The JSON is nested more than {limit} levels deep.", remedy="Write it flatter.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        beside = ", ".join(list(made)[:5])[:120].encode("utf-8", "replace").decode()  # half a surrogate pair could not be signed
        for key, _ in pairs:
            if key in seen:
                raise EvidenceError(
                    f"The key {key[:80]!r} stands twice in one object (keys: {beside}).",
                    remedy="Keep one of the two: readers disagree which of them counts.",
                )
            seen.add(key)
    return made


def _constant(word: str) -> NoReturn:
    raise EvidenceError(f"The JSON holds {word}, which is no number.", remedy="Leave the value out or write a number.")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise EvidenceError(f"The number {digits[:40]} is beyond a double.", remedy="Write a smaller number.")
    return number


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise EvidenceError(
            "The JSON escapes half a surrogate pair, which is no character.", remedy="Write the character itself."
        ) from error


def _writable(value: Any) -> bool:
    """Whether a value is plain: then nobody need look for the place that is not."""
    kind = type(value)
    if kind is dict:
        return all(type(key) is str for key in value) and all(type(child) in _PLAIN or _writable(child) for child in value.values())
    if kind is list or kind is tuple:
        return all(type(child) in _PLAIN or _writable(child) for child in value)
    return kind in _PLAIN


def _refuse_unwritable(value: Any, where: str) -> None:
    if value is None or isinstance(value, str | int):  # bool is an int
        return
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                raise EvidenceError(f"The key {key!r} at {where or 'the top'} is not text.", remedy="Use text for keys.")
            _refuse_unwritable(child, f"{where[:_SHOWN]}.{key[:_SHOWN]}" if where else key[:_SHOWN])
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            _refuse_unwritable(child, f"{where[:_SHOWN]}[{index}]")
    else:
        raise EvidenceError(
            f"A {type(value).__name__} at {where or 'the top'} has no canonical JSON.",
            remedy="Use text, integers, booleans, null, lists and mappings; write a fraction as text.",
        )


_PLAIN = frozenset({str, int, bool, type(None)})
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
