"""What the process of a model does, done in this one: it takes its order, works, and reports what came of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

from dag_factory.runners import llm_child, llm_given
from dag_factory.runners.llm_order import Order, Report


class Hook:
    """The provider's hook, of a model that does what a test wants."""

    def __init__(self, model):
        self.model = model

    def get_conn(self):
        return self.model

    def create_agent(self, output_type, **kwargs):
        return Agent(self.model, output_type=output_type, **kwargs)


@pytest.fixture
def order(bench, monkeypatch):
    """Makes an order; the provider is a stand-in, and what it masks is a word."""
    monkeypatch.setattr(llm_given, "agent_hook", lambda connection, model: Hook(TestModel(call_tools=["list_files"])))
    monkeypatch.setattr(llm_given, "masked", lambda text: text.replace("sesame", "***"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    folders = {name: str(bench.root / name) for name in ("workspace", "inputs", "evidence")}
    room = {**folders, "task_file": str(bench.task_file), "writes": [], "reports": []}

    def make(**more):
        return Order("my_model", "Do it.", "c-1", room, str(bench.spec), **more)

    return make


def work(order):
    reports, lines = [], []
    return llm_child.work(order, reports.append, lines.append), reports, lines


def test_it_works_and_reports_every_move(order):
    code, reports, lines = work(order())
    assert code == 0
    assert [report.doing for report in reports] == [
        "starting", "waiting for answer 1 of the model", "working with its tools", "waiting for answer 2 of the model", "working with its tools", "done",
    ]  # fmt: skip
    assert (reports[-1].provider, reports[-1].model, reports[-1].requests) == ("test", "test", 2)
    assert (lines[0], lines[-1]) == ("list_files", "Done: a")


def test_what_fails_is_told_and_masked(order, monkeypatch):
    def fail(connection, model):
        raise ValueError("no such type, and sesame opens")

    monkeypatch.setattr(llm_given, "agent_hook", fail)
    code, reports, lines = work(order())
    assert code == 1
    text = "The model of the connection my_model cannot be asked: ValueError: no such type, and *** opens"
    assert reports[-1] == Report(flaw=("agent-failed", text))
    assert lines == [text]


def test_the_toolsets_of_the_author_are_asked_for(order, bench):
    (bench.spec / "shopping_for_llm_child.py").write_text(
        "from pydantic_ai import FunctionToolset\n\n\ndef price(what: str) -> str:\n    return 'sesame'\n\n\n"
        "def one():\n    return FunctionToolset([price])\n\n\ndef two():\n    return [FunctionToolset(), FunctionToolset()]\n"
    )
    made = list(llm_child._toolsets(order(toolsets=("shopping_for_llm_child:one", "shopping_for_llm_child:two"))))
    assert len(made) == 3
    code, _, _ = work(order(toolsets=("shopping_for_llm_child:one",)))
    assert code == 0
    code, reports, _ = work(order(toolsets=("nowhere_for_llm_child:one",)))
    assert code == 1
    assert "No module named 'nowhere_for_llm_child'" in reports[-1].flaw[1]


def test_it_takes_its_order_and_reports_by_descriptors(order, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(llm_given, "_given", {})
    for name in ("AIRFLOW__SECRETS__BACKEND", "AIRFLOW__LOGGING__LOGGING_LEVEL"):
        monkeypatch.setenv(name, "")
    read, write = os.pipe()
    os.write(write, order(connections={"my_model": "{}"}).encoded())
    os.close(write)
    sheet = os.open(tmp_path / "sheet", os.O_RDWR | os.O_CREAT)
    assert llm_child.main(read, sheet) == 0
    assert Report.last((tmp_path / "sheet").read_bytes()).doing == "done"
    assert "list_files" in capsys.readouterr().out
    assert llm_given._given == {"my_model": "{}"}
    assert os.environ["AIRFLOW__SECRETS__BACKEND"] == "dag_factory.runners.llm_given.Given"


def test_the_backend_knows_what_was_handed_over_and_nothing_else(monkeypatch):
    monkeypatch.setattr(llm_given, "_given", {"my_model": '{"conn_type": "pydanticai", "password": "sesame"}'})
    backend = llm_given.Given()
    assert backend.get_conn_value("my_model") == llm_given._given["my_model"]
    assert backend.get_conn_value("other") is None
    assert backend.get_variable("key") is None
    with pytest.raises(AttributeError):
        llm_given.nothing  # noqa: B018


def test_only_one_module_of_a_model_imports_airflow():
    folder = Path(llm_child.__file__).parent
    assert [path.name for path in sorted(folder.glob("llm*.py")) if "airflow." in path.read_text().replace("airflow.com", "")] == [
        "llm_given.py"
    ]
