"""A folder of workflows as a task's worker loads it: only its own DAG, found at once, and what counts never rests on the cache."""

from __future__ import annotations

import os

import pytest
from support.loading import BROKEN, SOUND, write

from dag_factory.plan import PlanCache
from dag_factory.plan.models import Notifier


def test_only_the_wanted_dag_is_built_in_a_worker(folder, load, monkeypatch):
    from dag_factory.plan.compile import read_plan

    read = []

    def counting(path, patterns):
        read.append(path.name)
        return read_plan(path, patterns)

    for name in ("one", "two", "three"):
        write(folder, name)
    write(folder, "broken", BROKEN["unknown-key"])
    write(folder, "quoted", SOUND.format(name="'two-more'"))
    write(folder, "flow", "{workflow: flowing}")
    monkeypatch.setattr("dag_factory.plan.compile.read_plan", counting)
    dags, broken = load(wanted="two")
    assert list(dags) == ["two"]
    assert read == ["flow.yaml", "two.yaml"], "one whose name cannot be seen from afar is looked at"
    assert list(broken) == [str(folder / "workflows" / "flow.yaml")]
    read.clear()
    assert list(load(wanted="two-more")[0]) == ["two-more"]
    assert "quoted.yaml" in read


def test_a_task_goes_straight_to_where_its_dag_was_found_last(folder, load, monkeypatch):
    one, two = write(folder, "one"), write(folder, "two")
    load()
    monkeypatch.setattr("dag_factory.loader.spec_files", lambda where: pytest.fail("every file was looked at"))
    assert list(load(wanted="two")[0]) == ["two"]
    monkeypatch.undo()
    one.write_text(SOUND.format(name="two"), encoding="utf-8")
    two.write_text(SOUND.format(name="three"), encoding="utf-8")
    assert list(load(wanted="two")[0]) == ["two"], "it moved to another file"


def test_what_kickoff_freezes_never_rests_on_the_cache(folder, load, monkeypatch):
    write(folder, "one")
    load()
    monkeypatch.setattr("dag_factory.plan.cache.PlanCache._read", lambda *_: pytest.fail("the cache was asked"))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "kickoff")
    assert list(load(wanted="one")[0]) == ["one"]


@pytest.mark.parametrize("task", ["foundation.gate", "foundation.fix_1.gate", "foundation.waived_1", "foundation.fix_1.triage", "complete"])
def test_who_is_told_never_rests_on_the_cache(folder, load, monkeypatch, task):
    """A notifier is code that a worker runs beside its keys, and no part of the plan's digest."""
    write(folder, "one", SOUND.format(name="one") + "notify: {gate-passed: &it {notifier: the.spec.Says}, run-complete: *it}\n")
    load()
    read = PlanCache._read

    def forged(self, path, key):
        plan = read(self, path, key)
        notify = dict.fromkeys(("gate-passed", "run-complete"), (Notifier(path="somebody.else.Says"),))
        return plan.model_copy(update={"presentation": plan.presentation.model_copy(update={"notify": notify})})

    monkeypatch.setattr(PlanCache, "_read", forged)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task)
    dag = load(wanted="one")[0]["one"]
    [callback] = dag.get_task("complete" if task == "complete" else "foundation.gate").on_success_callback
    assert [notifier.path for notifier in callback.notifiers] == ["the.spec.Says"]


def test_a_worker_finds_its_dag_by_whatever_the_name_is_written(folder, load):
    for name, text in {
        "quoted": 'workflow: "quoted"', "spaced": "workflow :   spaced", "folded": "workflow: >-\n  folded",
        "keyed": '"workflow": keyed', "commented": "workflow: commented  # and so on",
    }.items():  # fmt: skip
        write(folder, name, SOUND.format(name=name).replace(f"workflow: {name}", text))
        assert name in load(wanted=name)[0]


def test_what_is_no_plain_file_is_of_no_workflow(folder, load):
    write(folder, "one")
    os.mkfifo(folder / "workflows" / "pipe.yaml")
    (folder / "workflows" / "circle.yaml").symlink_to("circle.yaml")
    dags, broken = load(wanted="one")
    assert (list(dags), broken) == (["one"], {})
