"""What Airflow's long-lived processes load before they fork: all that tasks need, and nothing where a task begins."""

from __future__ import annotations

import subprocess
import sys

import pytest
from phasegate_plugin import preload
from phasegate_plugin.plugin import PhasegatePlugin


class Job:
    """Named as what Airflow's scheduler, triggerer and dag-processor begin with."""


class TaskRunnerMarker:
    """Named as what a task begins with."""


@pytest.fixture
def loaded(monkeypatch):
    names = []
    monkeypatch.setattr(preload, "_load", names.append)
    return names


def test_where_a_job_begins_all_that_tasks_need_is_loaded(loaded):
    preload.on_starting(component=Job())
    assert {"dag_factory.operators.attempt", "dag_factory.sensors.gate", "dag_factory.evidence.kinds.junit", "dag_factory.build"} <= set(
        loaded
    )
    assert not [name for name in loaded if name.startswith("dag_factory.cli")]


def test_where_a_job_begins_it_is_tried_whether_programs_can_be_cut_off(loaded):
    from dag_factory.runners.bounds import why_not_offline

    why_not_offline.cache_clear()
    preload.on_starting(component=Job())
    assert why_not_offline.cache_info().currsize == 1


def test_where_a_job_begins_git_is_looked_for_and_airflows_client_reads_its_certificates(loaded):
    from airflow.sdk.api.client import Client

    from dag_factory.workspace.program import _program

    _program.cache_clear()
    Client._get_ssl_context_cached.cache_clear()
    preload.on_starting(component=Job())
    assert _program.cache_info().currsize == 1
    assert Client._get_ssl_context_cached.cache_info().currsize == 1
    assert "airflow.sdk.execution_time.supervisor" in sys.modules


def test_a_scheduler_needs_no_git(loaded, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    preload.on_starting(component=Job())
    assert "git" not in caplog.text


def test_where_a_task_begins_nothing_is(loaded):
    preload.on_starting(component=TaskRunnerMarker())
    assert loaded == []


def test_what_cannot_be_loaded_is_told_and_harms_nothing(monkeypatch, caplog):
    monkeypatch.setattr(preload, "modules", lambda: ["no_such_module", "json"])
    preload.on_starting(component=Job())
    assert "no_such_module is not loaded before tasks need it" in caplog.text


def test_every_module_loads_and_starts_no_thread():
    code = (
        "import threading, sys\nfrom phasegate_plugin import preload\n"
        "before = threading.active_count()\n[__import__(name) for name in preload.modules()]\n"
        "print(threading.active_count() - before, 'dag_factory.operators.attempt' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["0", "True"]


def test_where_a_job_begins_statements_and_plans_can_be_read_at_once():
    code = (
        "from phasegate_plugin import preload\n[__import__(name) for name in preload.modules()]\npreload.complete()\n"
        "from dag_factory.evidence import contract, decisions, statement, verdict\nfrom dag_factory.plan import Plan\n"
        "kinds = [Plan, contract.RunContract, statement.Charter, statement.TaskStatement, statement.ConvergeStatement, verdict.Verdict,\n"
        "         decisions.Triage, decisions.Decision, decisions.Waiver, decisions.Completion]\n"
        "print([kind.__name__ for kind in kinds if not kind.__pydantic_complete__])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_cannot_be_made_ready_is_told_and_harms_nothing(loaded, monkeypatch, caplog):
    def broken():
        raise TypeError("no such type")

    monkeypatch.setattr(preload, "complete", broken)
    preload.on_starting(component=Job())
    assert "not made ready before tasks need them: no such type" in caplog.text


def test_airflow_hears_of_it():
    assert PhasegatePlugin.listeners == [preload]
