"""What the plugin costs each task process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.table import Row, Section
from benchmarks.timing import child, environment, milliseconds, turns

__all__ = ["measure"]


def measure(rounds: int) -> Section:
    """Import it as a task process does."""
    section = Section(
        "The plugin in every task process",
        "Airflow loads every plugin at the start of every task. What is counted is the plugin's import and its `on_load`, after all "
        "that Airflow has imported by then.",
    )
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder:
        found = turns({"plugin": lambda: child(sys.executable, "plugin.py", env=environment(Path(folder)))}, rounds)
    said = found.get("plugin")
    if not said:
        section.rows = [Row("Phasegate's plugin", "did not run; its error is above the table", "", "at most 15 ms")]
        return section
    whole = [one["import"] + one["load"] for one in said]
    section.rows = [
        Row("Phasegate's plugin", milliseconds(whole), f"{said[0]['modules']} modules that Airflow had not imported", "at most 15 ms")
    ]
    return section
