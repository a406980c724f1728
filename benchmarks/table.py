"""The table: sections of rows, as text for a terminal or as Markdown."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

__all__ = ["Row", "Section", "as_markdown", "as_text", "machine"]


@dataclass(frozen=True)
class Row:
    """One measurement: what, how much as written, how it stands beside its peer, and what was asked. No figure is ever made up: "
    "`figure` is then why."""

    what: str
    figure: str
    beside: str = ""
    asked: str = ""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row as it is written."""
        return self.what, self.figure, self.beside, self.asked


_NEXT = "\n## "
HEAD = ("what", "measured", "beside", "asked")


@dataclass
class Section:
    """One benchmark: its title, what is measured and how, and its rows; `rounds` is 0 where nothing is timed, `measured` says when and on what."""

    title: str
    about: str
    rows: list[Row] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    rounds: int = 1
    head: tuple[str, str, str, str] = HEAD
    measured: str = ""


def as_text(section: Section) -> str:
    """A section for a terminal."""
    lines = [section.head, *(row.cells for row in section.rows)] if section.rows else []
    widths = [max(len(line[at]) for line in lines) for at in range(len(section.head))] if lines else []
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join(["", f"## {section.title}", section.about, "", *table, *section.more])


def as_markdown(sections: list[Section], before: str = "") -> str:
    """The page `docs/benchmarks.md`.

    Parameters
    ----------
    sections: what was measured now.
    before: the page as it was: its other sections stay, each with the day and the commit it was measured at.

    """
    parts = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks --write docs/benchmarks.md`; do not edit. `make bench` prints the same. Each row was "
        "measured in one run beside its peer,",
        "turn by turn. Seconds and milliseconds are of the processor (user and system, of the process and its children) unless "
        "`clock` is said; the least of the",
        "rounds is shown, and a ratio is the median of the rounds' ratios. Load averages (1, 5 and 15 minutes) have the benchmark's own load in them.",
        "",
    ]
    found = {title: text for text in before.split(_NEXT)[1:] if (title := text.partition("\n")[0])}
    found |= {section.title: f"{section.title}\n\n{_as_markdown(section)}\n" for section in sections}
    return "\n".join(parts) + "".join(f"{_NEXT}{text.rstrip()}\n" for text in found.values())


def _as_markdown(section: Section) -> str:
    rounds = f" Rounds: {section.rounds}." if section.rounds else ""
    parts = [f"{section.about}{rounds}", ""]
    if section.measured:
        parts += [f"Measured {section.measured}.", ""]
    if section.rows:
        parts += [f"| {' | '.join(section.head)} |", "|---|---|---|---|"]
        parts += [f"| {' | '.join(cell.replace('|', '/') for cell in row.cells)} |" for row in section.rows]
    if section.more:
        parts += ["", "```text", *section.more, "```"]
    return "\n".join(parts)


def machine() -> str:
    """When, at which commit, on what, and how busy it was."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    where = f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {system}"
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Phasegate at {_commit()}, on {where}; load averages {load}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


@lru_cache(maxsize=1)
def _commit() -> str:
    """Asked once, before the page itself is another."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.strip() or "an unknown commit"
