"""The small words of a spec: durations, money, sizes, names, and texts kept in tuples."""

from __future__ import annotations

import datetime
import re
import reprlib
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import pendulum
from pydantic import BeforeValidator, StringConstraints

__all__ = [
    "FUNCTION",
    "Command",
    "Name",
    "Seconds",
    "Texts",
    "Word",
    "bytes_of",
    "combined",
    "money_of",
    "seconds_of",
    "short_form",
    "spoken",
]

_DURATION = re.compile(r"(?:([0-9]{1,4})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,9})s)?")
_LONGEST = 3650 * 24 * 3600
_SIZE = re.compile(r"([0-9]{1,12})\s*(B|kB|MB|GB)")
_MONEY = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,2})?)\s*([A-Z]{3})")
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 80
FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
"""A function of a module, as `module:function`."""
_JOINED = re.compile(r"\s|[,+&/|]|\band\b")


def spoken(value: Any) -> str:
    """What stands in a spec, as it is said in a sentence and as YAML has it: `nothing`, `true`, `'x'`, `a list`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list, tuple)):
        short = (
            f"[{', '.join(value)}]" if isinstance(value, (list, tuple)) and value and all(isinstance(part, str) for part in value) else ""
        )
        return short if 0 < len(short) <= 80 else f"{'a' if value else 'an empty'} {'mapping' if isinstance(value, dict) else 'list'}"
    return str(value) if isinstance(value, datetime.date) else _BRIEF.repr(value)


def short_form(key: str, wanted: str) -> Callable[[Any], Any]:
    """Read the short form of a mapping: a text alone is the value of one of its keys.

    Parameters
    ----------
    key: whose value it is.
    wanted: what may be written, for whoever wrote neither a text nor a mapping.

    Raises
    ------
    ValueError: by what is returned, where there is neither a text nor a mapping.

    """

    def read(value: Any) -> Any:
        if isinstance(value, str):
            return {key: value}
        if not isinstance(value, dict):
            raise ValueError(f"{spoken(value)} may not stand here; write {wanted}")  # noqa: TRY004 # pydantic tells these
        return value

    return read


def seconds_of(value: Any) -> int:
    """Read a duration such as ``90m``, ``1h30m``, ``45s`` or ``2d`` as whole seconds.

    Raises
    ------
    ValueError: it is not a duration, it is nothing, or it is more than ten years.

    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        raise ValueError(f"{spoken(value)} is not a duration; write it like 90m, 1h30m, 45s or 2d")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = int(pendulum.duration(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds())
    if total <= 0:
        raise ValueError(f"{spoken(value)} lasts no time")
    if total > _LONGEST:
        raise ValueError(f"{spoken(value)} lasts more than ten years")
    return total


def bytes_of(value: Any) -> int:
    """Read a size such as ``50 MB`` (decimal, as SI has it) as bytes.

    Raises
    ------
    ValueError: it is not a size.

    """
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{spoken(value)} is not a size; write it like 500 kB or 50 MB")
    return int(match[1]) * {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[match[2]]


def money_of(value: Any) -> str:
    """Read an amount such as ``5 USD``; it stays text, so that no cent is lost to a float.

    Raises
    ------
    ValueError: it is not an amount with a three-letter currency.

    """
    match = _MONEY.fullmatch(value) if isinstance(value, str) else None
    if match is None or Decimal(match[1]) <= 0:
        raise ValueError(f"{spoken(value)} is not an amount of money; write it like 5 USD")
    return f"{Decimal(match[1])} {match[2]}"


def combined(persona: object) -> bool:
    """Whether what stands where one persona belongs names several: a list, or words that are joined."""
    return isinstance(persona, (list, tuple, dict)) or (isinstance(persona, str) and _JOINED.search(persona.strip()) is not None)


def _tuple_of(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _command_of(value: Any) -> Any:
    if isinstance(value, list):
        if not value or not all(isinstance(part, str) for part in value):
            raise ValueError("a command written as a list is a program and its arguments, all texts")
        return tuple(value)
    if isinstance(value, str) and not value.strip():
        raise ValueError("the command is empty")
    return value


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,79}$")]
"""A name that is safe in a task id, a path and a URL: ASCII only, so that no look-alike letter passes."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"\S")]
Seconds = Annotated[int, BeforeValidator(seconds_of)]
Texts = Annotated[tuple[Word, ...], BeforeValidator(_tuple_of)]
Command = Annotated[str | tuple[str, ...], BeforeValidator(_command_of)]
