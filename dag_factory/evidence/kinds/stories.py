"""User stories as JSON: per story an id, a feature, acceptance criteria with ids, and a golden path.

The format is our own::

    {"stories": [{"id": "ING-1", "feature": "ingest", "story": "As an analyst I …",
                  "acceptance": [{"id": "ING-1.1", "text": "A file without rows is refused."}],
                  "golden_path": ["Put a file into the inbox.", "See it loaded."]}]}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    clipped,
    rejected,
)
from dag_factory.evidence.kinds.prose import unfilled
from dag_factory.evidence.visible import says, visible

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "StoriesExpect", "StoriesKind"]

MAX_BYTES = 5_000_000
"""The largest document that is read."""
MAX_DEPTH = 16
"""How deep it may nest; the format needs 5."""
MAX_NODES = 200_000
"""How many values it may hold."""

_ID = re.compile(r"[A-Za-z0-9._-]+")


class StoriesExpect(Expectation):
    """Nothing may be asked beyond what every story owes."""


class StoriesKind(Opened[StoriesExpect]):
    """User stories. Facts: `stories`, `acceptance`, and per feature `stories@<feature>`, `acceptance@<feature>`."""

    name: ClassVar[str] = "stories"
    Expect: ClassVar[type[Expectation]] = StoriesExpect
    nothing = "the document is empty. Write the stories."

    def look(self, material: Material, expect: StoriesExpect) -> Examination:  # noqa: ARG002 -- nothing may be asked
        """Look at every story for what it owes."""
        document = strict_json.loads(material.data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
        stories = document.get("stories") if isinstance(document, dict) else None
        if not isinstance(stories, list):
            text = f'{material.name}: it must be an object {{"stories": […]}}. Write it so.'
            return rejected(text, subject="stories")
        if not stories:
            text = f"{material.name}: it holds no story. No data is never a pass: write the stories."
            return rejected(text, subject="stories", rule=EVIDENCE_MISSING)
        reading = _Reading()
        for index, story in enumerate(stories):
            reading.take(story, f"stories[{index}]")
        faults = [Fault(f"{material.name}: {text}", subject) for text, subject in reading.reasons[:MAX_FAULTS]]
        return Examination(tuple(faults), {fact: tuple(ids) for fact, ids in reading.facts.items()})


class _Reading:
    """One walk over the stories of one document."""

    def __init__(self) -> None:
        self.reasons: list[tuple[str, str]] = []
        self.facts: dict[str, dict[str, None]] = {"stories": {}, "acceptance": {}}
        self._places: dict[str, str] = {}

    def take(self, story: Any, where: str) -> None:
        """Take in one story: its ids become facts, what it lacks becomes reasons."""
        if not isinstance(story, dict):
            self.reasons.append((f"{where} is no object. Write a story.", where))
            return
        number = self._id(story.get("id"), where, f"{where}.id")
        label = f"the story {number}" if number else where
        subject = number or where
        feature = story.get("feature")
        if not (isinstance(feature, str) and _ID.fullmatch(feature)):
            self.reasons.append((f"{label} has no feature ({where}.feature). Name the feature it belongs to.", subject))
            feature = None
        if not _written(story.get("story")):
            self.reasons.append((f"{label} has no text ({where}.story). Say who wants what, and why.", subject))
        self._publish("stories", number, feature)
        for criterion in self._criteria(story.get("acceptance"), label, subject, f"{where}.acceptance"):
            self._publish("acceptance", criterion, feature)
        path = story.get("golden_path")
        acts = path if isinstance(path, list) else []
        if not any(map(_written, acts)) or not all(isinstance(act, str) and visible(act).strip() and not unfilled(act) for act in acts):
            text = f"{label} has no golden path ({where}.golden_path). List what the user does, one text for each act."
            self.reasons.append((text, subject))

    def _criteria(self, criteria: Any, label: str, subject: str, where: str) -> Iterator[str | None]:
        if not (isinstance(criteria, list) and criteria):
            text = f"{label} has no acceptance criteria ({where}). Say how anyone can tell that it is done."
            self.reasons.append((text, subject))
            return
        for index, criterion in enumerate(criteria):
            place = f"{where}[{index}]"
            entry = criterion if isinstance(criterion, dict) else {}
            yield self._id(entry.get("id"), f"an acceptance criterion of {label}", f"{place}.id", subject)
            if not _written(entry.get("text")):
                text = f"an acceptance criterion of {label} has no text ({place}.text). Say what must hold."
                self.reasons.append((text, subject))

    def _id(self, value: Any, label: str, where: str, subject: str = "") -> str | None:
        if not (isinstance(value, str) and _ID.fullmatch(value)):
            shown = "no id" if value is None else f"the id {clipped(repr(value), 60)}"
            text = f"{label} has {shown} ({where}). Give it one of letters, digits, dots, dashes and underscores."
            self.reasons.append((text, subject or where))
            return None
        first = self._places.setdefault(value, where)
        if first != where:
            text = f"the id {clipped(value, 60)} stands twice, at {first} and {where}. Give each its own."
            self.reasons.append((text, value))
        return value

    def _publish(self, fact: str, value: str | None, feature: str | None) -> None:
        for key in (fact, f"{fact}@{feature}" if feature else ""):
            if key and value:
                self.facts.setdefault(key, {})[value] = None


def _written(text: Any) -> bool:
    return isinstance(text, str) and says(text) and not unfilled(visible(text))
