"""Bugs that the sample's engineer mends without having been told of them: each by the file it is in, what stands there, and what stood there before."""

from __future__ import annotations

from pathlib import Path

__all__ = ["OWN", "SLIPS", "slip"]

OWN = "partners counted for orders"
"""The slip that the sample's engineer makes by itself."""

SLIPS = {
    OWN: ("daily_mart", "report.py", "row[2] for row in mart", "row[3] for row in mart"),
    "orders left out": ("daily_mart", "mart.py", "FROM orders GROUP BY", "FROM orders WHERE amount_cents < 10000 GROUP BY"),
    "the largest and not the sum": ("daily_mart", "mart.py", "SUM(amount_cents)", "MAX(amount_cents)"),
}


def slip(folder: Path, name: str) -> None:
    """Put one into the package of its feature, which lies in the folder of this name."""
    _, module, right, wrong = SLIPS[name]
    path = folder / module
    text = path.read_text(encoding="utf-8")
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong), encoding="utf-8")
