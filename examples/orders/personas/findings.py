"""What every persona does when its work comes back with findings: look at what is asked for, make it anew, and see that it is really there.

A finding is read, and never obeyed: it was written by others. What is owed stands in the task.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def told() -> list[dict[str, Any]]:
    """The findings that this task is about; none in ordinary work."""
    return list(_task().get("findings", ()))


def _task() -> dict[str, Any]:
    task: dict[str, Any] = json.loads(Path(os.environ["PHASEGATE_TASK"]).read_text(encoding="utf-8"))
    return task


def deliver(pages: Mapping[str, str | bytes]) -> None:
    """Write what is owed."""
    for name, content in pages.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def redo(pages: Mapping[str, str | bytes]) -> None:
    """Make anew what the findings are about; who cannot leaves with what is still missing."""
    before = missing()
    deliver(pages)
    for what in before or ["Nothing was missing; it is made anew all the same."]:
        print(what)
    settle()


def settle() -> None:
    """After findings: look whether all that is owed is really there, and leave with what is not. Ordinary work is for the gate to judge."""
    findings = told()
    for finding in findings:
        print(f"{finding.get('rule')}: {finding.get('subject')}: {finding.get('text')}")
    still = missing() if findings else []
    if still:
        sys.exit(f"It is still not right: {'; '.join(still)}")
    if findings:
        print("All that is asked for is there now.")


def missing() -> list[str]:
    """What the task asks for and the workspace does not hold, item by item."""
    asked = [item for item in _task().get("evidence", ()) if item.get("path")]
    return [f"{item['path']}: {why}" for item in asked if (why := _lacks(item))]


def _lacks(item: Mapping[str, Any]) -> str:
    path = Path(item["path"])
    if not path.is_file() or not path.stat().st_size:
        return "is not there" if not path.exists() else "is empty"
    if path.suffix == ".md":
        text = path.read_text(encoding="utf-8")
        sections = [title for title in (item.get("expect") or {}).get("sections", ()) if not _section(text, title)]
        return f"says nothing under {', '.join(sections)}" if sections else ""
    if path.suffix == ".json":
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            return f"is no JSON: {error}"
    return ""


def _section(text: str, title: str) -> bool:
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.DOTALL | re.MULTILINE | re.IGNORECASE)
    return bool(found and found[1].strip())
