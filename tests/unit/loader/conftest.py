"""A DAG folder, and how it is loaded."""

from __future__ import annotations

import pytest
from airflow.sdk import DAG

from dag_factory import load_workflows
from dag_factory.loader import reporting


@pytest.fixture
def folder(tmp_path):
    """A DAG folder with an empty folder of workflows in it."""
    (tmp_path / "workflows").mkdir()
    return tmp_path


@pytest.fixture
def load(folder, monkeypatch):
    """Loads the folder as a file of the DAG folder would, as the dag-processor or for one DAG."""

    def loaded(where="workflows", *, wanted=None):
        monkeypatch.delenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", raising=False)
        if wanted:
            monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", wanted)
        namespace = {"__file__": str(folder / "loader.py")}
        with reporting(folder / "loader.py"):
            broken = load_workflows(namespace, where)
        return {name: dag for name, dag in namespace.items() if isinstance(dag, DAG)}, broken

    return loaded
