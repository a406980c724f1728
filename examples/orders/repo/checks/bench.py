"""``make bench``: a week of orders many times the usual, where the time goes, and what to optimise.

Writes benchmark.json by pytest-benchmark, profile.txt and optimisations.json. Fails when a load takes longer than the limit.
"""

from __future__ import annotations

import cProfile
import csv
import io
import json
import os
import pstats
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from orders.daily_mart import build_mart, run
from orders.ingest import load_folder

EVIDENCE = Path(os.environ["EVIDENCE"])
ROWS = 20_000
ROUNDS = 3
LIMIT_SECONDS = 5.0
HOT = 3


def main() -> int:
    """Benchmark, then profile; the profile is a run of its own, since profiling slows what it watches."""
    report = EVIDENCE / "benchmark.json"
    plugin = ["-p", "pytest_benchmark.plugin", f"--benchmark-json={report}", "--benchmark-columns=min,median,max,rounds"]
    code = pytest.main([__file__, *plugin])
    if not report.is_file() or not report.stat().st_size:
        return int(code) or 1
    stats = profiled()
    write("optimisations.json", {"findings": findings(stats)})
    medians = {one["name"]: one["stats"]["median"] for one in json.loads(report.read_text(encoding="utf-8"))["benchmarks"]}
    for name, median in medians.items():
        print(f"{name}: {ROWS} rows in {median:.2f} s (median of {ROUNDS}), at most {LIMIT_SECONDS} s are allowed")
    return int(code) or int(not medians or max(medians.values()) > LIMIT_SECONDS)


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The partners' files."""
    return sent(tmp_path_factory.mktemp("partners"))


@pytest.fixture
def measured(benchmark: Any) -> Any:
    """Measures a function after one round to warm up; the report carries the limit."""
    benchmark.extra_info |= {"limit_seconds": LIMIT_SECONDS, "rows": ROWS}
    return lambda function, *arguments: benchmark.pedantic(function, arguments, rounds=ROUNDS, warmup_rounds=1)


def test_a_load_from_the_files_to_the_report(measured: Any, partners: Path, tmp_path: Path) -> None:
    said = measured(run, partners, tmp_path / "orders.db", tmp_path / "report.md")
    assert said.startswith(f"{ROWS - ROWS // 50} orders accepted")


def test_the_mart_alone(measured: Any, partners: Path, tmp_path: Path) -> None:
    load_folder(partners, tmp_path / "orders.db")
    assert measured(build_mart, tmp_path / "orders.db") > 0


def sent(folder: Path) -> Path:
    """Four partners' files: fixed numbers, and every fiftieth row is bad."""
    for partner in range(4):
        with (folder / f"partner{partner}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["order_id", "order_date", "customer", "amount", "currency"])
            for n in range(ROWS // 4):
                day = "2026-11-31" if n % 50 == 0 else f"2026-11-{16 + n % 7}"
                writer.writerow([f"P{partner}-{n}", day, f"Customer {n % 977}", f"{n % 500}.{n % 100:02}", "EUR"])
    return folder


def profiled() -> pstats.Stats:
    """Profile one load; the places in profile.txt are those of the repository."""
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder)
        files = desk / "partners"
        files.mkdir()
        profile.runcall(run, sent(files), desk / "orders.db", desk / "report.md")
    text = io.StringIO()
    stats = pstats.Stats(profile, stream=text)
    stats.sort_stats("tottime").print_stats(25)
    (EVIDENCE / "profile.txt").write_text(text.getvalue().replace(f"{Path.cwd()}{os.sep}", ""), encoding="utf-8")
    return stats


def findings(stats: pstats.Stats) -> list[dict[str, str]]:
    """The product's own functions in which most time is spent, the hottest first."""
    product = os.sep + "orders" + os.sep
    total = stats.total_tt  # type: ignore[attr-defined]
    own = [(row[2], where) for where, row in stats.stats.items() if product in where[0]]  # type: ignore[attr-defined]
    found = []
    for number, (seconds, (file, _, function)) in enumerate(sorted(own, reverse=True)[:HOT], start=1):
        name = f"orders.{file.rpartition(product)[2].removesuffix('.py').replace(os.sep, '.')}.{function}"
        text = f"{round(100 * seconds / total)} % of a load is spent in `{name}` itself."
        found.append({"id": f"OPT-{number}", "function": name, "text": text})
    return found


def write(report: str, content: object) -> None:
    """Write one report."""
    (EVIDENCE / report).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
