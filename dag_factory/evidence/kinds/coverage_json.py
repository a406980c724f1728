"""Reading what coverage.py's `coverage json` writes, format 2 and 3.

One thing is known: older versions of coverage.py list lines among `executed_lines` that are no statements, so a file's own summary may
state *fewer* covered lines than are listed. That lower figure is taken, as it can only count against the report.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import Fault, clipped
from dag_factory.evidence.kinds.measured import Counts, Measured

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "read"]

MAX_BYTES = 50_000_000
"""The largest report that is read."""
MAX_DEPTH = 16
"""How deep it may nest; coverage.py itself needs 7."""
MAX_NODES = 5_000_000
"""How many values it may hold; every line of the product is at least one."""

_FORMATS = (2, 3)
_PERCENT_TOLERANCE = 0.01


def read(data: bytes) -> Measured:
    """Read a report.

    Raises
    ------
    EvidenceError: it is none, or beyond the limits.

    """
    report = strict_json.loads(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
    files = _files(report)
    meta, totals = report["meta"], report["totals"]
    measured = Measured(stamp=meta.get("timestamp"), lies=lambda total: _lies("totals", totals, total))
    measured.files = {path: _counted(path, entry, measured.faults) for path, entry in files.items()}
    measured.branches = meta.get("branch_coverage") is True or any(counts.num_branches for counts in measured.files.values())
    return measured


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


def _counted(path: str, entry: Any, faults: list[Fault]) -> Counts:
    """Count one file; what cannot be counted is a fault, and counts as nothing covered."""
    where = f"files[{clipped(path, 120)!r}]"
    if not isinstance(entry, dict):
        faults.append(Fault(f"{where} is no object. Deliver what `coverage json` wrote.", path))
        return Counts()
    lines = {}
    for key in ("executed_lines", "missing_lines", "excluded_lines"):
        numbers = entry.get(key, [] if key == "excluded_lines" else None)
        if not _are_lines(numbers):
            faults.append(Fault(f"{where}.{key} is no list of distinct line numbers. Deliver it unedited.", path))
            return Counts()
        lines[key] = set(numbers)
    executed, missing, excluded = lines["executed_lines"], lines["missing_lines"], lines["excluded_lines"]
    if executed & missing:
        text = f"{where}: line {min(executed & missing)} is both executed and missing. Deliver the report unedited."
        faults.append(Fault(text, path))
    arcs = [_arcs(entry.get(key, [])) for key in ("executed_branches", "missing_branches")]
    if None in arcs:
        faults.append(Fault(f"{where}: its branches are no lists of two line numbers each. Deliver the report unedited.", path))
    taken, left = (of or frozenset() for of in arcs)
    if taken & left:
        text = f"{where}: the branch {list(min(taken & left))} is both executed and missing. Deliver the report unedited."
        faults.append(Fault(text, path))
    covered = len(executed - excluded - missing)
    summary = entry.get("summary")
    stated = summary.get("covered_lines") if isinstance(summary, dict) else None
    if _is_count(stated) and stated < covered:
        covered = stated
    counts = Counts(covered, len(missing), len(excluded), len(taken - left), len(left))
    faults += _lies(f"{where}.summary", summary, counts) if summary is not None else ()
    return counts


def _are_lines(numbers: Any) -> TypeGuard[list[int]]:
    return isinstance(numbers, list) and all(type(number) is int and number > 0 for number in numbers) and len(set(numbers)) == len(numbers)


def _arcs(found: Any) -> frozenset[tuple[int, int]] | None:
    """Branches, each from a line to a line and counted once; an exit is a line below 0."""
    fits = isinstance(found, list) and all(
        isinstance(arc, list) and len(arc) == 2 and all(type(line) is int for line in arc) for arc in found
    )
    return frozenset((arc[0], arc[1]) for arc in found) if fits else None


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and value >= 0


def _lies(where: str, stated: Any, counts: Counts) -> Iterator[Fault]:
    """Compare stated figures with those counted; those that are not stated are not missed."""
    if not isinstance(stated, dict):
        yield Fault(f"{where} is no object. Deliver what `coverage json` wrote.", where)
        return
    for key in ("num_statements", *Counts.__dataclass_fields__, "num_branches"):
        counted = getattr(counts, key)
        if key in stated and (not _is_count(stated[key]) or stated[key] != counted):
            text = f"{where}.{key} states {clipped(repr(stated[key]), 40)}, and {counted} were counted."
            yield Fault(f"{text} Deliver the report unedited.", where)
    percent = stated.get("percent_covered", counts.percent_covered)
    number = float(percent) if type(percent) in (int, float) and abs(percent) <= 100 else math.nan
    if not abs(number - counts.percent_covered) <= _PERCENT_TOLERANCE:
        text = f"{where}.percent_covered states {clipped(repr(percent), 40)}, and it is {counts.percent_covered:.2f}."
        yield Fault(f"{text} Deliver the report unedited.", where)
