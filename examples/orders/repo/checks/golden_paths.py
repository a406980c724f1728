"""``make golden-paths``: walks the golden path of every story with the real product and gives a verdict on each.

A golden path is a list of lines: ``$ command`` is run, ``> text`` must be a line that the command before it printed.
Every path starts at a desk of its own, with the partners' samples on it. Only the product is run, no shell.
Writes verdicts.json.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

PRODUCT = ["python", "-m", "orders"]


def main() -> int:
    """Walk every path; two at a time, since each has its own desk."""
    stories = json.loads(Path("stories.json").read_text(encoding="utf-8"))["stories"]
    with ThreadPoolExecutor(max_workers=2) as walkers:
        verdicts = list(walkers.map(verdict, stories))
    report = Path(os.environ["EVIDENCE"]) / "verdicts.json"
    report.write_text(json.dumps({"verdicts": verdicts}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for one in sorted(verdicts, key=lambda one: one["verdict"] != "PASSED"):  # what failed stands last, and is what a gate repeats
        print(f"{one['verdict']} {one['story']}: {one['observed']}")
    return 0 if verdicts and all(one["verdict"] == "PASSED" for one in verdicts) else 1


def verdict(story: dict[str, Any]) -> dict[str, str]:
    """The verdict on one story, with what was observed."""
    with tempfile.TemporaryDirectory() as desk:
        shutil.copytree("data", Path(desk, "data"))
        passed, observed = walk(Path(desk), story["golden_path"])
    return {"story": story["id"], "verdict": "PASSED" if passed else "FAILED", "observed": observed}


def walk(desk: Path, path: list[str]) -> tuple[bool, str]:
    """Walk one path to its end, or to the first line that is not as told."""
    printed: list[str] = []
    seen = 0
    for line in path:
        if line.startswith("$ "):
            argv = shlex.split(line[2:])
            if argv[:3] != PRODUCT:
                return False, f"a golden path runs the product and nothing else: {line!r}"
            done = subprocess.run(
                [sys.executable, *argv[1:]], cwd=desk, capture_output=True, text=True, encoding="utf-8", timeout=30
            )
            if done.returncode:
                return False, f"{line!r} ended with {done.returncode}: {(done.stderr.splitlines() or [''])[-1]}"
            printed = done.stdout.splitlines()
        elif line.startswith("> "):
            if line[2:] not in printed:
                return False, f"{line[2:]!r} was not printed, but {printed[:20]}"
            seen += 1
        else:
            return False, f"I cannot walk {line!r}"
    if not seen:
        return False, "the path says nothing that could be seen on it"
    return (
        True,
        f"{sum(line.startswith('$ ') for line in path)} commands ended well and printed the {seen} lines expected",
    )


if __name__ == "__main__":
    sys.exit(main())
