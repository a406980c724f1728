"""The architect: designs the system from the mission, the features and the samples that the partners sent."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

from findings import settle

WORK = Path(__file__).parent / "work" / "architect"


def main() -> None:
    """Write ARCHITECTURE.md."""
    task = json.loads(Path(os.environ["PHASEGATE_TASK"]).read_text(encoding="utf-8"))
    samples = {path.stem: header(path) for path in sorted(Path("data").glob("*.csv"))}
    if len({tuple(columns) for columns in samples.values()}) != 1:
        sys.exit(f"the samples do not agree on their columns: {samples}")
    page = (WORK / "ARCHITECTURE.md").read_text(encoding="utf-8")
    text = page.format(
        workflow=task["workflow"],
        mission=task["mission"].rstrip("."),
        components="\n\n".join(component(feature, says) for feature, says in task["features"].items()),
        columns=", ".join(f"`{column}`" for column in next(iter(samples.values()))),
        partners=", ".join(samples),
    )
    Path("ARCHITECTURE.md").write_text(text, encoding="utf-8")


def header(path: Path) -> list[str]:
    """The column names of one sample."""
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def component(feature: str, says: str) -> str:
    """The boundaries of one feature."""
    design = WORK / "components" / f"{feature}.md"
    if not design.is_file():
        sys.exit(f"nobody has designed the feature {feature!r}: {design} is missing")
    return f"### {feature}\n\n{says}.\n\n{design.read_text(encoding='utf-8').strip()}"


if __name__ == "__main__":
    main()
    settle()
