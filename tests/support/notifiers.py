"""Notifiers for tests: one writes lines, others do what a notifier should not."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier


class Lines(BaseNotifier):
    """Appends what it is told to a file in $TESTS_LAB, a line of JSON each."""

    template_fields = ("text",)

    def __init__(self, text: str = "{{ phasegate.text }}", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text

    def notify(self, context: Any) -> None:
        """Write."""
        said = context["phasegate"]
        line = {key: said[key] for key in ("event", "run", "phase", "cycle", "word", "subject", "link", "findings", "asked")} | {
            "text": self.text
        }
        with (Path(os.environ["TESTS_LAB"]) / "notices.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class Later(Lines):
    """Writes likewise, and knows only how to be awaited."""

    notify = BaseNotifier.notify

    async def async_notify(self, context: Any) -> None:
        """Write."""
        Lines.notify(self, context)


class Raises(BaseNotifier):
    """Raises."""

    def notify(self, context: Any) -> None:
        """Raise."""
        raise RuntimeError("the wire is cut")


class Hangs(BaseNotifier):
    """Never ends."""

    def notify(self, context: Any) -> None:
        """Wait for ever."""
        threading.Event().wait()


def notices(lab: Path) -> list[dict[str, Any]]:
    """What `Lines` wrote, the oldest first."""
    path = lab / "notices.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
