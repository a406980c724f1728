"""One task's git: its workspace, the seal and a clean checkout, beside the bare git commands that do the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.table import Row, Section
from benchmarks.timing import ROOT, child, milliseconds, program, ratio, turns

__all__ = ["STEPS", "bare", "fill", "measure"]

FILES, SIZE, CHANGES = 10_000, 4_096, 100
STEPS = {"workspace": "workspace", "seal": "seal", "checkout": "clean checkout"}
Spent = dict[str, tuple[float, float]]


def measure(rounds: int) -> Section:
    """Make a repository, and have both do one task's git in it."""
    section = Section(
        f"Workspace, seal and clean checkout: {FILES:,} files of {SIZE // 1024} kB, {CHANGES} of them new",
        "Phasegate: `PrivateRepository.create`, `seal`, `checkout`, and what is looked at before and after so that nothing is changed elsewhere "
        "(`Watch`: every file of the main checkout, git's settings, the borrowed objects). Bare git: `clone --shared`, `add -A` and `commit`, "
        "`worktree add --detach` of the commit; no refusals, no scan, no isolation. Both borrow the origin's objects; nobody clones them. The files "
        "are in the page cache for both.",
    )
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        origin = Path(folder) / "origin"
        fill(origin, FILES, SIZE)
        bare(origin, Path(folder) / "first", CHANGES)
        found = turns(
            {"ours": lambda: _ours(origin, Path(folder) / "ours"), "bare": lambda: bare(origin, Path(folder) / "bare", CHANGES)}, rounds
        )
    ours, theirs = found.get("ours"), found.get("bare")
    if not ours or not theirs:
        section.rows = [Row("Phasegate", "did not run; its error is above the table", "", "at most 1.5 x the bare git commands")]
        return section
    section.rows = [*_whole(ours, theirs), *(row for step, name in STEPS.items() for row in _step(step, name, ours, theirs))]
    looks = [one["watch"][1] + one["watch again"][1] for one in ours]
    section.rows.append(Row("Phasegate, looking at everything else, before and after", milliseconds(looks) + " on the clock"))
    return section


def _whole(ours: list[Spent], theirs: list[Spent]) -> list[Row]:
    rows = []
    for at, what in ((1, "on the clock"), (0, "of the processor")):
        mine, other = ([sum(step[at] for step in one.values()) for one in spent] for spent in (ours, theirs))
        asked = "at most 1.5 x the bare git commands" if at else ""
        rows.append(Row(f"Phasegate, all of it, {what}", milliseconds(mine), f"{ratio(mine, other):.2f} x bare git", asked))
        rows.append(Row(f"bare git, all of it, {what}", milliseconds(other), "1.00"))
    return rows


def _step(step: str, name: str, ours: list[Spent], theirs: list[Spent]) -> list[Row]:
    mine, other = [one[step][1] for one in ours], [one[step][1] for one in theirs]
    return [
        Row(f"Phasegate, {name}, on the clock", milliseconds(mine), f"{ratio(mine, other):.2f} x bare git"),
        Row(f"bare git, {name}, on the clock", milliseconds(other), "1.00"),
    ]


def _ours(origin: Path, where: Path) -> Spent:
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    said = child(sys.executable, "workspace.py", str(origin), str(where), str(CHANGES), env={**os.environ, "PYTHONPATH": str(ROOT)})
    shutil.rmtree(where)
    return {step: (spent, clock) for step, (spent, clock) in said.items()}


def bare(origin: Path, where: Path, changes: int) -> Spent:
    """The same by git's own commands, with nobody's configuration."""
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    task, clean = where / "task", where / "clean"
    spent = {"workspace": program(_git("clone", "--quiet", "--shared", "--branch", "main", str(origin), str(task)))}
    for number in range(changes):
        path = task / "src" / f"{number % 100:02d}" / f"changed{number}.txt"
        path.write_text(f"{number}\n" * 100, encoding="utf-8")
    spent["seal"] = program(_git("-C", str(task), "add", "-A"), _git("-C", str(task), "commit", "--quiet", "-m", "Work"))
    spent["checkout"] = program(_git("-C", str(task), "worktree", "add", "--quiet", "--detach", str(clean), "HEAD"))
    shutil.rmtree(where)
    return spent


def fill(origin: Path, count: int, size: int) -> None:
    """Make a repository of so many files in a hundred folders, packed as a clone is."""
    for number in range(count):
        path = origin / "src" / f"{number % 100:02d}" / f"{number:05d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((f"line {number} of a file\n" * (size // 16))[:size], encoding="utf-8")
    for command in (("init", "--quiet", "-b", "main"), ("add", "-A"), ("commit", "--quiet", "-m", "Start"), ("gc", "--quiet")):
        subprocess.run(_git("-C", str(origin), *command), check=True)


def _git(*args: str) -> list[str]:
    """git as whoever has no configuration runs it."""
    plain = ("GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0")
    return [
        "env",
        *plain,
        "git",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@localhost",
        "-c",
        "gc.auto=0",
        "-c",
        "maintenance.auto=false",
        *args,
    ]
