"""YAML text in, plain values and their places out.

Loading uses PyYAML's C loader, once. Places are found by composing the text a second time, and only when there is something
to report: a sound spec never pays for them.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from dag_factory.errors import Diagnostic, Position, SpecError
from dag_factory.spec.broken import broken

__all__ = ["Source", "SpecPath"]

MAX_BYTES = 1_000_000
MAX_NODES = 100_000
MAX_DEPTH = 64
_SHALLOW = 2_000  # characters that cannot nest deep enough to hurt the C loader, which recurses on the C stack

SpecPath = tuple[str | int, ...]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_QUOTE = "Put it in quotes, if a text is meant."
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map", "timestamp"))

_MERGE = "tag:yaml.org,2002:merge"
_DAY = re.compile(r"[0-9]{4}-[0-9]")
_OTHERWISE = re.compile(r"[-+]?(0[0-9_]+\b(?!\.)|[0-9][0-9_]*:)")
"""Numbers that mean something else than they say: in base 8, and in base 60."""


class _RefusedError(yaml.YAMLError):
    """YAML that is valid, and that a spec does not allow."""

    rule: str
    reason: str
    remedy: str

    def __init__(self, rule: str, reason: str, remedy: str, mark: Any) -> None:
        super().__init__(reason)
        self.rule, self.reason, self.remedy, self.problem_mark = rule, reason, remedy, mark


class _StrictLoader(_Loader):  # type: ignore[misc] # the C loader has no types
    """The safe C loader, refusing what YAML would let pass in silence, and values that have no JSON.

    What it refuses it keeps, and reads on with what comes nearest to it, so that all of it is told at once.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.refused: dict[tuple[int, int], _RefusedError] = {}

    def _refuse(self, rule: str, reason: str, remedy: str, mark: Any) -> None:
        self.refused.setdefault((mark.line, mark.column), _RefusedError(rule, reason, remedy, mark))

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[str, Any] = {}
        for key_node, _ in node.value:
            mark = key_node.start_mark
            if key_node.tag == _MERGE:
                self._refuse("yaml-broken", "Merging with << is not read here.", "Write the keys out.", mark)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise _RefusedError("wrong-type", *_no_text(key_node), mark)
            if not isinstance(key := self.construct_object(key_node), str):
                self._refuse("wrong-type", *_no_text(key_node, key), mark)
                key = self.constructed_objects[key_node] = key_node.value
            if key in seen:
                first = f"{seen[key].line + 1}:{seen[key].column + 1}"
                self._refuse("duplicate-key", f"The key {reprlib.repr(key)} is written twice: first at {first}.", "Keep one of them.", mark)
            seen.setdefault(key, mark)
        node.value = [(key, value) for key, value in node.value if key.tag != _MERGE or isinstance(value, yaml.MappingNode)]
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if node.tag not in _TAGS:
            word = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse("yaml-broken", f"The YAML tag {word} is not read here.", _QUOTE, node.start_mark)
            kind = "map" if isinstance(node, yaml.MappingNode) else "seq" if isinstance(node, yaml.SequenceNode) else "str"
            node.tag = f"tag:yaml.org,2002:{kind}"
        try:
            value = super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError, OverflowError):
            self._refuse("wrong-type", *_unread(node), node.start_mark)
            self.recursive_objects.pop(node, None)
            node.tag = "tag:yaml.org,2002:str"
            return super().construct_object(node)
        if isinstance(value, (int, float)) and _OTHERWISE.match(node.value):
            reason = f"YAML reads {reprlib.repr(node.value)[1:-1]} as {value:g}, which hardly anybody means who writes it."
            remedy = f'Put it in quotes, if a text is meant: "{node.value[:40]}"; else write the number.'
            self._refuse("wrong-type", reason, remedy, node.start_mark)
        if isinstance(value, str) and "\0" in value:
            self._refuse("wrong-type", "A text with a NUL character cannot be used.", "Remove it.", node.start_mark)
        if (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, int) and abs(value) >= 2**63):
            reason = f"{reprlib.repr(node.value)} is no number that every machine can hold."
            self._refuse("wrong-type", reason, "Write a smaller one.", node.start_mark)
        return value


def _no_text(node: yaml.Node, value: Any = None) -> tuple[str, str]:
    """A key that is none: what it is instead, and what to do."""
    if isinstance(node, yaml.ScalarNode):
        read = f", for YAML reads it as {str(value).lower()}" if isinstance(value, bool) else ""
        return f"The key {node.value[:40]} is no text{read}, and every key is one.", _QUOTE
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        return "A mapping in braces stands where a key must stand, and is no text.", 'If a template is meant, put it in quotes: "{{ … }}".'
    return "This key is no text, and every key is one.", _QUOTE


def _unread(node: yaml.Node) -> tuple[str, str]:
    kind = node.tag.rpartition(":")[2]
    if kind == "timestamp" and _DAY.match(node.value):
        return f"{node.value[:40]} is written like a day, and there is no such day.", "Correct it, or put it in quotes, if a text is meant."
    return f"{reprlib.repr(node.value)} cannot be read as a value of YAML's type {kind}.", _QUOTE


