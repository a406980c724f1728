"""A document with one value in it replaced by what nobody expects there, one place after another."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

__all__ = ["mutated"]

_ODD: tuple[Any, ...] = (None, [], {}, "", "x", 0, -1, True, 1.5, 10**30, [[]], [{}], {"x": []}, [None])


def mutated(document: Any) -> Iterator[tuple[str, Any]]:
    """Every such document, with the place that was changed; and every one that lacks the place."""
    for path in _paths(document, ()):
        for odd in _ODD:
            yield f"{path}={odd!r}", _changed(document, path, odd)
        if path:
            yield f"{path} gone", _changed(document, path, None, gone=True)


def _paths(value: Any, at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _paths(below, (*at, key))


def _changed(document: Any, path: tuple[Any, ...], value: Any, *, gone: bool = False) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    if gone:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed
