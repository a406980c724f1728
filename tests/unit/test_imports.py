"""What parsing a DAG imports is paid by every task: Phasegate adds no crypto, XML, schema, git or agent module to what Airflow imports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.house import ORDERS

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    "crypto": ("cryptography", "securesystemslib", "nacl", "OpenSSL"),
    "XML": ("xml", "defusedxml", "lxml", "pyexpat", "_elementtree"),
    "schema": ("jsonschema", "jsonschema_specifications", "fastjsonschema", "referencing"),
    "git": ("git", "dulwich", "pygit2"),
    "agent": ("pydantic_ai", "anthropic", "openai", "litellm", "langchain", "airflow.providers.common.ai"),
    "document": ("markdown_it", "pathspec", "linkify_it", "mdit_py_plugins"),
    "command line": ("typer", "rich", "click"),
}
LATE = ("phasegate_plugin", "dag_factory.cli", "dag_factory.triggers", "dag_factory.operators.attempt", "dag_factory.operators.merging")
"""What is imported only where it is needed."""
PLAIN = """\
import json, sys
from airflow.sdk import DAG, BaseSensorOperator, TaskGroup
from airflow.providers.standard.operators.empty import EmptyOperator

class Sensor(BaseSensorOperator):
    pass

with DAG("plain", schedule="@daily"):
    with TaskGroup("group"):
        EmptyOperator(task_id="empty") >> Sensor(task_id="sensor")
before = set(sys.modules)
"""
LOAD = """\
from dag_factory import load_workflows
namespace = {"__file__": sys.argv[1] + "/loader.py"}
assert load_workflows(namespace, "workflows") == {}
assert namespace["orders_mart"].task_ids
"""
TELL = "print(json.dumps(sorted(set(sys.modules) - before)))"


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """The modules that parsing the sample's DAG adds to those of a plain DAG, as the dag-processor and as a task do it."""
    folder = tmp_path_factory.mktemp("dags")
    (folder / "workflows").mkdir()
    shutil.copy(ORDERS / "workflow.yaml", folder / "workflows")
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PLAIN + LOAD + TELL, str(folder)], env={**os.environ, "PYTHONPATH": str(ROOT), **context},
            stdout=subprocess.PIPE, text=True, cwd=folder,
        )
        for context in ({}, {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": "orders_mart"})
    ]  # fmt: skip
    return [json.loads(process.communicate(timeout=120)[0].splitlines()[-1]) for process in running]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_parsing_adds_no_heavy_module(what, added):
    for modules in added:
        heavy = [name for name in modules if any(name == root or name.startswith(f"{root}.") for root in FORBIDDEN[what])]
        assert heavy == []


def test_what_is_imported_is_the_factory_and_little_else(added):
    for modules in added:
        assert "dag_factory.loader" in modules
        assert not [name for name in modules if name.startswith(LATE)]
        roots = {name.partition(".")[0] for name in modules if not name.startswith("_")} - set(sys.stdlib_module_names)
        assert roots <= {"dag_factory", "airflow", "croniter", "dateutil", "pendulum", "pydantic", "pytz", "six", "yaml"}


def test_people_and_operators_make_a_dag_no_heavier(tmp_path):
    """What an operator imports itself, its DAG pays for; Phasegate adds nothing to it."""
    (tmp_path / "workflows").mkdir()
    text = (ROOT / "examples" / "customer_value" / "workflow.yaml").read_text(encoding="utf-8")
    (tmp_path / "workflows" / "workflow.yaml").write_text(text.replace("customer_value\n", "orders_mart\n", 1), encoding="utf-8")
    stock = "from airflow.providers.standard.operators.bash import BashOperator\nbefore = set(sys.modules)\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PLAIN + stock + LOAD + TELL, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    modules = json.loads(done.stdout.splitlines()[-1])
    assert "dag_factory.operators.stock" in modules
    roots = tuple(root for kind in FORBIDDEN.values() for root in kind)
    assert not [name for name in modules if name.startswith(LATE) or name.partition(".")[0] in roots]


def test_the_package_itself_imports_nothing_of_airflow():
    code = "import sys, dag_factory.plan, dag_factory.evidence.verify, dag_factory.cli; print([n for n in sys.modules if n.startswith('airflow')])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
