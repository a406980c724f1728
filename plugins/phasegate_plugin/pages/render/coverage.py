"""Coverage as coverage.py writes it in JSON: file by file, counted anew from the lines, the least covered first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from phasegate_plugin.pages.render import json
from phasegate_plugin.pages.render.markup import NotShownError, facts, table

__all__ = ["show"]

_RANGES = 30


@dataclass(frozen=True)
class _File:
    path: str
    covered: int
    missing: tuple[int, ...]
    excluded: int
    arcs: int
    missing_arcs: int

    @property
    def statements(self) -> int:
        return self.covered + len(self.missing)


def show(name: str, data: bytes) -> Markup:  # noqa: ARG001 # every shape is asked alike
    """Show a report.

    Raises
    ------
    NotShownError: it is none.

    """
    report = json.read(data)
    entries = report.get("files") if isinstance(report, dict) else None
    if not isinstance(entries, dict):
        raise NotShownError("there is no object “files” in it")
    files = sorted(
        (_file(path, entry) for path, entry in entries.items()), key=lambda file: (_part(file.covered, file.statements), file.path)
    )
    covered, statements = sum(file.covered for file in files), sum(file.statements for file in files)
    arcs, missing_arcs = sum(file.arcs for file in files), sum(file.missing_arcs for file in files)
    told = [("files", len(files)), ("statements", statements), ("covered", f"{covered} ({_percent(covered, statements)})")]
    if arcs:
        told.append(("branches covered", f"{arcs - missing_arcs} of {arcs} ({_percent(arcs - missing_arcs, arcs)})"))
    rows = (
        (
            file.path,
            _percent(file.covered, file.statements),
            file.statements,
            len(file.missing),
            file.excluded,
            ", ".join(_ranges(file.missing)),
        )
        for file in files
    )
    return facts(told) + table(
        "Files, the least covered first", ("File", "Covered", "Statements", "Missing", "Excluded", "Missing lines"), rows
    )


def _file(path: str, entry: Any) -> _File:
    of = entry if isinstance(entry, dict) else {}
    missing = tuple(sorted(_numbers(of.get("missing_lines"))))
    left, taken = _list(of.get("missing_branches")), _list(of.get("executed_branches"))
    executed = len(_numbers(of.get("executed_lines")))
    return _File(path, executed, missing, len(_numbers(of.get("excluded_lines"))), len(left) + len(taken), len(left))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _numbers(value: Any) -> set[int]:
    return {number for number in _list(value) if type(number) is int}


def _part(count: int, whole: int) -> float:
    return count / whole if whole else 1.0


def _percent(count: int, whole: int) -> str:
    """Never rounded up: what is not all of it does not read 100 %."""
    return f"{count * 1000 // whole / 10:.1f} %" if whole else "–"


def _ranges(lines: tuple[int, ...]) -> Iterator[str]:
    """Write 3, 4, 5, 9 as 3–5, 9; the first few of them."""
    told = 0
    start = 0
    for index, line in enumerate(lines):
        if index + 1 < len(lines) and lines[index + 1] == line + 1:
            continue
        if told == _RANGES:
            yield "…"
            return
        yield str(line) if lines[start] == line else f"{lines[start]}–{line}"
        told, start = told + 1, index + 1
