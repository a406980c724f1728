"""Specs to spoil: each test writes one thing, marks where the diagnostic must point, and names the rule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from dag_factory.errors import Diagnostic, SpecError
from dag_factory.spec import Spec, read_spec

MARK = "¦"
"""Stands in a text before what a diagnostic must point at."""

SOUND = """\
workflow: orders_mart
mission: Daily orders mart
schedule: {cron: "0 6 * * mon", timezone: Europe/Berlin, start: 2026-11-23}
workspace: {git: orders_repo, branch: main}
features:
  ingest: Load partner CSVs
  daily_mart: Build the mart
personas:
  default: {external: true}
"""

BARE = """\
workflow: bare
pattern: false
mission: Without a pattern
workspace: {git: repo}
features: {ingest: Load partner CSVs}
paths: {architecture: [ARCHITECTURE.md], product: ["src/**"], interface: ["interfaces/**"]}
personas:
  default: {external: true}
phases:
  design:
    tasks:
      architect: {persona: architect, duty: foundation}
    gate: {}
  build:
    tasks:
      engineer: {persona: software-engineer, each: feature}
    gate: {}
"""


@dataclass(frozen=True)
class Author:
    """Writes specs and reads what is said about them."""

    folder: Path
    text: str
    patterns: tuple[str, ...]

    def write(self, *edits: tuple[str, str], more: str = "") -> Path:
        """Write the sound spec with texts replaced, each of which must stand in it once, and with more below it."""
        text = self.text
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = self.folder / "workflow.yaml"
        path.write_text(text + more, encoding="utf-8")
        return path

    def sound(self, *edits: tuple[str, str], more: str = "") -> Spec:
        return read_spec(self.write(*edits, more=more), patterns=self.patterns)

    def told(self, *edits: tuple[str, str], more: str = "") -> tuple[Diagnostic, ...]:
        with pytest.raises(SpecError) as caught:
            self.sound(*edits, more=more)
        assert len(caught.value.diagnostics) >= 1
        return caught.value.diagnostics

    def only(self, rule: str, *edits: tuple[str, str], more: str = "") -> Diagnostic:
        """The one diagnostic a spec gets: of this rule, at the mark, with a reason and a remedy."""
        path = self.write(*edits, more=more)
        before, found, after = path.read_text(encoding="utf-8").partition(MARK)
        assert found, "mark the place"
        path.write_text(before + after, encoding="utf-8")
        with pytest.raises(SpecError) as caught:
            read_spec(path, patterns=self.patterns)
        [told] = caught.value.diagnostics
        assert told.rule == rule, str(told)
        assert (told.where.file, told.where.line, told.where.column) == (
            str(path),
            before.count("\n") + 1,
            len(before.rpartition("\n")[2]) + 1,
        )
        assert told.reason.endswith((".", "?"))
        assert told.remedy.endswith(".") or "`" in told.remedy
        return told


@pytest.fixture
def author(tmp_path: Path) -> Author:
    """Somebody who writes over the standard pattern."""
    return Author(tmp_path, SOUND, ("standard",))


@pytest.fixture
def bare(tmp_path: Path) -> Author:
    """Somebody who may go without a pattern."""
    return Author(tmp_path, BARE, ("standard", "none"))
