"""Bugs that the sample's engineer mends without having been told of them: each by the file it is in, what stands there, and what stood there before."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["OWN", "SLIPS", "patient", "slip"]

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


def patient(personas: Path) -> None:
    """Give whoever mends all the time there is: where a machine is busy, what is found must not hang on the clock."""
    search = personas / "repair" / "search.py"
    text, limits = re.subn(r"^(_\w*ENDS?|_ENOUGH) = [\d.]+", r"\1 = 900.0", search.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert limits == 4
    search.write_text(text, encoding="utf-8")
