"""The @software-engineer of `phasegate cheat`: does the honest work, and then leaves its desk to whoever is at the terminal.

It is copied beside the sample's personas and runs as a program of its own: to Phasegate it is a persona like any other, and nothing here
is known to the factory. The desk is a folder beside it: `workspace` and `evidence` say where the visitor may edit, `done` ends the task.
"""

from __future__ import annotations

import os
import runpy
import time
from pathlib import Path

FEATURE = "ingest"  # the other feature's engineer works undisturbed


def main() -> None:
    """Do the work; then wait for the visitor."""
    here = Path(__file__).resolve().parent
    runpy.run_path(str(here / "software_engineer.py"), run_name="__main__")
    if os.environ["PHASEGATE_FEATURE"] != FEATURE:
        return
    desk = here / "desk"
    desk.mkdir(exist_ok=True)
    (desk / "evidence").write_text(os.environ["PHASEGATE_EVIDENCE"], encoding="utf-8")
    fresh = desk / "workspace.new"
    fresh.write_text(str(Path.cwd()), encoding="utf-8")
    fresh.replace(desk / "workspace")
    print("The visitor has the desk.", flush=True)  # noqa: T201 # a program that prints
    while not (desk / "done").exists():
        time.sleep(0.2)


if __name__ == "__main__":
    main()
