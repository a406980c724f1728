"""The product from end to end, as its user has it: the command of the installed wheel, a folder, exit codes and files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SUMMARY = "10 orders accepted, 6 rows rejected, 9 rows in the mart\n"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder as the user has it: the partners' samples, and nothing of ours."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    return tmp_path


def orders(desk: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start the product at the desk; nothing of the repository is on its path."""
    installed = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    return subprocess.run(
        [os.environ["ORDERS"], *arguments], cwd=desk, env=installed, capture_output=True, text=True, encoding="utf-8"
    )


def test_what_runs_is_the_wheel_and_not_the_repository(desk: Path) -> None:
    python = Path(os.environ["ORDERS"]).with_name("python")
    where = "import orders; print(orders.__file__)"
    done = subprocess.run([python, "-c", where], cwd=desk, env={}, capture_output=True, text=True, encoding="utf-8")
    assert Path(done.stdout.strip()).resolve().is_relative_to(python.parents[1].resolve())


def test_the_samples_become_a_report(desk: Path) -> None:
    done = orders(desk, "run", "data/", "--db", "orders.db", "--report", "report.md")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == SUMMARY, f"it printed {done.stdout!r}, and should print {SUMMARY!r}"
    report = (desk / "report.md").read_text(encoding="utf-8").splitlines()
    assert "2026-11-16 to 2026-11-18: 10 orders, 6 rows rejected." in report
    assert [line for line in report if line.startswith("| 2026")] == [
        "| 2026-11-16 | EUR | 2 | 1 | 155.50 |",
        "| 2026-11-16 | GBP | 1 | 1 | 42.00 |",
        "| 2026-11-16 | USD | 1 | 1 | 240.00 |",
        "| 2026-11-17 | EUR | 1 | 1 | 80.25 |",
        "| 2026-11-17 | GBP | 1 | 1 | 15.00 |",
        "| 2026-11-17 | USD | 1 | 1 | 18.75 |",
        "| 2026-11-18 | EUR | 1 | 1 | 64.10 |",
        "| 2026-11-18 | GBP | 1 | 1 | 27.50 |",
        "| 2026-11-18 | USD | 1 | 1 | 99.00 |",
    ]
    assert [line for line in report if ".csv" in line] == [
        "| acme.csv | 5 | A-1004 | BadDate |",
        "| acme.csv | 6 | A-1005 | NegativeAmount |",
        "| bolt.csv | 4 | B-202 | DuplicateOrder |",
        "| bolt.csv | 5 | B-203 | UnknownCurrency |",
        "| bolt.csv | 7 | B-205 | BadAmount |",
        "| corvid.csv | 3 | C-2 | MissingColumn |",
    ]


def test_in_three_parts_it_is_the_same_report(desk: Path) -> None:
    assert orders(desk, "run", "data/", "--db", "whole.db", "--report", "report.md").returncode == 0
    assert orders(desk, "ingest", "data/", "--db", "parts.db").returncode == 0
    assert orders(desk, "mart", "--db", "parts.db").returncode == 0
    assert orders(desk, "report", "--db", "parts.db").stdout == (desk / "report.md").read_text(encoding="utf-8")


def test_an_error_names_itself_and_leaves_no_traceback(desk: Path) -> None:
    done = orders(desk, "run", "nowhere/", "--db", "orders.db", "--report", "report.md")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("orders: NoPartnerFiles: ")
    assert "Traceback" not in done.stderr
    assert not (desk / "report.md").exists()
