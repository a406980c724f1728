"""The signs and colours of every word, the same in the terminal and in a report.

What passed with a waiver never looks like what passed, and work that was delivered never like work that a gate let pass.
"""

from __future__ import annotations

__all__ = ["SIGNS", "STYLES", "lasted", "sign", "style"]

SIGNS = {
    "PASSED": "✓", "PASSED_WITH_WAIVER": "⚠", "FAILED": "✗", "OPEN": "…",
    "holds": "✓", "waived": "⚠", "fails": "✗", "open": "✗", "mended": "✓",
    "delivered": "•", "failed": "✗", "missing": "·",
    "approve": "✓", "refuse": "✗", "waive": "⚠", "cycle": "↻", "stop": "✗", "void": "✗",
}  # fmt: skip
STYLES = {"✓": "green", "⚠": "yellow", "✗": "red", "↻": "cyan"}


def sign(word: str) -> str:
    """The sign of a word; that of nothing yet, where it is not known."""
    return SIGNS.get(word, "…")


def style(word: str) -> str:
    """The colour of a word, by its sign."""
    return STYLES.get(sign(word), "dim")


def lasted(seconds: float | None) -> str:
    """A time as people say it: `0.4 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s" if seconds < 59.5 else "1 min"
    whole = round(seconds)
    for size, unit, below, rest in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            count, left = divmod(whole, size)
            return f"{count} {unit} {left // below} {rest}" if left // below else f"{count} {unit}"
    return f"{whole} s"
