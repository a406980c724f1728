"""Hashing: evidence put into the store, beside `sha256sum`, and `cp` with `sha256sum`, which does what we do: the store keeps a copy."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.table import Row, Section
from benchmarks.timing import ROOT, child, program, ratio, turns

__all__ = ["measure"]


def measure(rounds: int) -> Section:
    """Put many small files, and one large one."""
    section = Section(
        "Hashing: evidence put into the store",
        "`RunStore.put`, which hashes while it copies, so that what is kept is what was hashed; beside `sha256sum` alone, and beside "
        "`cp` followed by `sha256sum` of the "
        "copy, which is the fair peer. The files are in the page cache for all. Processor and clock.",
    )
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        for name, count, size in (("10,000 files of 4 kB", 10_000, 4_096), ("one file of 1 GB", 1, 1_000_000_000)):
            files = Path(folder) / f"files-{count}"
            _fill(files, count, size)
            section.rows += _beside(name, files, Path(folder), rounds)
            shutil.rmtree(files)
        section.rows.append(_memory(Path(folder)))
    return section


def _memory(folder: Path) -> Row:
    """What the process that puts one file of 5 GB takes beyond itself before it began."""
    files = folder / "large"
    files.mkdir()
    with (files / "zeros.bin").open("wb") as stream:
        stream.truncate(5_000_000_000)
    said = child(sys.executable, "put.py", str(folder / "store"), str(files), env={**os.environ, "PYTHONPATH": str(ROOT)})
    shutil.rmtree(folder / "store")
    return Row("Phasegate, one file of 5 GB", f"at most {said['grown'] / 1e6:.1f} MB of memory above the interpreter", "", "under 64 MB")


def _fill(folder: Path, count: int, size: int) -> None:
    folder.mkdir()
    block = os.urandom(min(size, 1 << 20))
    for number in range(count):
        with (folder / f"{number:05d}.bin").open("wb") as stream:
            stream.write(number.to_bytes(8, "big"))
            left = size - 8
            while left > 0:
                left -= stream.write(block[:left])


def _beside(name: str, files: Path, folder: Path, rounds: int) -> list[Row]:
    def ours() -> tuple[float, float]:
        store = folder / "store"
        shutil.rmtree(store, ignore_errors=True)
        said = child(sys.executable, "put.py", str(store), str(files), env={**os.environ, "PYTHONPATH": str(ROOT)})
        return said["spent"], said["clock"]

    def hashed(where: Path = files) -> tuple[float, float]:
        return program(["sh", "-c", f"find '{where}' -type f -print0 | xargs -0 sha256sum"])

    def copied() -> tuple[float, float]:
        copy = folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        return program(["cp", "-r", str(files), str(copy)], ["sh", "-c", f"find '{copy}' -type f -print0 | xargs -0 sha256sum"])

    hashed()  # brings the files into the page cache
    found = turns({"ours": ours, "sha256sum": hashed, "cp and sha256sum": copied}, rounds)
    for left in ("store", "copy"):
        shutil.rmtree(folder / left, ignore_errors=True)
    mine = found.pop("ours")
    rows = [Row(f"Phasegate, {name}", _said(mine), "1.00")]
    for peer, theirs in found.items():
        by_clock = ratio([clock for _, clock in mine], [clock for _, clock in theirs])
        by_processor = ratio([spent for spent, _ in mine], [spent for spent, _ in theirs])
        beside = f"Phasegate takes {by_processor:.2f} x the processor, {by_clock:.2f} x the clock"
        rows.append(Row(f"{peer}, {name}", _said(theirs), beside, "Phasegate at most 1.5 x" if peer.startswith("cp") else ""))
    return rows


def _said(values: list[tuple[float, float]]) -> str:
    return f"{min(spent for spent, _ in values):.2f} s, {min(clock for _, clock in values):.2f} s on the clock"
