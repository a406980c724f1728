"""A spec that can be planned, and somebody who edits it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from dag_factory.errors import Diagnostic, SpecError
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

MARK = "¦"
"""Stands in a text before what a diagnostic must point at."""

TEXT = """\
workflow: orders_mart
mission: Daily orders mart
schedule: {cron: "0 6 * * mon", timezone: Europe/Berlin, start: 2026-11-23}
workspace: {git: orders_repo, branch: main}
features:
  ingest: Load partner CSVs
  daily_mart: {does: Build the mart, paths: ["src/mart/**"]}
personas:
  foundation/architect: {command: python architect.py}
  ux-designer: {external: true, timeout: 2h}
  foundation/product-manager: {command: python stories.py}
  software-engineer: {command: "python work/{feature}.py", env: {TOKEN: {env: TOKEN}, DB: {conn: orders}, LIMIT: {var: limit}, LEVEL: high}}
  sdet: {command: [python, "tests/{feature}.py"], pool: agents, queue: big, executor: LocalExecutor, priority: 5, retries: 2, retry_delay: 90s}
  test-engineer: {check: make e2e, timeout: 10m}
  validation/product-manager: {check: make golden-paths}
  performance-engineer: {check: make bench}
  security-engineer: {command: python security.py, verify: make audit, timeout: 2h}
  documentation-writer: {command: python docs.py}
  integration-engineer: {check: [make, compat]}
  integration/architect: {command: python update.py}
  devops: {python: "ops:deploy"}
params: {day: {default: today, description: Which day, schema: {type: string}}, size: 5}
tags: [orders]
owner: data-platform
docs: Read me.
"""


@dataclass(frozen=True)
class Planner:
    """Writes a spec and plans it."""

    folder: Path
    text: str = TEXT

    def write(self, *edits: tuple[str, str], more: str = "") -> Path:
        """Write the spec with texts replaced, each of which must stand in it once, and with more below it."""
        text = self.text
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = self.folder / "workflow.yaml"
        path.write_text(text + more, encoding="utf-8")
        return path

    def plan(self, *edits: tuple[str, str], more: str = "") -> Plan:
        return compile_plan(read_spec(self.write(*edits, more=more), patterns=("standard", "none")))

    def only(self, rule: str, *edits: tuple[str, str], more: str = "") -> Diagnostic:
        """The one diagnostic a spec gets: of this rule, at the mark, with a reason and a remedy."""
        path = self.write(*edits, more=more)
        before, found, after = path.read_text(encoding="utf-8").partition(MARK)
        assert found, "mark the place"
        path.write_text(before + after, encoding="utf-8")
        with pytest.raises(SpecError) as caught:
            compile_plan(read_spec(path))
        [told] = caught.value.diagnostics
        assert told.rule == rule, str(told)
        assert (told.where.file, told.where.line, told.where.column) == (
            str(path),
            before.count("\n") + 1,
            len(before.rpartition("\n")[2]) + 1,
        )
        assert told.reason.endswith((".", "?"))
        assert told.remedy.endswith(".")
        return told


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return Planner(tmp_path)
