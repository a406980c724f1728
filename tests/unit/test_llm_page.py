"""What docs/runners/llm.md prints is true: its workflow is sound, its links lead somewhere, and a DAG of it imports nothing of models."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dag_factory.plan import compile_plan
from dag_factory.runners import llm_order, room
from dag_factory.runners.llm import _PATIENCE
from dag_factory.spec import read_spec

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "runners" / "llm.md"
TEXT = PAGE.read_text(encoding="utf-8")
WORKFLOW = TEXT.rpartition("```yaml\n")[2].partition("```")[0]
HEAVY = ("pydantic_ai", "openai", "anthropic", "mcp", "fastmcp", "httpx2", "tiktoken", "genai_prices")
PROVIDER = {"airflow.providers.common.ai", "airflow.providers.common.ai.get_provider_info"}
"""What Airflow itself loads of every provider that is installed."""
BUILD = """\
import json, sys
from dag_factory import load_workflows
namespace = {"__file__": sys.argv[1] + "/loader.py"}
assert load_workflows(namespace, "workflows") == {}, "it is sound"
dag = namespace["churn_page"]
assert "writing.writer" in dag.task_ids
print(json.dumps(sorted(sys.modules)))
"""
LINT = """\
import json, sys
from dag_factory.cli import app
app(["lint", sys.argv[1] + "/workflows", "--patterns", "standard,none"], standalone_mode=False)
print(json.dumps(sorted(sys.modules)))
"""


def test_the_complete_example_is_sound(tmp_path):
    path = tmp_path / "workflow.yaml"
    path.write_text(WORKFLOW, encoding="utf-8")
    plan = compile_plan(read_spec(path, patterns=("standard", "none")))
    assert {task.runner for task in plan.contract.tasks.values()} == {"llm"}
    assert plan.executions["writing/writer"].work["connection"] == "my_model"
    assert plan.executions["examination/examiner"].work["mcp"] == ["warehouse_docs"]


def test_the_toolset_it_prints_can_be_made():
    code = TEXT.partition("```python\n")[2].partition("```")[0] + "\nprint(sandbox().id)\n"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert "sandbox" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("block", re.findall(r"^```yaml\n(personas:\n.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
def test_a_part_fits_the_sample(tmp_path, block):
    spec = yaml.safe_load((ROOT / "examples" / "orders" / "workflow.yaml").read_text(encoding="utf-8"))
    spec["personas"] |= yaml.safe_load(block)["personas"]
    (tmp_path / "workflow.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    plan = compile_plan(read_spec(tmp_path / "workflow.yaml", patterns=("standard",)))
    assert plan.contract.tasks["validation/documentation-writer"].runner == "llm"


def test_its_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


def test_its_figures_are_those_of_the_code():
    assert f"after {llm_order.MOST_REQUESTS} of them" in TEXT
    assert (_PATIENCE, room._FILE, room._ALL, room._SHOWN) == (600.0, 1_000_000, 100_000_000, 60_000)
    assert "after ten minutes" in TEXT
    assert "at most\n1 MB, all that is written at most 100 MB, an answer some 60,000 characters" in TEXT


@pytest.mark.parametrize("code", [BUILD, LINT], ids=["building", "linting"])
def test_a_workflow_with_a_model_imports_nothing_of_models(tmp_path, code):
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "churn.yaml").write_text(WORKFLOW, encoding="utf-8")
    seen = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__PHASEGATE__PATTERNS": "standard,none",
    }
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)]
    done = subprocess.run(command, env=seen, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert code == BUILD or "all sound" in done.stderr
    modules = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in modules if name.partition(".")[0] in HEAVY] == []
    assert {name for name in modules if name.startswith("airflow.providers.common.ai")} <= PROVIDER
