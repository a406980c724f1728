"""Plan -> DAG: its shape, what people see of it, and that it is the same wherever and whenever it is built."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pendulum
import pytest
from airflow.sdk import TriggerRule
from airflow.sdk.definitions.timetables.trigger import CronTriggerTimetable
from airflow.serialization.serialized_objects import DagSerialization, OperatorSerialization
from support.house import ORDERS

from dag_factory.build import build_dag
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec

SPEC = """\
workflow: orders_mart
mission: Daily orders mart
workspace: {git: orders_repo}
features: {ingest: Load partner CSVs, daily_mart: Build the mart}
"""
BOUND = "personas: {default: {check: make all}}\n"
PHASES = ("foundation", "implementation", "validation", "integration")
SERIALISE = """\
import hashlib, json, sys
from pathlib import Path
from dag_factory.build import build_dag
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec
from airflow.serialization.serialized_objects import DagSerialization
path = Path(sys.argv[1])
data = DagSerialization.to_dict(build_dag(compile_plan(read_spec(path)), path.parent))
print(hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest())
"""


@pytest.fixture
def build(tmp_path):
    """Builds the DAG of a spec, with more written below it."""

    def built(more="", personas=BOUND):
        path = tmp_path / "workflow.yaml"
        path.write_text(SPEC + personas + more, encoding="utf-8")
        return build_dag(compile_plan(read_spec(path)), tmp_path)

    return built


def ups(dag, name):
    return sorted(dag.get_task(name).upstream_task_ids)


def test_the_shape_of_a_run(build):
    dag = build()
    assert [task.task_id for task in dag.roots] == ["kickoff"]
    assert [task.task_id for task in dag.leaves] == ["complete"]
    before, gates = ["kickoff"], []
    for phase in PHASES:
        own = [
            name
            for name in dag.task_ids
            if name.startswith(f"{phase}.") and ".fix_" not in name and name.rpartition(".")[2] not in ("open", "converge", "gate")
        ]
        assert ups(dag, f"{phase}.open") == before
        assert all(ups(dag, name) == [f"{phase}.open"] for name in own), "in parallel"
        assert ups(dag, f"{phase}.converge") == sorted([f"{phase}.open", *own])
        assert ups(dag, f"{phase}.gate") == sorted([f"{phase}.open", f"{phase}.converge", *own]), "with open among them"
        before = sorted(f"{phase}.{name}" for name in ("gate", "fix_1.gate", "fix_2.gate"))
        gates += before
    assert ups(dag, "complete") == sorted(["kickoff", *gates])
    ordinary = [name for name in dag.task_ids if ".fix_" not in name]
    assert len(ordinary) == 15 + 3 * 4 + 2
    assert all(dag.get_task(name).upstream_task_ids for name in dag.task_ids if name != "kickoff"), (
        "nothing of a fix phase starts by itself"
    )


def test_the_trigger_rules(build):
    dag = build()
    rules = {task.task_id: task.trigger_rule for task in dag.tasks}
    for phase in PHASES:
        assert rules.pop(f"{phase}.open") == TriggerRule.ONE_SUCCESS
        assert rules.pop(f"{phase}.converge") == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
        assert rules.pop(f"{phase}.gate") == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
    assert rules.pop("complete") == TriggerRule.ALL_DONE
    assert {rule for name, rule in rules.items() if ".fix_" not in name} == {TriggerRule.ALL_SUCCESS}


def test_without_a_repository_nothing_is_merged(tmp_path):
    path = tmp_path / "workflow.yaml"
    path.write_text(
        "workflow: notes\npattern: false\nmission: Notes\npersonas: {default: {command: write}}\n"
        "catalogue: {w: {title: W, instructions: W., contracts: {d: {does: D., evidence: {e: {report: e.txt, kind: file}}}}}}\n"
        "phases: {only: {tasks: {write: {persona: w, duty: d}}, gate: {}}}\n",
        encoding="utf-8",
    )
    dag = build_dag(compile_plan(read_spec(path, patterns=("none",))), tmp_path)
    assert sorted(name for name in dag.task_ids if ".fix_" not in name) == ["complete", "kickoff", "only.gate", "only.open", "only.write"]
    assert ups(dag, "only.gate") == ["only.open", "only.write"]
    assert not [name for name in dag.task_ids if name.rpartition(".")[2] in ("converge", "join")]


def test_what_people_see_of_the_dag(build):
    dag = build("tags: [orders, daily]\nowner: data-platform\ndocs: Everything about orders.\n")
    assert dag.description == "Daily orders mart"
    assert set(dag.tags) == {"phasegate", "orders", "daily"}
    assert dag.default_args["owner"] == "data-platform"
    for text in (
        "**Daily orders mart**",
        "Everything about orders.",
        "| Foundation | @architect, @ux-designer, @product-manager | All three complete with evidence. |",
        "Fix phases that nobody needs are skipped.",
    ):
        assert text in dag.doc_md


def test_what_people_see_of_the_tasks(build):
    dag = build()
    shown = {task.task_id: task.task_display_name for task in dag.tasks}
    assert shown["kickoff"] == "Kickoff"
    assert shown["implementation.ingest.software-engineer"] == "@software-engineer · ingest"
    assert shown["validation.product-manager"] == "@product-manager"
    assert shown["validation.gate"] == "Gate 3"
    sdet = dag.get_task("implementation.daily_mart.sdet")
    assert sdet.owner == "@sdet"
    for text in (
        "### Software engineer in test",
        "daily_mart: Build the mart",
        "**unit-tests**: `unit.xml`",
        "make unit FEATURE=daily_mart",
        "`tests/daily_mart/**`",
    ):
        assert text in sdet.doc_md
    assert "May write: nothing in the repository." in dag.get_task("validation.test-engineer").doc_md
    assert [task.task_id for task in dag.tasks if not task.doc_md] == []
    gate = dag.get_task("validation.gate").doc_md
    assert "Every validation PASSED." in gate
    assert "- @test-engineer gave technical validation" in gate


def test_what_people_see_of_the_groups(build):
    groups = build().task_group.get_task_group_dict()
    assert [groups[phase].label for phase in PHASES] == [
        "1 · Foundation",
        "2 · Implementation",
        "3 · Validation and documentation",
        "4 · Integration and architecture update",
    ]
    assert groups["foundation"].tooltip == "@architect, @product-manager, @ux-designer. Gate 1: All three complete with evidence."
    assert {groups[phase].ui_color for phase in PHASES} == {"#f1f5f9"}


def test_each_kind_of_work_has_a_colour_of_its_own_that_dark_text_can_be_read_on(build):
    dag = build()
    colours = {
        name: dag.get_task(name).ui_color
        for name in ("foundation.architect", "implementation.ingest.sdet", "validation.test-engineer", "integration.devops")
    }
    assert len(set(colours.values())) == 4
    for task in dag.tasks:
        red, green, blue = (int(task.ui_color[at : at + 2], 16) for at in (1, 3, 5))
        assert 0.299 * red + 0.587 * green + 0.114 * blue > 180, task.task_id


def test_how_airflow_is_to_run_a_task(build):
    binding = "command: [build], pool: agents, queue: big, executor: LocalExecutor, priority: 7, retries: 2, retry_delay: 45s, timeout: 20m"
    dag = build(personas=f"personas: {{default: {{check: make all}}, software-engineer: {{{binding}}}}}\n")
    task = dag.get_task("implementation.ingest.software-engineer")
    assert (task.pool, task.queue, task.executor, task.priority_weight) == ("agents", "big", "LocalExecutor", 7)
    assert (task.retries, task.retry_delay) == (2, timedelta(seconds=45))
    assert task.execution_timeout == timedelta(seconds=20 * 60 + 300), "Phasegate ends the program first, and tells why"
    other = dag.get_task("foundation.architect")
    assert (other.pool, other.queue, other.executor, other.priority_weight, other.retries) == ("default_pool", "default", None, 1, 0)
    sdet = dag.get_task("implementation.ingest.sdet")
    checks = sum(check.timeout for check in sdet._contract.checks)
    assert sdet.execution_timeout == timedelta(seconds=3600 + checks + 300)
    assert [dag.get_task(f"{phase}.gate").retries for phase in PHASES] == [0] * 4


def test_how_often_runs_may_be_made(build):
    dag = build("max_active_runs: 3\ntimeout: 2d\n")
    assert (dag.max_active_runs, dag.dagrun_timeout) == (3, timedelta(days=2))
    dag = build()
    assert (dag.max_active_runs, dag.dagrun_timeout, dag.catchup) == (1, None, False)


def test_a_cron_line_in_its_timezone_from_its_start(build):
    dag = build('schedule: {cron: "0 6 * * mon", timezone: Europe/Berlin, start: 2026-11-23, catchup: true}\n')
    assert isinstance(dag.timetable, CronTriggerTimetable)
    assert (dag.timetable.expression, str(dag.timetable.timezone)) == ("0 6 * * mon", "Europe/Berlin")
    assert dag.start_date == pendulum.datetime(2026, 11, 23, tz="Europe/Berlin")
    assert dag.catchup is True


def test_a_cron_line_without_a_start_has_one_that_never_moves(build):
    dag = build('schedule: "0 6 * * mon"\n')
    assert dag.start_date == pendulum.datetime(2020, 1, 1)
    assert dag.catchup is False


@pytest.mark.parametrize("preset", ["hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "once", "continuous"])
def test_presets(build, preset):
    dag = build(f"schedule: {preset}\n")
    assert dag.schedule == f"@{preset}"
    assert dag.start_date is not None
    DagSerialization.to_dict(dag)


def test_assets(build):
    dag = build('schedule: {assets: ["s3://orders/raw", "s3://orders/rates"]}\n')
    assert sorted(asset.uri for asset in dag.schedule) == ["s3://orders/rates", "s3://orders/raw"]
    assert dag.start_date is None


@pytest.mark.parametrize("more", ["", "schedule: none\n", "schedule: {start: 2026-11-23}\n"])
def test_by_hand_alone(build, more):
    assert build(more).schedule is None


def test_params(build):
    dag = build(
        "params:\n  day: 2026-11-23\n  size: {default: 5, description: How much, schema: {type: integer, minimum: 1}}\n  note: {}\n"
    )
    assert dag.params.dump() == {"day": "2026-11-23", "size": 5, "note": None}
    size = dag.params.get_param("size")
    assert (size.description, size.schema) == ("How much", {"type": "integer", "minimum": 1})


def fingerprint(dag):
    return hashlib.sha256(json.dumps(DagSerialization.to_dict(dag), sort_keys=True).encode()).hexdigest()


def test_it_is_built_the_same_twice(build):
    more = 'tags: [b, a, c]\nschedule: {assets: ["s3://b", "s3://a"]}\nparams: {b: 1, a: 2}\n'
    assert fingerprint(build(more)) == fingerprint(build(more))


def test_it_is_built_the_same_in_every_process(tmp_path):
    path = tmp_path / "workflow.yaml"
    path.write_text((ORDERS / "workflow.yaml").read_text(encoding="utf-8").replace("tags: [", "tags: [z, y, x, "), encoding="utf-8")
    root = Path(__file__).parents[2]
    seeds = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERIALISE, str(path)], env={**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE, text=True, cwd=tmp_path,
        )
        for seed in ("1", "2")
    ]  # fmt: skip
    printed = [process.communicate(timeout=120)[0].split()[-1] for process in seeds]
    assert len(printed[0]) == 64
    assert printed[0] == printed[1]


def test_a_changed_plan_is_a_new_version_of_the_dag(build):
    """Airflow makes a version of the serialised fields; the digest of the plan is one of them, in every task of ours."""
    first, other = build(), build(personas=BOUND.replace("make all", "make everything"))
    assert fingerprint(first) != fingerprint(other)
    digest = first.get_task("kickoff").plan_digest
    serialised = [task["__var"] for task in DagSerialization.to_dict(first)["dag"]["tasks"]]
    ours = {task["task_id"]: task.get("plan_digest") or task.get("partial_kwargs", {}).get("plan") for task in serialised}
    assert {name: ours[name] for name in ours if not name.endswith((".open", ".settled"))} == {
        name: digest for name in ours if not name.endswith((".open", ".settled"))
    }


def test_editing_what_people_see_changes_no_plan(build):
    first, other = build(), build("docs: Other words\ntags: [more]\nowner: somebody\n")
    assert first.get_task("kickoff").plan_digest == other.get_task("kickoff").plan_digest
    assert fingerprint(first) != fingerprint(other)


def test_a_worker_builds_its_task_as_the_whole_dag_has_it(build, monkeypatch):
    more = "fix: {max_cycles: 1, decide: [lead]}\nphases: {integration: {gate: {asset: true, approval: {people: [ann, bob]}}}}\n"
    dag = build(more)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag.dag_id)
    for task_id in dag.task_ids:
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)
        worked = build(more)
        assert len(worked.task_ids) < len(dag.task_ids)
        assert as_told(worked, task_id) == as_told(dag, task_id)


def as_told(dag, task_id):
    """What a worker may see of a task: all of it but what follows, and the first of a phase what comes before."""
    task = dag.get_task(task_id)
    told = OperatorSerialization.serialize_operator(task)
    near = {name for name in task.downstream_task_ids if name.partition(".")[0] == task_id.partition(".")[0]}
    before = set() if task_id == "complete" or task_id.endswith(".open") else task.upstream_task_ids
    mapped = sorted(each.task_id for each in task.iter_mapped_dependants())
    return type(task), {**told, "downstream_task_ids": sorted(near)}, before, mapped
