"""Changing one value deep in JSON, named by its path: `predicate.checks.0.exit_code`, `phases.validation.tasks.devops.items.plan`.

A part of a path is a key, the number of an element, or what an element calls itself: its `id`, `task`, `item` or `name`. Where a key has a dot in it,
` > ` stands between the parts: `files > src/orders/code.py`.
"""

from __future__ import annotations

from typing import Any

from dag_factory.errors import PhasegateError

__all__ = ["drop", "look", "put"]

_NAMES = ("id", "task", "item", "name")


def look(value: Any, path: str) -> Any:
    """The value at a path.

    Raises
    ------
    PhasegateError: there is none.

    """
    for part in _parts(path):
        value = value[_key(value, part, path)]
    return value


def put(value: Any, path: str, new: Any) -> None:
    """Put a value at a path; an element that a list does not have is added to it.

    Raises
    ------
    PhasegateError: what should hold it is not there.

    """
    holder, last = _holder(value, path)
    if isinstance(holder, list) and _found(holder, last) is None:
        holder.append(new)
    else:
        holder[_key(holder, last, path) if isinstance(holder, list) else last] = new


def drop(value: Any, path: str) -> None:
    """Take away what is at a path.

    Raises
    ------
    PhasegateError: there is nothing.

    """
    holder, last = _holder(value, path)
    del holder[_key(holder, last, path)]


def _holder(value: Any, path: str) -> tuple[Any, str]:
    *above, last = _parts(path)
    for part in above:
        value = value[_key(value, part, path)]
    return value, last


def _parts(path: str) -> list[str]:
    return path.split(" > " if " > " in path else ".")


def _key(value: Any, part: str, path: str) -> Any:
    found = part if isinstance(value, dict) and part in value else _found(value, part) if isinstance(value, list) else None
    if found is None:
        raise PhasegateError(f"There is no {part!r} of {path!r}.", remedy="Mend the case: its paths must be those of the run.")
    return found


def _found(elements: list[Any], part: str) -> int | None:
    """The place of an element in a list: by its number, or by what it calls itself, whole or without what is before its last slash."""
    if part.lstrip("-").isdigit():
        number = int(part)
        return number if -len(elements) <= number < len(elements) else None
    for name in _NAMES:
        for place, element in enumerate(elements):
            called = element.get(name) if isinstance(element, dict) else None
            if isinstance(called, str) and part in (called, called.rpartition("/")[2]):
                return place
    return None
