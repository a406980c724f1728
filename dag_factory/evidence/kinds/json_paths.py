"""Places within a JSON document: what stands at a path like `attempts[*].id`, and how a place is told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dag_factory.evidence.kinds.base import MAX_FAULTS, clipped
from dag_factory.evidence.visible import visible

__all__ = ["entries", "place", "published"]

_EACH = "[*]"


def place(path: Iterable[str | int]) -> str:
    """A place within a document, as it is told."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return clipped(text.removeprefix(".")) or "the document"


def published(document: Any, path: str) -> tuple[list[str], list[str]]:
    """Collect the values at a path, in the order of the document, and what cannot be published.

    What is not there at all publishes nothing (the schema may demand it); but where a path goes through the items of
    an array each item must have what it names: an item without its id could never be answered.
    """
    level: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    wrong: list[str] = []
    for part in path.replace(_EACH, f".{_EACH}").lstrip(".").split("."):
        below: list[tuple[tuple[str | int, ...], Any]] = []
        for where, value in level:
            if part == _EACH and isinstance(value, list):
                below += [((*where, index), item) for index, item in enumerate(value)]
            elif part != _EACH and isinstance(value, dict) and part in value:
                below.append(((*where, part), value[part]))
            elif any(isinstance(key, int) for key in where) or part == _EACH:
                wanted = "a list" if part == _EACH else f"an object with “{part}”"
                wrong.append(f"{place(where)} must be {wanted}, so that {path} can be cited. Write it.")
        level = below
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
    """The entries of one list that each have an id at a path: where each stands, as `place` tells it, and its id."""
    above, each, key = path.rpartition(f"{_EACH}.")
    way, found = above.split(".") if above else [], document
    for part in way:
        found = found.get(part) if isinstance(found, dict) else None
    if not each or not isinstance(found, list):
        return {}
    names = ((index, one.get(key)) for index, one in enumerate(found) if isinstance(one, dict))
    return {place((*way, index)): name for index, name in names if isinstance(name, str)}
