"""Benchmarks as pytest-benchmark writes them: each with its median and the rounds it comes from, the slowest first."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from phasegate_plugin.pages.render import json
from phasegate_plugin.pages.render.markup import NotShownError, facts, said, table

__all__ = ["show"]


def show(name: str, data: bytes) -> Markup:  # noqa: ARG001 # every shape is asked alike
    """Show a report.

    Raises
    ------
    NotShownError: it is none.

    """
    report = json.read(data)
    entries = report.get("benchmarks") if isinstance(report, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise NotShownError("there is no list of “benchmarks” in it")
    entries.sort(key=lambda entry: -(_number(_stats(entry).get("median")) or 0))
    rows = ((entry.get("fullname") or entry.get("name"), *_row(_stats(entry)), _extra(entry.get("extra_info"))) for entry in entries)
    heads = ("Benchmark", "Median", "Shortest", "Longest", "Rounds", "Says of itself")
    return facts([("benchmarks", len(entries))]) + table("Benchmarks, the slowest first", heads, rows)


def _row(stats: dict[str, Any]) -> tuple[object, ...]:
    return (*(_seconds(stats.get(name)) for name in ("median", "min", "max")), stats.get("rounds"))


def _stats(entry: dict[str, Any]) -> dict[str, Any]:
    stats = entry.get("stats")
    return stats if isinstance(stats, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and abs(value) < 1e12 else None


def _seconds(value: Any) -> str:
    number = _number(value)
    if number is None:
        return said(value)
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if abs(number) * factor >= 1 or number == 0:
            return f"{number * factor:.3g} {unit}" if abs(number) * factor < 1000 else f"{number * factor:,.0f} {unit}"
    return f"{number * 1e9:.3g} ns"


def _extra(value: Any) -> str:
    pairs = list(value.items())[:10] if isinstance(value, dict) else []
    return ", ".join(f"{name}: {said(one)[:100]}" for name, one in pairs)
