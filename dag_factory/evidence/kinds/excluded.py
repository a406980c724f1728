"""Lines that comments and annotations in the source take out of measuring, for reports that do not list them.

The words are those of lcov and geninfo(1), gcovr, grcov, coverage.py, Istanbul, c8, Vitest, Node, PHPUnit, SimpleCov, Dart, .NET, Rust with Tarpaulin, JaCoCo,
scoverage, ExCoveralls, LuaCov and Devel::Cover. Which
of them the tool heeds is not known here: what the report lists as measured all the same is not excluded. How far a comment reaches beyond its line is told
by how lines are indented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["MAX_BYTES", "excluded"]

MAX_BYTES = 1_000_000
"""The largest source that is looked at."""

_PREFIX = r"(?:[GL]COVR?|GRCOV)_EXCL"
_TOOLS = r"(?:istanbul|c8|v8)\s+ignore\s+"
_START = re.compile(
    rf"\b{_PREFIX}_START\b|@codeCoverageIgnoreStart\b|{_TOOLS}start\b|node:coverage\s+disable|coverage:ignore-start"
    r"|\$COVERAGE-OFF\$|#\s*coveralls-ignore-start\b|--\s*luacov:\s*disable\b|#\s*uncoverable\s+begin\b"
)
_STOP = re.compile(
    rf"\b{_PREFIX}_STOP\b|@codeCoverageIgnoreEnd\b|{_TOOLS}(?:stop|end)\b|node:coverage\s+enable|coverage:ignore-end"
    r"|\$COVERAGE-ON\$|#\s*coveralls-ignore-stop\b|--\s*luacov:\s*enable\b|#\s*uncoverable\s+end\b"
)
_TOGGLE = re.compile(r"#\s*:nocov:")
_FILE = re.compile(rf"{_TOOLS}file\b|coverage:ignore-file\b")
_LINE = re.compile(rf"\b{_PREFIX}_LINE\b|coverage:ignore-line\b")
_BLOCK = re.compile(r"#\s*pragma[:\s]?\s*no\s*cover", re.IGNORECASE)
_NEXT = re.compile(
    rf"{_TOOLS}(?:next|if|else)\b(?:\s+([0-9]{{1,4}})\b)?|node:coverage\s+ignore\s+next\b(?:\s+([0-9]{{1,4}})\b)?"
    r"|@codeCoverageIgnore\b|\bExcludeFromCodeCoverage\b|\bcoverage\(off\)|\btarpaulin::skip\b|\bnot\(tarpaulin(?:_include)?\)|#\s*coveralls-ignore-next-line\b|^\s*@\w*Generated\w*\b"
)
_BESIDE = re.compile(r"\s*(?://|/\*|\*|#|@|\[|$)")  # a comment, an annotation, or nothing: what is meant comes behind it
_CODE = re.compile(r"\s*(?!//|/\*|\*|#(?!\[)|--)\S*?\w")


def excluded(source: bytes) -> set[int]:
    """The numbers of the lines of code that are excluded, the first being 1."""
    lines = source.decode(errors="replace").splitlines()
    found, meant = _between(lines), _meant(lines)
    for place, line in enumerate(lines):
        if _FILE.search(line):
            found.update(range(len(lines)))
        elif _LINE.search(line):
            found.add(place)
        elif _BLOCK.search(line) and not _BESIDE.match(line):
            found.update(_block(lines, place, found))
        elif following := _NEXT.search(line):
            first = meant[place]
            count = int(following[1] or following[2] or 1)
            found.update(range(first, min(first + count, len(lines))) if count > 1 else _block(lines, first, found))
    return {place + 1 for place in found if _CODE.match(lines[place])}


def _between(lines: Sequence[str]) -> set[int]:
    """Lines from one comment to another; where none ends it, up to the end."""
    found: set[int] = set()
    within = False
    for place, line in enumerate(lines):
        toggled = _TOGGLE.search(line) is not None
        if _STOP.search(line) or (within and toggled):
            within = False
        elif _START.search(line) or toggled:
            within = True
        if within:
            found.add(place)
    return found


def _meant(lines: Sequence[str]) -> list[int]:
    """For each line the place of the code that a comment in it is about: the line itself, or the first behind it that is more than a comment."""
    meant = [len(lines)] * (len(lines) + 1)
    for place in reversed(range(len(lines))):
        meant[place] = meant[place + 1] if _BESIDE.match(lines[place]) else place
    return meant


def _block(lines: Sequence[str], first: int, known: set[int]) -> Iterator[int]:
    """A line and what is indented below it; what is known to be excluded has been gone through."""
    if first >= len(lines) or first in known:
        return
    yield first
    least = _indent(lines[first])
    for place in range(first + 1, len(lines)):
        if lines[place].strip() not in ("", "{") and _indent(lines[place]) <= least:
            return
        yield place


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
