"""``make bench``: a week of orders many times the usual, where the time goes, and what to optimise.

Writes load.json, profile.txt and optimisations.json. Fails when a load takes longer than the limit.
"""

from __future__ import annotations

import cProfile
import csv
import io
import json
import os
import pstats
import statistics
import sys
import tempfile
import time
from pathlib import Path

from orders.daily_mart import run

EVIDENCE = Path(os.environ["EVIDENCE"])
ROWS = 20_000
ITERATIONS = 3
LIMIT_SECONDS = 5.0
HOT = 3


def main() -> int:
    """Warm up, measure, profile; the profile is a run of its own, since profiling slows what it watches."""
    with tempfile.TemporaryDirectory() as folder:
        partners = Path(folder, "partners")
        partners.mkdir()
        for number in range(4):
            send(partners / f"partner{number}.csv", number, ROWS // 4)
        timed(partners, Path(folder))
        seconds = [timed(partners, Path(folder)) for _ in range(ITERATIONS)]
        profile = cProfile.Profile()
        profile.runcall(timed, partners, Path(folder))
    median = statistics.median(seconds)
    load = {
        "rows": ROWS,
        "warm_up": 1,
        "iterations": len(seconds),
        "seconds": seconds,
        "seconds_median": median,
        "limit_seconds": LIMIT_SECONDS,
    }
    write("load.json", load)
    text = io.StringIO()
    stats = pstats.Stats(profile, stream=text)
    stats.sort_stats("tottime").print_stats(25)
    profiled = text.getvalue().replace(f"{Path.cwd()}{os.sep}", "")
    (EVIDENCE / "profile.txt").write_text(profiled, encoding="utf-8")
    write("optimisations.json", {"findings": findings(stats)})
    print(f"{ROWS} rows in {median:.2f} s (median of {ITERATIONS}), at most {LIMIT_SECONDS:.0f} s are allowed")
    return 0 if median <= LIMIT_SECONDS else 1


def send(path: Path, partner: int, rows: int) -> None:
    """One partner's file: fixed numbers, and every fiftieth row is bad."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "order_date", "customer", "amount", "currency"])
        for n in range(rows):
            day = "2026-11-31" if n % 50 == 0 else f"2026-11-{16 + n % 7}"
            writer.writerow([f"P{partner}-{n}", day, f"Customer {n % 977}", f"{n % 500}.{n % 100:02}", "EUR"])


def timed(partners: Path, folder: Path) -> float:
    """The seconds of one run from the files to the report."""
    started = time.perf_counter()
    run(partners, folder / "orders.db", folder / "report.md")
    return time.perf_counter() - started


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
