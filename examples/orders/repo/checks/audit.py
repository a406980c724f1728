"""``make audit``: reads the code for what should not be there, looks up what it is built and checked with, tries to break in.

Writes audit.sarif, vulnerabilities.json and penetration.json. Fails on an error of the audit, on a known vulnerability, and
on an attempt that succeeds.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import dependencies
import penetration
import static_analysis

EVIDENCE = Path(os.environ["EVIDENCE"])


def main() -> int:
    """Audit, look up, break in; all three reports are written whatever the first one says."""
    audit = static_analysis.log(Path("src"))
    scan = dependencies.scan(Path("requirements.lock"), Path("checks/advisories.json"))
    attempts = penetration.attempts()
    write("audit.sarif", audit)
    write("vulnerabilities.json", scan)
    write("penetration.json", {"attempts": attempts})
    results = [result for run in audit["runs"] for result in run["results"]]
    ended = all(one["executionSuccessful"] for run in audit["runs"] for one in run["invocations"])
    errors = [result for result in results if result["level"] == "error"]
    packages = [package for result in scan["results"] for package in result["packages"]]
    vulnerable = [package for package in packages if package["vulnerabilities"]]
    broken = [attempt for attempt in attempts if attempt["result"] != "repelled"]
    for what in [*results, *vulnerable, *broken]:
        print(json.dumps(what))
    print(f"{len(results)} findings, {len(errors)} errors; {len(packages)} packages, {len(vulnerable)} vulnerable; "
          f"{len(attempts)} attempts, {len(broken)} succeeded")  # fmt: skip
    return 1 if errors or not ended or vulnerable or not packages or broken else 0


def write(report: str, content: object) -> None:
    """Write one report."""
    (EVIDENCE / report).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
