"""The table: sections of rows, as text for a terminal or as Markdown."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
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


HEAD = ("what", "measured", "beside", "asked")


@dataclass
class Section:
    """One benchmark: its title, what is measured and how, and its rows; `rounds` is 0 where nothing is timed."""

    title: str
    about: str
    rows: list[Row] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    rounds: int = 1
    head: tuple[str, str, str, str] = HEAD


def as_text(section: Section) -> str:
    """A section for a terminal."""
    lines = [section.head, *(row.cells for row in section.rows)] if section.rows else []
    widths = [max(len(line[at]) for line in lines) for at in range(len(section.head))] if lines else []
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join(["", f"## {section.title}", section.about, "", *table, *section.more])


def as_markdown(sections: list[Section], left_out: Sequence[str] = ()) -> str:
    """The page `docs/benchmarks.md`; `left_out` names the benchmarks that were not run."""
    parts = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks --write docs/benchmarks.md`; do not edit. `make bench` prints the same. Each row was "
        "measured in one run beside its peer,",
        "turn by turn. Seconds and milliseconds are of the processor (user and system, of the process and its children) unless "
        "`clock` is said; the least of the",
        "rounds is shown, and a ratio is the median of the rounds' ratios.",
        "",
        *[f"- {line}" for line in machine()],
    ]
    if left_out:
        parts.append(f"- not run this time: {', '.join(left_out)}")
    for section in sections:
        rounds = f" Rounds: {section.rounds}." if section.rounds else ""
        parts += ["", f"## {section.title}", "", f"{section.about}{rounds}", ""]
        if section.rows:
            parts += [f"| {' | '.join(section.head)} |", "|---|---|---|---|"]
            parts += [f"| {' | '.join(cell.replace('|', '/') for cell in row.cells)} |" for row in section.rows]
        if section.more:
            parts += ["", "```text", *section.more, "```"]
    return "\n".join(parts) + "\n"


def machine() -> list[str]:
    """When, on what, and how busy it was."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Phasegate at {_commit()}",
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}",
        f"load averages (1, 5 and 15 minutes) when the table was made: {load}; the benchmarks' own load is in them",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.strip() or "an unknown commit"
