"""Places within a JSON document: what stands at a path like `attempts[*].id`, and how a place is told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dag_factory.evidence.kinds.base import MAX_FAULTS, clipped
from dag_factory.evidence.visible import visible

__all__ = ["entries", "place", "published"]

_EACH = "[*]"
_Where = tuple[str | int, ...]


def place(path: Iterable[str | int]) -> str:
    """A place within a document, as it is told."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return clipped(text.removeprefix(".")) or "the document"


def published(document: Any, path: str) -> tuple[list[str], list[str]]:
    """Collect the values at a path, in the order of the document, and what cannot be published.

    What is not there at all publishes nothing (the schema may demand it); but where a path goes through the items of
    an array each item must have what it names: an item without its id could never be answered.
    """
    level, wrong = _at(document, path)
    found: list[str] = []
    for where, value in level:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if visible(text).strip():
            found.append(text)
        else:
            shown = clipped(json.dumps(value, ensure_ascii=False), 60)
            wrong.append(f"{place(where)} is {shown}, and an id is text. Write one.")
    return found, wrong[:MAX_FAULTS]


def entries(document: Any, path: str) -> dict[str, str]:
    """The entries of lists that each have an id at a path: where each stands, as `place` tells it, and its id."""
    found: dict[str, str] = {}
    for where, value in _at(document, path)[0]:
        last = max((at for at, part in enumerate(where) if isinstance(part, int)), default=None)
        if last is not None and isinstance(value, str):
            found[place(where[: last + 1])] = value
    return found


def _at(document: Any, path: str) -> tuple[list[tuple[_Where, Any]], list[str]]:
    """The values at a path and where each stands, and what is not as the path has it."""
    level: list[tuple[_Where, Any]] = [((), document)]
    wrong: list[str] = []
    for part in path.replace(_EACH, f".{_EACH}").lstrip(".").split("."):
        below: list[tuple[_Where, Any]] = []
        for where, value in level:
            if part == _EACH and isinstance(value, list):
                below += [((*where, index), item) for index, item in enumerate(value)]
            elif part != _EACH and isinstance(value, dict) and part in value:
                below.append(((*where, part), value[part]))
            elif any(isinstance(key, int) for key in where) or part == _EACH:
                wanted = "a list" if part == _EACH else f"an object with “{part}”"
                wrong.append(f"{place(where)} must be {wanted}, so that {path} can be cited. Write it.")
        level = below
    return level, wrong
