"""The workflow that most tests speak of, the same with a designer from outside, and the plan of a spec's text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

SPEC = """\
workflow: orders_mart
mission: Daily orders mart
workspace: {git: orders_repo}
features:
  ingest: Load partner CSVs
  daily_mart: Build the mart
personas:
  foundation/architect: {command: python architect.py}
  ux-designer: {command: python ux.py}
  foundation/product-manager: {command: python stories.py}
  software-engineer: {command: python engineer.py}
  sdet: {command: python sdet.py}
  test-engineer: {check: make e2e}
  validation/product-manager: {check: make golden-paths}
  performance-engineer: {check: make bench}
  security-engineer: {check: make audit}
  documentation-writer: {command: python docs.py}
  integration-engineer: {check: make compat}
  integration/architect: {command: python update.py}
  devops: {command: python devops.py}
"""


def plan_of(tmp_path: Path, text: str = SPEC, **kwargs: Any) -> Plan:
    """Compile a spec's text."""
    path = tmp_path / "workflow.yaml"
    path.write_text(text, encoding="utf-8")
    return compile_plan(read_spec(path, **kwargs))


EXTERNAL = SPEC.replace("ux-designer: {command: python ux.py}", "ux-designer: {external: true, timeout: 2h}")
"""The same workflow with a designer from outside."""
