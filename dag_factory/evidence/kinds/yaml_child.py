"""Reads YAML as JSON in a process of its own, with bounds on memory and time: what a parser does with hostile bytes stays here.

Started as a program, with nothing of this package imported: the document comes by stdin, the answer is one JSON object on stdout, with
`value` or `error`. Read is what OpenAPI allows of YAML 1.2: its JSON schema, keys that are texts, one document, no tags. Aliases count
as often as they stand for something.
"""

from __future__ import annotations

import json
import math
import re
import resource
import sys
from typing import Any

import yaml

MAX_DEPTH = 64
"""How deep the document may nest."""
MAX_NODES = 500_000
"""How many values and keys it may hold, with its aliases written out."""
MAX_BYTES = 40_000_000
"""How many bytes its texts may be, with its aliases written out."""
_MEMORY = 1_500_000_000
_SECONDS = 10
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,300})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True}
_WORDS |= {"false": False, "False": False, "FALSE": False}


class RefusedError(Exception):
    """The document is YAML that is not read."""


class _Open:
    """A mapping or list that is being read: how much of the whole it is so far, and how high it is."""

    def __init__(self, made: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.made, self.anchor = made, anchor
        self.key: str | None = None
        self.nodes, self.bytes, self.height = 1, 0, 1


def main() -> None:
    """Read, bound, parse, answer."""
    data = sys.stdin.buffer.read()
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    if sys.platform == "linux":  # elsewhere the system does not keep it
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        answer = json.dumps({"value": read(data)}, allow_nan=False)
    except Exception as error:
        answer = json.dumps({"error": " ".join(f"{type(error).__name__.removesuffix('Error')}: {error}".split())[:300]})
    sys.stdout.write(answer)


def read(data: bytes) -> Any:
    """Read one document.

    Raises
    ------
    RefusedError: it is beyond the limits, or holds what JSON has no word for.
    yaml.YAMLError: it is no YAML.

    """
    reading = _Reading()
    for event in yaml.parse(data.decode("utf-8-sig"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        reading.take(event)
    if not reading.done:
        raise RefusedError("there is no document")
    return reading.value


class _Reading:
    """One walk over the events of a document; nothing here recurses."""

    def __init__(self) -> None:
        self.value: Any = None
        self.done = False
        self._open: list[_Open] = []
        self._known: dict[str, tuple[Any, int, int, int]] = {}

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent) and self.done:
            raise RefusedError("there is more than one document")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) not in (None, "!", "tag:yaml.org,2002:str"):
            raise RefusedError(f"line {_line(event)}: a tag")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._known:
                raise RefusedError(f"line {_line(event)}: an alias of what is not there, or of what it is a part of")
            self._put(event, *self._known[event.anchor])
        elif isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            size = len(event.value)
            if event.anchor:
                self._known[event.anchor] = (value, 1, size, 0)
            self._put(event, value, 1, size, 0)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(self._open) >= MAX_DEPTH:
                raise RefusedError(f"line {_line(event)}: more than {MAX_DEPTH} levels deep")
            if self._open and isinstance(self._open[-1].made, dict) and self._open[-1].key is None:
                raise RefusedError(f"line {_line(event)}: a key that is no text")
            self._open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            ended = self._open.pop()
            if ended.anchor:
                self._known[ended.anchor] = (ended.made, ended.nodes, ended.bytes, ended.height)
            self._put(event, ended.made, ended.nodes, ended.bytes, ended.height)

    def _scalar(self, event: Any) -> Any:
        parent = self._open[-1] if self._open else None
        if not event.implicit[0] or event.tag or (parent and isinstance(parent.made, dict) and parent.key is None):
            return event.value  # quoted, or a key
        text = event.value
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text) or not _FLOAT.fullmatch(text):
            return int(text) if _INT.fullmatch(text) else text
        if math.isinf(number := float(text)):
            raise RefusedError(f"line {_line(event)}: a number beyond a double")
        return number

    def _put(self, event: Any, value: Any, nodes: int, size: int, height: int) -> None:
        if not self._open:
            self.value, self.done = value, True
            return
        parent = self._open[-1]
        if isinstance(parent.made, list):
            parent.made.append(value)
        elif parent.key is None:
            if not isinstance(value, str) or value == "<<":
                raise RefusedError(f"line {_line(event)}: {'merging with <<' if value == '<<' else 'a key that is no text'}")
            if value in parent.made:
                raise RefusedError(f"line {_line(event)}: the key {value[:80]!r} stands twice")
            parent.key = value
        else:
            parent.made[parent.key] = value
            parent.key = None
        parent.nodes, parent.bytes, parent.height = parent.nodes + nodes, parent.bytes + size, max(parent.height, height + 1)
        if parent.nodes > MAX_NODES or parent.bytes > MAX_BYTES or len(self._open) + height > MAX_DEPTH:
            raise RefusedError(f"line {_line(event)}: too much, or too deep, with the aliases written out")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


if __name__ == "__main__":
    main()
