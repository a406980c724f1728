"""The `$ref`s of a document: each leads to something within it, and none in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from dag_factory.evidence.kinds.base import Fault, clipped

__all__ = ["References"]

_DATA = frozenset({"example", "default", "enum", "const", "value"})
"""Keys below which stands data, where a `$ref` is only a name."""
_NAMED = frozenset({
    "properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "schemas", "responses", "parameters", "examples",
    "requestBodies", "headers", "securitySchemes", "links", "callbacks", "pathItems", "paths", "webhooks", "content", "encoding",
    "variables", "mapping", "scopes", "mediaTypes", "additionalOperations",
})  # fmt: skip
"""Keys below which every key is a name that somebody chose."""
_LONGEST = 100
_SHOWN = 120  # signs of a place
_NOWHERE = object()


class References:
    """The references of one document, found by one walk over it that does not recurse.

    Parameters
    ----------
    document: the whole of it.

    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._targets: dict[str, str] = {}
        self._ends: dict[str, Any] = {}
        self._known: set[str] = set()
        level: list[tuple[Any, str, bool]] = [(document, "", False)]
        while level:
            below: list[tuple[Any, str, bool]] = []
            for value, where, named in level:
                if isinstance(value, dict):
                    below += self._within(value, where, named)
                elif isinstance(value, list):
                    below += [(one, f"{where[:_SHOWN]}[{index}]", False) for index, one in enumerate(value) if isinstance(one, dict | list)]
            level = below

    def _within(self, value: Mapping[str, Any], where: str, named: bool) -> Iterator[tuple[Any, str, bool]]:
        if not named:
            target = value.get("$ref")
            if isinstance(target, str):
                self._targets.setdefault(target, where)
            self._known |= {f"#{value['$anchor']}"} if isinstance(value.get("$anchor"), str) else set()
            self._known |= {value["$id"]} if isinstance(value.get("$id"), str) else set()
        for key, one in value.items():
            if not isinstance(one, dict | list) or (not named and (key in _DATA or (key == "examples" and isinstance(one, list)))):
                continue
            place = f"{where[:_SHOWN]}.{key[:_SHOWN]}" if where else key[:_SHOWN]  # whole ones of what is nested would fill all memory
            yield one, place, not named and key in _NAMED

    def faults(self) -> Iterator[Fault]:
        """Tell of every reference that leaves the document, leads nowhere, or leads back to itself."""
        for target, where in self._targets.items():
            place = f"{clipped(where, 100)} refers to {clipped(target, 100)}, which"
            if target in self._known:
                continue
            if not target.startswith("#"):
                yield Fault(f"{place} lies outside of the document. Write it into it.", clipped(where, 120))
            elif self._at(target) is _NOWHERE:
                yield Fault(f"{place} is nowhere in the document. Write it, or refer to what is there.", clipped(where, 120))
            elif self.follow({"$ref": target}) is None:
                yield Fault(f"{place} only leads back to itself. Refer to what is there.", clipped(where, 120))

    def follow(self, value: Any) -> Any:
        """Follow references to what they lead to: the value itself where it is none or leads nowhere, None where it leads in a circle."""
        seen: set[str] = set()
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            target = value["$ref"]
            if target in seen or len(seen) > _LONGEST:
                return None
            seen.add(target)
            found = self._at(target)
            if found is _NOWHERE:
                return value
            value = found
        return value

    def _at(self, target: str) -> Any:
        """What a JSON Pointer (RFC 6901) in a fragment leads to; each is read once, however many refer to it."""
        if target not in self._ends:
            self._ends[target] = self._found(target)
        return self._ends[target]

    def _found(self, target: str) -> Any:
        pointer = unquote(target.removeprefix("#"))
        if not target.startswith("#") or (pointer and not pointer.startswith("/")):
            return _NOWHERE
        value: Any = self._document
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(value):
                value = value[int(key)]
            else:
                return _NOWHERE
        return value
