"""``make e2e``: the full suite with coverage, the product from end to end as it is delivered, and its parts together.

From end to end means the wheel, installed in an environment of its own. Writes full.xml, e2e.xml, integration.xml and
coverage.json. Fails when a test fails or coverage is below the limit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import coverage
import wheel

EVIDENCE = Path(os.environ["EVIDENCE"])
LIMIT = 80.0
MEASURE = ["coverage", "run", f"--data-file={EVIDENCE / '.coverage'}", "-m"]


def pytest(paths: list[Path], report: str, under: list[str] | None = None, **more: str) -> subprocess.Popen[bytes]:
    """Start one run of pytest."""
    command = [sys.executable, "-m", *(under or []), "pytest", *map(str, paths), f"--junitxml={EVIDENCE / report}"]
    return subprocess.Popen(command, env={**os.environ, **more})


def main() -> int:
    """Run the three suites beside each other, then read the coverage."""
    with tempfile.TemporaryDirectory() as folder:
        running = [pytest([Path("tests")], "full.xml", MEASURE)]
        running += [pytest(sorted(Path("tests").glob("*/integration")), "integration.xml")]
        installed = wheel.install(wheel.build(Path(folder)), Path(folder, "installed"))
        running += [pytest([Path("checks/test_e2e.py")], "e2e.xml", ORDERS=str(installed))]
        ended = dict(zip(("full.xml", "integration.xml", "e2e.xml"), [suite.wait() for suite in running], strict=True))
    data = EVIDENCE / ".coverage"
    measured = coverage.Coverage(data_file=str(data))
    measured.load()
    percent = measured.json_report(outfile=str(EVIDENCE / "coverage.json"))
    data.unlink()
    print(f"coverage {percent:.1f} %, at least {LIMIT:.0f} % are asked for")
    failed = [report for report, code in ended.items() if code]
    if failed:
        print(f"tests failed: {', '.join(failed)}")  # last, since the last line is what a gate repeats
    return 1 if failed or percent < LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
