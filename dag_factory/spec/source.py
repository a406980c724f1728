"""YAML text in, plain values and their places out.

Loading uses PyYAML's C loader, once. Places are found by composing the text a second time, and only when there is something
to report: a sound spec never pays for them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from dag_factory.errors import Diagnostic, Position, SpecError

__all__ = ["Source", "SpecPath"]

MAX_BYTES = 1_000_000
MAX_NODES = 100_000

SpecPath = tuple[str | int, ...]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _DuplicateKeyError(yaml.YAMLError):
    def __init__(self, key: object, mark: Any) -> None:
        super().__init__(f"the key {key!r} is written twice")
        self.problem_mark = mark


class _StrictLoader(_Loader):  # type: ignore[misc] # the C loader has no types
    """The safe C loader, refusing what YAML would let pass in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                raise _DuplicateKeyError(key, key_node.start_mark)
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


@dataclass(frozen=True)
class Source:
    """One YAML file: its name as shown to the author, and its text."""

    file: str
    text: str
    _marks: dict[SpecPath, Position] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path, *, shown: str | None = None) -> Source:
        """Read a spec file.

        Raises
        ------
        SpecError: it is missing, unreadable, not UTF-8, empty or larger than a megabyte.
        """
        name = shown or str(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _refused(name, "file-unreadable", f"The file cannot be read: {error.strerror}.", "Check its name and its rights.") from error
        if len(data) > MAX_BYTES:
            raise _refused(name, "file-unreadable", f"The file has {len(data)} bytes; a spec has at most {MAX_BYTES}.", "Split it.")
        try:
            return cls(name, data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise _refused(name, "file-unreadable", f"Byte {error.start} is not UTF-8.", "Save the file as UTF-8.") from error

    def load(self) -> dict[str, Any]:
        """Load the text as one mapping.

        Raises
        ------
        SpecError: the YAML is broken, has a key twice, or is no mapping.
        """
        try:
            value = yaml.load(self.text, Loader=_StrictLoader)  # noqa: S506 # a subclass of the safe loader
        except _DuplicateKeyError as error:
            raise SpecError([self._at_mark(error, "duplicate-key", f"{error}.", "Keep one of them.")]) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise SpecError([self._broken(error)]) from error
        if value is None:
            raise _refused(self.file, "file-empty", "The file is empty.", "Begin with `workflow: name` and `mission: …`.")
        if not isinstance(value, dict):
            raise _refused(self.file, "wrong-type", "A spec is a mapping of keys to values.", "Begin with `workflow: name`.")
        if _count(value, MAX_NODES) >= MAX_NODES:
            raise _refused(self.file, "file-unreadable", "The file expands to too many values.", "Use fewer YAML aliases.")
        return value

    def _broken(self, error: Exception) -> Diagnostic:
        problem = str(getattr(error, "problem", "") or error).split("\n", maxsplit=1)[0]
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            lines = self.text.splitlines()
            line = lines[mark.line] if mark.line < len(lines) else ""
            if line[mark.column : mark.column + 1] == "@":
                word = line[mark.column :].split()[0].strip(",:[]{}")
                return self._at_mark(error, "yaml-broken", f"YAML does not allow a value to begin with @ ({word}).", f"Drop the @: write {word[1:]}.")
        return self._at_mark(error, "yaml-broken", f"This is not YAML: {problem}.", "Check indentation, quotes and brackets around here.")

    def _at_mark(self, error: Exception, rule: str, reason: str, remedy: str) -> Diagnostic:
        mark = getattr(error, "problem_mark", None)
        where = Position(self.file, mark.line + 1, mark.column + 1) if mark is not None else Position(self.file, 1, 1)
        return Diagnostic(rule, where, reason, remedy)

    def where(self, path: SpecPath) -> Position:
        """Tell the place of a value; of the nearest one above it that is written, if it is not."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Position(self.file, 1, 1))

    @cached_property
    def places(self) -> dict[SpecPath, Position]:
        """The place of every key and list item."""
        places: dict[SpecPath, Position] = {}
        try:
            root = yaml.compose(self.text, Loader=_Loader)
        except yaml.YAMLError:
            return places
        if root is not None:
            self._walk(root, (), places)
        return places

    def _walk(self, node: yaml.Node, path: SpecPath, places: dict[SpecPath, Position]) -> None:
        if len(places) > MAX_NODES:
            return
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                place = (*path, str(key.value))
                places[place] = Position(self.file, key.start_mark.line + 1, key.start_mark.column + 1)
                self._walk(value, place, places)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                place = (*path, index)
                places[place] = Position(self.file, value.start_mark.line + 1, value.start_mark.column + 1)
                self._walk(value, place, places)


def _refused(file: str, rule: str, reason: str, remedy: str) -> SpecError:
    return SpecError([Diagnostic(rule, Position(file, 1, 1), reason, remedy)])


def _count(value: Any, limit: int) -> int:
    """Count values as a reader would meet them, aliases expanded, and stop at the limit."""
    total, queue = 0, [value]
    while queue and total < limit:
        item = queue.pop()
        total += 1
        if isinstance(item, dict):
            queue.extend(item.values())
        elif isinstance(item, list):
            queue.extend(item)
    return total
