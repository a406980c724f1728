"""The UX designer: a flow per feature, and wireframes that have room for what the partners really send."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from statistics import mode

WORK = Path(__file__).parent / "work" / "ux-designer"


def main() -> None:
    """Write UX.md."""
    task = json.loads(Path(os.environ["PHASEGATE_TASK"]).read_text(encoding="utf-8"))
    samples = sorted(Path("data").glob("*.csv"))
    currencies = sorted({mode(row["currency"] for row in rows(path) if row["currency"]) for path in samples})
    page = (WORK / "UX.md").read_text(encoding="utf-8")
    text = page.format(
        workflow=task["workflow"],
        flows="\n\n".join(flow(feature, says) for feature, says in task["features"].items()),
        days="\n".join(f"| YYYY-MM-DD | {currency:8} | NN     | NN       | NNN.NN   |" for currency in currencies),
        files="\n".join(f"| {path.name:13} | NN   | {longest_id(path):8} | <Reason>           |" for path in samples),
    )
    Path("UX.md").write_text(text, encoding="utf-8")


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of one sample."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def longest_id(path: Path) -> str:
    """The longest order id of one sample: the column must have room for it."""
    return max((row["order_id"] for row in rows(path)), key=len)


def flow(feature: str, says: str) -> str:
    """The flow of one feature."""
    design = WORK / f"{feature}.md"
    if not design.is_file():
        sys.exit(f"the feature {feature!r} has no flow: {design} is missing")
    return f"### {feature}: {says}\n\n{design.read_text(encoding='utf-8').strip()}"


if __name__ == "__main__":
    main()
