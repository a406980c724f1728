"""The product from end to end: its command, a folder, what it says and what it leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


def test_the_samples_become_segments(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "customers", str(DATA), str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 customers in 3 segments, 2 rows rejected\n", "")
    assert len((tmp_path / "segments.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_an_error_names_itself(tmp_path: Path) -> None:
    for name in ("orders.csv", "returns.csv"):
        (tmp_path / name).write_text("customer,day,cents\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "customers", str(tmp_path), str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "customers: NoCustomers: there is nobody to cut\n")
