"""Which keys a model has at a place of what was written, and where else a key belongs: for saying what was meant by one that is unknown."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

__all__ = ["anything_at", "keys_at", "near", "nearest", "nothing_at", "place_of", "required_at"]

_Place = tuple[str, ...]


def near(word: str, known: Iterable[str]) -> str:
    """The question whether another word was meant; nothing where none is like it."""
    found = nearest(word, known)
    return f" Did you mean {found!r}?" if found else ""


def nearest(word: str, known: Iterable[str], *, alike: float = 0.6) -> str:
    """The word that was probably meant, whatever the case, and whether it is joined by - or _; empty where none is like it.

    Parameters
    ----------
    word: what was written.
    known: the words that may stand there; of two that differ in case alone, the first.
    alike: how like it must be, from 0 to 1, as difflib counts.

    """
    names: dict[str, str] = {}
    for name in known:
        names.setdefault(_alike(name), name)
    found = difflib.get_close_matches(_alike(word), names, n=1, cutoff=alike)
    return names[found[0]] if found else ""


def _alike(word: str) -> str:
    return word.lower().replace("_", "-")


def keys_at(model: type[BaseModel], path: Iterable[str | int]) -> tuple[str, ...]:
    """The keys that may be written at a place, of every model that may stand there."""
    return tuple(key for one in _models(_at(model, path)) for key in _fields(one))


def required_at(model: type[BaseModel], path: Iterable[str | int]) -> tuple[str, ...]:
    """The keys that must be written at a place, of every model that may stand there."""
    return tuple(
        field.alias or name for one in _models(_at(model, path)) for name, field in one.model_fields.items() if field.is_required()
    )


def anything_at(model: type[BaseModel], path: tuple[str | int, ...]) -> bool:
    """Whether a model asks for no type at a place, or at one above it, so that no type can tell what was meant there."""
    return any(part is Any for depth in range(1, len(path) + 1) for one in _at(model, path[:depth]) for part in _parts(one))


def nothing_at(model: type[BaseModel], path: tuple[str | int, ...]) -> bool:
    """Whether a key at a place may be left out, and a value must follow where it is written."""
    return any(part is types.NoneType for one in _at(model, path) for part in _parts(one))


def place_of(key: str, model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    """Where a key belongs that is unknown at a place: as near to it as may be; empty if nowhere. `NAME` stands for a name of the author's."""
    for depth in range(len(path), -1, -1):
        start = tuple(str(part) for part in path[:depth])
        below = _below(start, _at(model, path[:depth]))
        found = next((place for place, one in below if key in _fields(one) and not getattr(one, "REFERS", False)), None)
        if found is not None:
            return ".".join(found)
    return ""


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _parts(annotation: Any) -> Iterator[Any]:
    """What an annotation may be, without wrapping: models, dicts, tuples and plain types."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for one in get_args(annotation):
            yield from _parts(one)
    else:
        yield annotation


def _models(annotations: Iterable[Any]) -> Iterator[type[BaseModel]]:
    """The models among annotations, and those in their tuples: a list of one may be written as that one."""
    for annotation in annotations:
        for part in _parts(annotation):
            if get_origin(part) is tuple:
                yield from _models(get_args(part)[:1])
            elif isinstance(part, type) and issubclass(part, BaseModel):
                yield part


def _at(model: type[BaseModel], path: Iterable[str | int]) -> list[Any]:
    at: list[Any] = [model]
    for step in path:
        if isinstance(step, int):
            at = [get_args(part)[0] for one in at for part in _parts(one) if get_origin(part) is tuple]
        else:
            named = [get_args(part)[1] for one in at for part in _parts(one) if get_origin(part) is dict]
            at = [*named, *(fields[step] for one in _models(at) if step in (fields := _fields(one)))]
    return at


def _below(start: _Place, annotations: Iterable[Any]) -> Iterator[tuple[_Place, type[BaseModel]]]:
    """Every model at and below a place, the nearest first, each once."""
    queue = [(start, annotation) for annotation in annotations]
    seen: set[type[BaseModel]] = set()
    for place, annotation in queue:
        for part in _parts(annotation):
            if get_origin(part) is dict:
                queue.append(((*place, "NAME"), get_args(part)[1]))
        for one in _models([annotation]):
            if one not in seen:
                seen.add(one)
                yield place, one
                queue += [((*place, key), inside) for key, inside in _fields(one).items()]
