"""``make e2e``: the full suite with coverage, the product as its user starts it, and its parts together.

Writes full.xml, e2e.xml, integration.xml and coverage.json. Fails when a test fails or coverage is below the limit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import coverage

EVIDENCE = Path(os.environ["EVIDENCE"])
LIMIT = 80.0
MEASURE = ["coverage", "run", f"--data-file={EVIDENCE / '.coverage'}", "-m"]


def pytest(paths: list[Path], report: str, under: list[str] | None = None) -> subprocess.Popen[bytes]:
    """Start one run of pytest."""
    folders = [str(path) for path in paths]
    return subprocess.Popen(
        [sys.executable, "-m", *(under or []), "pytest", *folders, f"--junitxml={EVIDENCE / report}"]
    )


def main() -> int:
    """Run the three suites beside each other, then read the coverage."""
    running = [
        pytest([Path("tests")], "full.xml", MEASURE),
        pytest([Path("checks/test_e2e.py")], "e2e.xml"),
        pytest(sorted(Path("tests").glob("*/integration")), "integration.xml"),
    ]
    failed = [code for code in [suite.wait() for suite in running] if code]
    data = EVIDENCE / ".coverage"
    measured = coverage.Coverage(data_file=str(data))
    measured.load()
    percent = measured.json_report(outfile=str(EVIDENCE / "coverage.json"))
    data.unlink()
    print(f"coverage {percent:.1f} %, at least {LIMIT:.0f} % are asked for")
    return 1 if failed or percent < LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
