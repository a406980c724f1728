"""``make deploy``: rehearses the deployment plan with the plan's own commands, in a folder that is thrown away.

Two releases are brought out after each other by the section Steps, then the section Rollback takes the second one back.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

PLAN = Path("deploy/DEPLOY.md")
FENCE = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def main() -> int:
    """Bring out, bring out again, take back; after each the product must run and be the release expected."""
    steps, rollback = section("Steps"), section("Rollback")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for commands, release, previous, current in (
            (steps, "1", "", "1"),
            (steps, "2", "1", "2"),
            (rollback, "2", "1", "1"),
        ):
            (home / "report.md").unlink(missing_ok=True)
            if code := follow(commands, home, release, previous):
                return code
            running = (home / "current").resolve().name
            if running != current or not (home / "report.md").is_file():
                print(f"release {running} runs where {current} should, or it left no report")
                return 1
    print("two releases brought out, one taken back")
    return 0


def section(title: str) -> str:
    """The commands of one section of the plan."""
    page = PLAN.read_text(encoding="utf-8")
    text = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
    commands = "".join(textwrap.dedent(block) for _, block in FENCE.findall(text))
    return commands or sys.exit(f"{PLAN}: the section {title} has no commands")


def follow(commands: str, home: Path, release: str, previous: str) -> int:
    """Run the commands of one section as the plan prints them."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PREFIX": str(home), "RELEASE": release, "PREVIOUS": previous}
    return subprocess.run(["sh", "-euc", commands], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
