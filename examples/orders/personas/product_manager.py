"""The product manager: the stories of every feature, how to tell that they are met, and the path a user takes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from findings import settle

WORK = Path(__file__).parent / "work" / "product-manager"


def main() -> None:
    """Write stories.json; every acceptance criterion gets an id by which tests can cite it."""
    task = json.loads(Path(os.environ["PHASEGATE_TASK"]).read_text(encoding="utf-8"))
    stories = [story for feature in task["features"] for story in stories_of(feature)]
    text = json.dumps({"stories": stories}, indent=2, ensure_ascii=False)
    Path("stories.json").write_text(text + "\n", encoding="utf-8")


def stories_of(feature: str) -> list[dict[str, Any]]:
    """The stories of one feature, their criteria numbered ``<feature>-1``, ``<feature>-2`` and so on."""
    wanted = WORK / f"{feature}.json"
    if not wanted.is_file():
        sys.exit(f"nobody told a story about the feature {feature!r}: {wanted} is missing")
    stories = []
    count = 0
    for story in json.loads(wanted.read_text(encoding="utf-8")):
        criteria = story["acceptance"]
        numbered = [{"id": f"{feature}-{count + n}", "text": text} for n, text in enumerate(criteria, start=1)]
        count += len(criteria)
        stories.append({**story, "feature": feature, "acceptance": numbered})
    return stories


if __name__ == "__main__":
    main()
    settle()
