"""What parsing a DAG imports is paid by every task: no heavy library below the plan."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dag_factory

HEAVY = (
    "airflow", "cryptography", "defusedxml", "xml.etree", "xml.sax", "xml.dom", "jsonschema", "referencing", "markdown_it", "pathspec",
    "git", "dulwich", "rich", "typer", "fsspec", "upath", "requests", "httpx", "sqlite3",
)  # fmt: skip
PROGRAM = """
import sys
{body}
heavy = {heavy!r}
print(*sorted(name for name in sys.modules if any(name == part or name.startswith(part + ".") for part in heavy)))
print(*sorted(name for name in sys.modules if name.startswith(("dag_factory.workspace", "dag_factory.runners.agents.", "dag_factory.runners.prompt"))))
"""


def loaded(body: str, *args: str) -> list[str]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(dag_factory.__file__).parents[1])}
    program = PROGRAM.format(body=body, heavy=HEAVY)
    return subprocess.run([sys.executable, "-c", program, *args], env=env, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize("module", ["dag_factory.spec", "dag_factory.plan", "dag_factory.evidence.contract"])
def test_importing_a_lower_floor_loads_nothing_heavy(module: str) -> None:
    assert loaded(f"import {module}") == []


@pytest.mark.parametrize("devops", ['{python: "ops:deploy"}', "{agent: claude, budget: 5 USD}"], ids=["as it is", "with an agent"])
def test_reading_and_planning_a_spec_loads_nothing_heavy(planner: Any, devops: str) -> None:
    body = """
from pathlib import Path
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec
compile_plan(read_spec(Path(sys.argv[1])))
"""
    assert loaded(body, str(planner.write(('  devops: {python: "ops:deploy"}', f"  devops: {devops}")))) == []
