"""``make compat``: collects every interface as sealed, tests the parts against each other, lists what was merged.

Writes interfaces.json, compat.xml and commits.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

EVIDENCE = Path(os.environ["EVIDENCE"])


def main() -> int:
    """Collect, list, then test; the lists are written whatever the tests say."""
    task = json.loads(Path(os.environ["PHASEGATE_TASK"]).read_text(encoding="utf-8"))
    pages = {path.parent.name: path for path in sorted(Path("interfaces").glob("*/INTERFACE.md"))}
    interfaces = [
        {"feature": feature, "path": path.as_posix(), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for feature, path in pages.items()
    ]
    merged = [{"task": one["task"], "commit": one["commit"]} for one in task["merged"]]
    write("interfaces.json", {"interfaces": interfaces})
    write("commits.json", {"commits": merged})
    missing = sorted(set(task["features"]) - set(pages))
    if missing:
        print(f"no INTERFACE.md of {', '.join(missing)}")
    report = f"--junitxml={EVIDENCE / 'compat.xml'}"
    tests = subprocess.run([sys.executable, "-m", "pytest", "checks/test_compat.py", report], check=False)
    print(f"{len(interfaces)} interfaces, {len(merged)} sealed commits merged")
    return 1 if missing or not merged else tests.returncode


def write(report: str, content: object) -> None:
    """Write one report."""
    (EVIDENCE / report).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
