"""``make deploy``: builds the wheel, rehearses the deployment plan with it, and reads the pipeline as its runner would.

Two releases are brought out after each other by the plan's own commands of the section Steps, in a folder that is thrown
away; then the section Rollback takes the second one back. The wheel stays as evidence.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import wheel
import yaml

EVIDENCE = Path(os.environ["EVIDENCE"])
PIPELINE = Path("deploy/pipeline.yaml")
ELSEWHERE = {"evidence", "compat"}  # a folder to be made; and what needs the list of sealed commits, which only a run has
PLAN = Path("deploy/DEPLOY.md")
FENCE = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def main() -> int:
    """Bring out, bring out again, take back; after each the product must run and be the release expected."""
    steps, rollback = section("Steps"), section("Rollback")
    if faults := list(pipeline_faults()):
        print("\n".join(faults))
        return 1
    built = wheel.build(EVIDENCE)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for commands, release, previous, current in (
            (steps, "1", "", "1"),
            (steps, "2", "1", "2"),
            (rollback, "2", "1", "1"),
        ):
            (home / "report.md").unlink(missing_ok=True)
            if code := follow(commands, home, built, release, previous):
                return code
            running = (home / "current").resolve().name
            if running != current or not (home / "report.md").is_file():
                print(f"release {running} runs where {current} should, or it left no report")
                return 1
    print(f"{built.name}: two releases brought out, one taken back")
    return 0


def section(title: str) -> str:
    """The commands of one section of the plan."""
    page = PLAN.read_text(encoding="utf-8")
    text = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
    commands = "".join(textwrap.dedent(block) for _, block in FENCE.findall(text))
    return commands or sys.exit(f"{PLAN}: the section {title} has no commands")


def pipeline_faults() -> Iterator[str]:
    """What is wrong with the pipeline: a job without a script, a target that is none, a check that nobody asks."""
    targets = set(" ".join(re.findall(r"^([a-z0-9 -]+):", Path("Makefile").read_text(encoding="utf-8"), re.MULTILINE)).split())
    written = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))
    jobs = {name: job for name, job in written.items() if isinstance(job, dict) and "script" in job}
    asked = {word for job in jobs.values() for line in job["script"] for word in re.findall(r"^make ([a-z0-9-]+)", line)}
    yield from (f"{PIPELINE}: the Makefile has no target {target}" for target in sorted(asked - targets))
    yield from (f"{PIPELINE}: nothing asks for make {target}" for target in sorted(targets - asked - ELSEWHERE))
    for name, job in jobs.items():
        if job.get("stage") not in written.get("stages", []):
            yield f"{PIPELINE}: the job {name} is of no stage"


def follow(commands: str, home: Path, built: Path, release: str, previous: str) -> int:
    """Run the commands of one section as the plan prints them."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PREFIX": str(home), "WHEEL": str(built), "RELEASE": release, "PREVIOUS": previous}
    return subprocess.run(["sh", "-euc", commands], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
