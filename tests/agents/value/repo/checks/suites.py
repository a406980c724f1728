"""``make e2e``: the full suite with coverage, the integration tests, and the product as its user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import coverage

EVIDENCE = Path(os.environ["EVIDENCE"])
DATA = EVIDENCE / ".coverage"
SUITES = {
    "full.xml": ["tests"],
    "integration.xml": sorted(map(str, Path("tests").glob("*/integration"))),
    "e2e.xml": ["checks/test_e2e.py"],
}


def main() -> int:
    """Run the three, then read the coverage of the first."""
    failed = []
    for report, paths in SUITES.items():
        under = ["coverage", "run", f"--data-file={DATA}", "-m"] if report == "full.xml" else []
        done = subprocess.run([sys.executable, "-m", *under, "pytest", *paths, f"--junitxml={EVIDENCE / report}"], check=False)
        failed += [report] if done.returncode else []
    measured = coverage.Coverage(data_file=str(DATA))
    measured.load()
    percent = measured.json_report(outfile=str(EVIDENCE / "coverage.json"))
    DATA.unlink()
    print(f"coverage {percent:.1f} %; failed: {', '.join(failed) or 'nothing'}")
    return int(bool(failed) or percent < 80)


if __name__ == "__main__":
    sys.exit(main())