@dataclass(frozen=True)
class Source:
    """One YAML file: its name as shown to the author, and its text."""

    file: str
    text: str
    _spelled: dict[SpecPath, str] = field(default_factory=dict, repr=False, compare=False)
    _begun: dict[tuple[int, int], SpecPath] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path, *, shown: str | None = None) -> Source:
        """Read a spec file.

        Raises
        ------
        SpecError: it is missing, unreadable, not UTF-8, empty or larger than a megabyte.

        """
        name = shown or str(path)
        try:
            if path.exists() and not path.is_file():  # a pipe would never end
                raise OSError(0, "it is no plain file")
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise _refused(
                name, "file-unreadable", f"The file cannot be read: {error.strerror}.", "Check its name and its rights."
            ) from error
        if len(data) > MAX_BYTES:
            raise _refused(name, "file-unreadable", f"A spec has at most {MAX_BYTES} bytes; this file has more.", "Split it.")
        try:
            return cls(name, data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode()  # what is behind a byte order mark
            where = Position(name, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
            raise SpecError([Diagnostic("file-unreadable", where, "This is not UTF-8.", "Save the file as UTF-8.")]) from error

    def load(self) -> dict[str, Any]:
        """Load the text as one mapping.

        Raises
        ------
        SpecError: the YAML is broken, has a key twice, or is no mapping.

        """
        value, refused = self.read_on()
        if refused:
            raise SpecError(refused)
        return value

    def read_on(self) -> tuple[dict[str, Any], list[Diagnostic]]:
        """Load the text as one mapping, with everything in it that a spec does not allow; what is allowed there comes nearest to it.

        Raises
        ------
        SpecError: the YAML is broken, so that nobody can tell what the rest of it means, or it is no mapping.

        """
        try:
            if len(self.text) > _SHALLOW:
                self._refuse_depth()
            value, refused = _loaded(self.text)
        except _RefusedError as error:
            raise SpecError([self._at_mark(error)]) from error
        except (yaml.YAMLError, RecursionError) as error:
            raise SpecError([broken(self.file, self.text, error)]) from error
        if value is None:
            raise _refused(self.file, "file-empty", "The file is empty.", "Begin with `workflow: name` and `mission: …`.")
        if not isinstance(value, dict):
            raise _refused(self.file, "wrong-type", "A spec is a mapping of keys to values.", "Begin with `workflow: name`.")
        if not _bounded(value):
            reason = "The file expands to too many values, or nests too deep."
            raise _refused(self.file, "file-unreadable", reason, "Use fewer YAML aliases.")
        return value, [self._at_mark(error) for error in refused]

    def _refuse_depth(self) -> None:
        """Follow the nesting by events, which takes no stack: composing a file that nests deep enough would end the process."""
        depth = 0
        for event in yaml.parse(self.text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise _RefusedError("file-unreadable", f"Values nest deeper than {MAX_DEPTH} levels.", "Nest less.", event.start_mark)

    def _at_mark(self, error: _RefusedError) -> Diagnostic:
        mark = error.problem_mark
        return Diagnostic(error.rule, Position(self.file, mark.line + 1, mark.column + 1), error.reason, error.remedy)

    def path_at(self, where: Position) -> SpecPath | None:
        """Tell which key or value begins at a place; None where none does."""
        return self._begun.get((where.line, where.column)) if self.places else None

    def where(self, path: SpecPath) -> Position:
        """Tell the place of a value; of the nearest one above it that is written, if it is not."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Position(self.file, 1, 1))

    def spelled(self, path: SpecPath) -> str | None:
        """Tell how a value is spelled in the file, before YAML reads it; None where it is no single value, or not written."""
        return self._spelled.get(path) if self.places else None

    @cached_property
    def places(self) -> dict[SpecPath, Position]:
        """The place of every key and list item."""
        places: dict[SpecPath, Position] = {}
        try:
            root = yaml.compose(self.text, Loader=_Loader)
        except (yaml.YAMLError, RecursionError):
            return places
        if root is not None:
            self._walk(root, (), places)
        return places

    def _walk(self, node: yaml.Node, path: SpecPath, places: dict[SpecPath, Position]) -> None:
        if len(places) > MAX_NODES:
            return
        self._begun.setdefault((node.start_mark.line + 1, node.start_mark.column + 1), path)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                place = (*path, str(key.value))
                places[place] = at = Position(self.file, key.start_mark.line + 1, key.start_mark.column + 1)
                self._begun[at.line, at.column] = place
                self._walk(value, place, places)
        elif isinstance(node, yaml.ScalarNode):
            self._spelled[path] = node.value
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                place = (*path, index)
                places[place] = Position(self.file, value.start_mark.line + 1, value.start_mark.column + 1)
                self._walk(value, place, places)


def _loaded(text: str) -> tuple[Any, list[_RefusedError]]:
    loader = _StrictLoader(text)
    try:
        return loader.get_single_data(), list(loader.refused.values())
    finally:
        loader.dispose()


def _refused(file: str, rule: str, reason: str, remedy: str) -> SpecError:
    return SpecError([Diagnostic(rule, Position(file, 1, 1), reason, remedy)])


def _bounded(value: Any) -> bool:
    """Whether a value is small and shallow, counted as a reader would meet it, with aliases expanded."""
    total, queue = 0, [(value, 1)]
    while queue:
        item, depth = queue.pop()
        total += 1
        if total >= MAX_NODES or depth > MAX_DEPTH:
            return False
        if isinstance(item, dict):
            queue.extend((part, depth + 1) for part in item.values())
        elif isinstance(item, list):
            queue.extend((part, depth + 1) for part in item)
    return True
