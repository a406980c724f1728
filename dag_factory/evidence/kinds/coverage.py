"""Coverage as coverage.py's `coverage json` writes it (format 2 and 3), added up anew from the lines of each file.

Totals are never believed, only compared. One thing is known: older versions of coverage.py list lines among
`executed_lines` that are no statements, so a file's own summary may state *fewer* covered lines than are listed. That
lower figure is taken, as it can only count against the report.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeGuard

from pydantic import Field

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import (
    COVERAGE_LOW,
    EVIDENCE_MISSING,
    MAX_FAULTS,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    clipped,
    placed,
)

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_EXCLUDED_PERCENT", "MAX_NODES", "CoverageExpect", "CoverageKind"]

MAX_BYTES = 50_000_000
"""The largest report that is read."""
MAX_DEPTH = 16
"""How deep it may nest; coverage.py itself needs 7."""
MAX_NODES = 5_000_000
"""How many values it may hold; every line of the product is at least one."""
MAX_EXCLUDED_PERCENT = 20
"""How many lines may be excluded from measuring, of 100 statements."""

_FORMATS = (2, 3)
_PERCENT_TOLERANCE = 0.01


class CoverageExpect(Expectation):
    """What may be asked of a coverage report.

    Parameters
    ----------
    min_percent: the least percentage of statements, and of branches with them where they were measured.
    min_files: the fewest files that have statements.

    """

    min_percent: int | float = Field(default=80, ge=0, le=100, allow_inf_nan=False)
    min_files: int = Field(default=1, ge=1)


@dataclass(frozen=True)
class _Counts:
    """Figures of a file or of all; named as coverage.py names them."""

    covered_lines: int = 0
    missing_lines: int = 0
    excluded_lines: int = 0
    covered_branches: int = 0
    missing_branches: int = 0

    @property
    def num_statements(self) -> int:
        return self.covered_lines + self.missing_lines

    @property
    def num_branches(self) -> int:
        return self.covered_branches + self.missing_branches

    @property
    def percent_covered(self) -> float:
        """As coverage.py computes it: statements and branches in one."""
        whole = self.num_statements + self.num_branches
        return 100 * (self.covered_lines + self.covered_branches) / whole if whole else 100.0

    @property
    def percent(self) -> float:
        """What is held against the minimum: branches may lower the figure, never raise it."""
        return min(self.percent_covered, 100 * self.covered_lines / self.num_statements if self.num_statements else 0.0)


class CoverageKind(Opened[CoverageExpect]):
    """A coverage report. Facts: `files`, the measured files that have statements."""

    name: ClassVar[str] = "coverage"
    Expect: ClassVar[type[Expectation]] = CoverageExpect
    nothing = "the report is empty. Measure."

    def look(self, material: Material, expect: CoverageExpect) -> Examination:
        """Add up the files and hold the sum against what is expected and against what the report states."""
        report = strict_json.loads(material.data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
        files = _files(report)
        faults: list[Fault] = []
        counted = {path: _counted(path, entry, faults) for path, entry in files.items()}
        total = _Counts(*(sum(column) for column in zip(*map(_row, counted.values()), strict=True)))
        faults += _lies("totals", report["totals"], total)
        faults += _twice(counted)
        measured = tuple(path for path, counts in counted.items() if counts.num_statements)
        faults += _too_low(total, len(measured), expect)
        return Examination(placed(material.name, faults[:MAX_FAULTS]), {"files": measured})


def _files(report: Any) -> Mapping[str, Any]:
    remedy = "Deliver what `coverage json` wrote."
    if not isinstance(report, dict):
        raise EvidenceError("the report is no JSON object.", remedy=remedy)
    for key in ("meta", "files", "totals"):
        if not isinstance(report.get(key), dict):
            raise EvidenceError(f"“{key}” is missing or no object.", remedy=remedy)
    version = report["meta"].get("format")
    if isinstance(version, bool) or version not in _FORMATS:
        raise EvidenceError(f"meta.format is {clipped(repr(version), 40)}; formats 2 and 3 are read.", remedy=remedy)
    files: dict[str, Any] = report["files"]
    return files


def _counted(path: str, entry: Any, faults: list[Fault]) -> _Counts:
    """Count one file; what cannot be counted is a fault, and counts as nothing covered."""
    where = f"files[{clipped(path, 120)!r}]"
    if not isinstance(entry, dict):
        faults.append(Fault(f"{where} is no object. Deliver what `coverage json` wrote.", path))
        return _Counts()
    lines = {}
    for key in ("executed_lines", "missing_lines", "excluded_lines"):
        numbers = entry.get(key, [] if key == "excluded_lines" else None)
        if not _are_lines(numbers):
            faults.append(Fault(f"{where}.{key} is no list of distinct line numbers. Deliver it unedited.", path))
            return _Counts()
        lines[key] = set(numbers)
    executed, missing, excluded = lines["executed_lines"], lines["missing_lines"], lines["excluded_lines"]
    if executed & missing:
        text = f"{where}: line {min(executed & missing)} is both executed and missing. Deliver the report unedited."
        faults.append(Fault(text, path))
    branches = [entry.get(key, []) for key in ("executed_branches", "missing_branches")]
    if not all(isinstance(arcs, list) for arcs in branches):
        faults.append(Fault(f"{where}: its branches are no lists. Deliver the report unedited.", path))
        branches = [[], []]
    covered = len(executed - excluded - missing)
    summary = entry.get("summary")
    stated = summary.get("covered_lines") if isinstance(summary, dict) else None
    if _is_count(stated) and stated < covered:
        covered = stated
    counts = _Counts(covered, len(missing), len(excluded), *map(len, branches))
    faults += _lies(f"{where}.summary", summary, counts) if summary is not None else ()
    return counts


def _are_lines(numbers: Any) -> TypeGuard[list[int]]:
    return isinstance(numbers, list) and all(type(number) is int and number > 0 for number in numbers) and len(set(numbers)) == len(numbers)


def _row(counts: _Counts) -> tuple[int, ...]:
    return (
        counts.covered_lines,
        counts.missing_lines,
        counts.excluded_lines,
        counts.covered_branches,
        counts.missing_branches,
    )


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and value >= 0


def _lies(where: str, stated: Any, counts: _Counts) -> Iterator[Fault]:
    """Compare stated figures with those counted; those that are not stated are not missed."""
    if not isinstance(stated, dict):
        yield Fault(f"{where} is no object. Deliver what `coverage json` wrote.", where)
        return
    for key in ("num_statements", *_Counts.__dataclass_fields__, "num_branches"):
        counted = getattr(counts, key)
        if key in stated and (not _is_count(stated[key]) or stated[key] != counted):
            text = f"{where}.{key} states {clipped(repr(stated[key]), 40)}, and {counted} were counted."
            yield Fault(f"{text} Deliver the report unedited.", where)
    percent = stated.get("percent_covered", counts.percent_covered)
    number = float(percent) if type(percent) in (int, float) and abs(percent) <= 100 else math.nan
    if not abs(number - counts.percent_covered) <= _PERCENT_TOLERANCE:
        text = f"{where}.percent_covered states {clipped(repr(percent), 40)}, and it is {counts.percent_covered:.2f}."
        yield Fault(f"{text} Deliver the report unedited.", where)


def _twice(counted: Mapping[str, _Counts]) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for path in counted:
        first = seen.setdefault(posixpath.normpath(path.replace("\\", "/")), path)
        if first != path:
            yield Fault(f"{clipped(first)!r} and {clipped(path)!r} are one file, counted twice. Measure it once.", path)


def _too_low(total: _Counts, measured: int, expect: CoverageExpect) -> Iterator[Fault]:
    if not total.num_statements:
        yield Fault("no statement was measured. No data is never a pass: measure the product.", rule=EVIDENCE_MISSING)
        return
    if measured < expect.min_files:
        text = f"{measured} files were measured, and at least {expect.min_files} are expected. Measure the others too."
        yield Fault(text, rule=COVERAGE_LOW)
    if total.percent < expect.min_percent:
        text = f"{total.covered_lines} of {total.num_statements} statements are covered"
        if total.num_branches:
            text += f" and {total.covered_branches} of {total.num_branches} branches"
        text = f"{text}: {total.percent:.2f} %, and at least {expect.min_percent} % is expected. Test what is missing."
        yield Fault(text, rule=COVERAGE_LOW)
    if 100 * total.excluded_lines > MAX_EXCLUDED_PERCENT * total.num_statements:
        text = f"{total.excluded_lines} lines are excluded from measuring beside {total.num_statements} statements"
        yield Fault(f"{text}; {MAX_EXCLUDED_PERCENT} % may be. Measure them and test them.", rule=COVERAGE_LOW)
