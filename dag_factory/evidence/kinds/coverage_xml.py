"""Reading Cobertura's XML (coverage-04.dtd), as coverage.py, gcovr, coverlet and others write it: a stream, with limits, without entities.

A class lists all of its lines, and those of its methods are looked at only where it lists none: Istanbul has the beginnings of functions there,
which are no statements. A line may stand in two classes of one file: it counts once, and as reached only where nobody says it was not. Istanbul's
totals have branches too that begin in a line where no statement does, and no line of the report shows: of those the missed ones count, and the
taken ones do not. This module imports an XML library; `coverage` imports it where it is used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any
from xml.sax.handler import ContentHandler

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import Fault, clipped
from dag_factory.evidence.kinds.measured import Counts, Measured, added
from dag_factory.evidence.kinds.xml_read import plain, read_into

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "read"]

MAX_BYTES = 100_000_000
"""The largest report that is read."""
MAX_DEPTH = 32
"""How deep its elements may nest."""
MAX_NODES = 5_000_000
"""How many elements it may have."""

_REMEDY = "Deliver the report as it was written."
_COUNT = re.compile(r"[0-9]{1,15}")
_CONDITIONS = re.compile(r"\s*([0-9]{1,3}(?:\.[0-9]{1,9})?)%\s*\(([0-9]{1,9})/([0-9]{1,9})\)\s*")
_TOLERANCE = 0.0101  # of a rate, which tools round to two digits


def read(data: bytes) -> Measured:
    """Read a report.

    Raises
    ------
    EvidenceError: it is not well-formed, no Cobertura report, beyond the limits, or declares entities.

    """
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{len(data)} bytes, and at most {MAX_BYTES} are read.", remedy="Split the report.")
    reading = _Reading()
    # Real reports name their DTD by an address. It is not an entity, and is never fetched: SAX does not read external subsets.
    read_into(data, reading, external=True, remedy=_REMEDY)
    return reading.measured()


class _Reading(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._nodes = 0
        self._stated: dict[str, str] = {}
        self._sources: list[str] = []
        self._said: list[str] | None = None
        self._path: str | None = None
        self._in_method = 0
        self._own = False  # whether the class has lines beside those of its methods
        self._of_methods: list[tuple[int, bool, str | None]] = []
        self._lines: dict[str, dict[int, bool]] = {}
        self._branches: dict[str, dict[int, tuple[int, int]]] = {}
        self._raw = [0, 0]  # lines of classes as they are written, reached and all: some tools state their sum
        self._made = Measured()
        self._hidden: tuple[int, int] | None = None  # all branches, taken and whole, where the root states some that no line shows

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 -- SAX's name
        name = plain(name)
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise EvidenceError(
                f"more than {MAX_DEPTH} elements within each other, or than {MAX_NODES} in all.", remedy="Split the report."
            )
        if self._depth == 1:
            if name != "coverage":
                raise EvidenceError(f"the root is <{clipped(name, 40)}>, not <coverage>.", remedy="Deliver Cobertura's XML.")
            self._stated = dict(attrs.items())
        elif name == "source":
            self._said = []
        elif name == "method":
            self._in_method += 1
        elif name == "class":
            self._path = attrs.get("filename", "").strip()
            if not self._path:
                raise EvidenceError("a <class> names no file.", remedy=_REMEDY)
            self._lines.setdefault(self._path, {})
            self._own = False
            self._of_methods.clear()
        elif name == "line":
            self._line(attrs)

    def endElement(self, name: str) -> None:  # noqa: N802 -- SAX's name
        name = plain(name)
        self._depth -= 1
        if name == "source" and self._said is not None:
            self._sources.append("".join(self._said).strip())
            self._said = None
        elif name == "method":
            self._in_method -= 1
        elif name == "class":
            for line in () if self._own else self._of_methods:
                self._take(*line)
            self._path = None

    def characters(self, content: str) -> None:
        if self._said is not None and len(self._said) < 100:
            self._said.append(content[:4096])

    def measured(self) -> Measured:
        """Count what was read."""
        source = self._sources[0].rstrip("/\\") if len(self._sources) == 1 else ""
        for path, lines in self._lines.items():
            branches = self._branches.get(path, {}).values()
            covered, taken = sum(lines.values()), sum(done for done, _ in branches)
            whole = sum(of for _, of in branches)
            apart = path.startswith("/") or re.match(r"[A-Za-z]:", path) or source in ("", ".")
            name = path if apart else f"{source}/{path}"
            if name in self._made.files:
                self._made.tell(
                    f"{clipped(name, 120)!r} stands in it under two names, and would be counted by one of them. {_REMEDY}", name
                )
            self._made.files[name] = Counts(covered, len(lines) - covered, 0, taken, whole - taken)
            self._made.listed[name] = lines
        self._made.branches = any(counts.num_branches for counts in self._made.files.values())
        self._hide(added(self._made.files.values()))
        self._made.stamp, self._made.lies = self._stated.get("timestamp"), self._differences
        return self._made

    def _line(self, attrs: Any) -> None:
        number, hits = attrs.get("number", ""), attrs.get("hits", "")
        if self._path is None or not _COUNT.fullmatch(number) or not _COUNT.fullmatch(hits):
            shown = f"number={clipped(number, 40)!r} hits={clipped(hits, 40)!r}"
            raise EvidenceError(f"a <line {shown}> is of no class, or holds no counts.", remedy=_REMEDY)
        said = attrs.get("condition-coverage", "")
        branches = attrs.get("branch", "").lower() == "true" or _CONDITIONS.fullmatch(said)
        line = (int(number), int(hits) > 0, said if branches else None)
        if self._in_method:
            self._of_methods.append(line)
            return
        self._own = True
        self._raw = [self._raw[0] + line[1], self._raw[1] + 1]
        self._take(*line)

    def _take(self, number: int, reached: bool, branches: str | None) -> None:
        """Take in a line, and what is said of its branches, if it has any."""
        lines = self._lines[str(self._path)]
        lines[number] = lines.get(number, True) and reached
        if branches is not None:
            self._branch(number, branches)

    def _branch(self, line: int, said: str) -> None:
        path = str(self._path)
        found = _CONDITIONS.fullmatch(said)
        done, whole = (int(found[2]), int(found[3])) if found else (0, 0)
        if not found or not whole or done > whole or abs(float(found[1]) - 100 * done / whole) > 1.001:
            self._made.tell(f"{clipped(path, 120)}, line {line}: condition-coverage is {clipped(said, 40)!r}. {_REMEDY}", path)
            done, whole = 0, max(whole, 1)
        before = self._branches.setdefault(path, {}).get(line)
        self._branches[path][line] = min(before, (done, whole)) if before else (done, whole)

    def _hide(self, shown: Counts) -> None:
        """Take in the branches that the root states and no line shows, if by them no fewer are taken or missed."""
        told = [self._stated.get(key, "") for key in ("branches-covered", "branches-valid")]
        if all(map(_COUNT.fullmatch, told)):
            taken, whole = map(int, told)
            missed = whole - taken - shown.missing_branches
            if whole > shown.num_branches and taken >= shown.covered_branches and missed >= 0:
                self._hidden, self._made.unplaced = (taken, whole), Counts(missing_branches=missed)

    def _differences(self, total: Counts) -> Iterator[Fault]:
        """Compare what the root states with what was counted; tools that count a line of two classes twice are understood."""
        reached, lines = self._raw
        counted: dict[str, tuple[int, ...]] = {"lines-valid": (total.num_statements, lines)}
        counted |= {"lines-covered": (total.covered_lines, reached)}
        taken, branches = self._hidden or (total.covered_branches, total.num_branches)
        counted |= {"branches-valid": (branches,), "branches-covered": (taken,)}
        for key, fits in counted.items():
            stated = self._stated.get(key)
            if stated is not None and (not _COUNT.fullmatch(stated) or int(stated) not in fits):
                yield Fault(f"<coverage> states {key}={clipped(stated, 40)!r}, and {fits[0]} were counted. {_REMEDY}", key)
        rates = {"line-rate": [_rate(total.covered_lines, total.num_statements), _rate(reached, lines)]}
        rates["branch-rate"] = [_rate(taken, branches)]
        for key, of in rates.items():
            stated = self._stated.get(key)
            if stated is not None and not any(abs(_number(stated) - rate) <= _TOLERANCE for rates in of for rate in rates):
                yield Fault(f"<coverage> states {key}={clipped(stated, 40)!r}, and it is {of[0][0]:.4f}. {_REMEDY}", key)


def _rate(part: int, whole: int) -> tuple[float, ...]:
    """A part of the whole; of nothing, tools say 0 or 1."""
    return (part / whole,) if whole else (0.0, 1.0)


def _number(stated: str) -> float:
    try:
        return float(stated) if len(stated) < 40 else math.nan
    except ValueError:
        return math.nan
