"""Folder -> DAGs: what is sound is loaded, whatever lies beside it."""

from __future__ import annotations

import gc

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from airflow.serialization.serialized_objects import DagSerialization

from dag_factory import load_workflows
from dag_factory.errors import PhasegateError
from dag_factory.loader import reporting, spec_files
from dag_factory.plan import PlanCache
from dag_factory.plan.models import Notifier

SOUND = """\
workflow: {name}
mission: A sound workflow
workspace: {{git: orders_repo}}
features: {{ingest: Load partner CSVs}}
personas: {{default: {{check: make all}}}}
"""
TAG = "x" * 101
REFUSED = {
    "tags": f"tags: [{TAG}]",
    "asset": 'schedule: {assets: ["airflow://x"]}',
    "required-param": "schedule: daily\nparams: {size: {schema: {type: integer}}}",
    "param-schema": "params: {size: {default: 5, schema: {type: nonsense}}}",
    "start": 'schedule: {cron: "0 6 * * *", start: 0001-01-01, timezone: Asia/Tokyo}',
    "continuous": "schedule: continuous\nmax_active_runs: 2",
    "executor": "personas: {default: {check: make all, executor: NoSuchExecutor}}",
}
"""What no rule of a spec knows of, and Airflow refuses."""


def edited(text: str, more: str) -> str:
    """A spec with one more key, in the place of the one it has."""
    key = more.partition(":")[0]
    return "\n".join([*(line for line in text.splitlines() if not line.startswith(f"{key}:")), more, ""])


BROKEN = {
    "empty": "",
    "comment": "# nothing",
    "yaml": "workflow: [",
    "binary": "\x00\x01",
    "list": "- workflow: a",
    "unknown-key": SOUND.format(name="unknown") + "colour: red\n",
    "duplicate-key": SOUND.format(name="duplicate") + "mission: again\n",
    "bare-at": SOUND.format(name="bare") + "owner: @architect\n",
    "cron": SOUND.format(name="cron") + "schedule: 'every day'\n",
    "kind": SOUND.format(name="kind") + "phases: {foundation: {tasks: {architect: {evidence: {more: {path: A.md, kind: nonsense}}}}}}\n",
    **{name: edited(SOUND.format(name=f"refused-{name}"), more) for name, more in REFUSED.items()},
}


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


def write(folder, name, text=None):
    path = folder / "workflows" / f"{name}.yaml"
    path.write_text(SOUND.format(name=name) if text is None else text, encoding="utf-8")
    return path


def test_every_sound_spec_becomes_a_dag(folder, load):
    for name in ("one", "two"):
        write(folder, name)
    dags, broken = load()
    assert broken == {}
    assert {name: dag.dag_id for name, dag in dags.items()} == {"one": "one", "two": "two"}


def test_an_empty_folder_is_no_fault(load):
    assert load() == ({}, {})


@pytest.mark.parametrize("fault", BROKEN)
def test_one_broken_spec_never_harms_its_siblings(fault, folder, load, caplog):
    write(folder, "before")
    path = write(folder, "between", BROKEN[fault])
    write(folder, "zuletzt")
    dags, broken = load()
    assert sorted(dags) == ["before", "zuletzt"]
    assert list(broken) == [str(path)]
    [error] = broken.values()
    assert all(str(found).startswith(f"{path}:") and found.reason and found.remedy for found in error.diagnostics)
    assert str(error).splitlines()[0] in caplog.text
    for dag in dags.values():
        DagSerialization.to_dict(dag)


@pytest.mark.parametrize("fault", REFUSED)
def test_what_airflow_refuses_is_told_by_one_rule(fault, folder, load):
    write(folder, "refused", BROKEN[fault])
    [error] = load()[1].values()
    [found] = error.diagnostics
    assert found.rule == "dag-refused"
    assert found.reason.startswith("No DAG can be built of it: ")


def test_an_executor_that_exists_is_taken(folder, load):
    write(folder, "one", SOUND.format(name="one").replace("make all", "make all, executor: LocalExecutor"))
    dags, broken = load()
    assert broken == {}
    assert dags["one"].get_task("foundation.architect").executor == "LocalExecutor"


def test_params_may_have_a_schema_of_any_words(folder, load):
    param = "{default: 5, description: How much, schema: {type: integer, default: 6, title: Size}}"
    write(folder, "one", f"{SOUND.format(name='one')}params: {{size: {param}}}\n")
    dags, broken = load()
    assert broken == {}
    param = dags["one"].params.get_param("size")
    assert (param.value, param.description, param.schema) == (5, "How much", {"type": "integer", "default": 6, "title": "Size"})


def test_two_files_of_one_workflow_are_refused_naming_both(folder, load):
    first, second = write(folder, "a", SOUND.format(name="same")), write(folder, "b", SOUND.format(name="same"))
    write(folder, "other")
    dags, broken = load()
    assert sorted(dags) == ["other", "same"]
    [(path, error)] = broken.items()
    assert path == str(second)
    [found] = error.diagnostics
    assert found.rule == "workflow-duplicate"
    assert str(first) in str(found)
    assert str(found).startswith(f"{second}:1:1: ")


def test_a_file_that_cannot_be_read_is_told(folder, load):
    write(folder, "one")
    (folder / "workflows" / "latin.yaml").write_bytes(b"workflow: caf\xe9\n")
    dags, broken = load()
    assert sorted(dags) == ["one"]
    [error] = broken.values()
    assert error.diagnostics[0].rule in {"file-unreadable", "yaml-broken"}


def test_only_the_wanted_dag_is_built_in_a_worker(folder, load, monkeypatch):
    from dag_factory.spec import read_spec

    read = []

    def counting(path, **kwargs):
        read.append(path.name)
        return read_spec(path, **kwargs)

    for name in ("one", "two", "three"):
        write(folder, name)
    write(folder, "broken", BROKEN["unknown-key"])
    write(folder, "quoted", SOUND.format(name="'two-more'"))
    write(folder, "flow", "{workflow: flowing}")
    monkeypatch.setattr("dag_factory.spec.read_spec", counting)
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
    write(folder, "one", SOUND.format(name="one") + "notify: {gate-passed: {notifier: the.spec.Says}}\n")
    load()
    read = PlanCache._read

    def forged(self, path, key):
        plan = read(self, path, key)
        notify = {"gate-passed": (Notifier(path="somebody.else.Says"),)}
        return plan.model_copy(update={"presentation": plan.presentation.model_copy(update={"notify": notify})})

    monkeypatch.setattr(PlanCache, "_read", forged)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task)
    dag = load(wanted="one")[0]["one"]
    [callback] = dag.get_task("foundation.gate").on_success_callback
    assert [notifier.path for notifier in callback.notifiers] == ["the.spec.Says"]


def test_a_worker_finds_its_dag_by_whatever_the_name_is_written(folder, load):
    for name, text in {
        "quoted": 'workflow: "quoted"', "spaced": "workflow :   spaced", "folded": "workflow: >-\n  folded",
        "keyed": '"workflow": keyed', "commented": "workflow: commented  # and so on",
    }.items():  # fmt: skip
        write(folder, name, SOUND.format(name=name).replace(f"workflow: {name}", text))
        assert name in load(wanted=name)[0]


def test_a_folder_that_is_not_there(load, folder):
    with pytest.raises(PhasegateError) as caught:
        load("nowhere")
    assert str(caught.value) == f"There is no folder of workflows at {folder}/nowhere. Make it, or correct the call of load_workflows."


def test_a_relative_folder_is_beside_the_file_and_an_absolute_one_is_itself(folder, load, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    write(folder, "one")
    assert list(load("workflows")[0]) == list(load(folder / "workflows")[0]) == list(load(str(folder / "workflows"))[0]) == ["one"]


def test_the_patterns_of_the_platform_hold(folder, load, monkeypatch):
    text = SOUND.format(name="bare") + "pattern: false\n"
    write(folder, "bare", text)
    [error] = load()[1].values()
    assert "pattern-forbidden" in {found.rule for found in error.diagnostics}
    monkeypatch.setenv("AIRFLOW__PHASEGATE__PATTERNS", "standard, none")
    [error] = load()[1].values()
    assert "pattern-forbidden" not in {found.rule for found in error.diagnostics}


def test_a_report_says_where_each_dag_is_written_and_what_is_wrong_with_the_others(folder):
    one, broken = write(folder, "one"), write(folder, "broken", BROKEN["unknown-key"])
    with reporting(folder / "loader.py") as report:
        load_workflows({"__file__": str(folder / "loader.py")}, "workflows")
        with reporting(folder / "loader.py") as inner:
            pass
        load_workflows({"__file__": str(folder / "other.py")}, "workflows")
    assert report.specs == {"one": one}
    assert list(report.broken) == [broken]
    assert inner.specs == {}


class TestWhereNobodyAsksForAReport:
    """Without the plugin's importer, what is broken is seen as DAGs."""

    def test_each_broken_spec_leaves_a_dag_that_says_what_is_wrong(self, folder):
        write(folder, "one")
        for name, text in BROKEN.items():
            write(folder, f"bad-{name}", text)
        namespace = {"__file__": str(folder / "loader.py")}
        broken = load_workflows(namespace, "workflows")
        dags = {name: dag for name, dag in namespace.items() if isinstance(dag, DAG)}
        assert sorted(dags) == sorted(["one", *(f"broken.bad-{name}.yaml" for name in BROKEN)])
        for path, error in broken.items():
            dag = dags[f"broken.{path.rpartition('/')[2]}"]
            assert error.diagnostics[0].reason in dag.description
            assert str(error).splitlines()[0] in dag.doc_md
            assert (dag.schedule, dag.is_paused_upon_creation) == (None, True)
            assert DagSerialization.to_dict(dag)
            with pytest.raises(AirflowFailException, match=error.diagnostics[0].rule):
                dag.get_task("broken").execute({})

    def test_two_files_have_two_names(self, folder):
        for name in ("a b", "a_b"):
            write(folder, name, BROKEN["unknown-key"])
        namespace = {"__file__": str(folder / "loader.py")}
        load_workflows(namespace, "workflows")
        assert sorted(name for name in namespace if name.startswith("broken.")) == ["broken.a_b.yaml", "broken.a_b.yaml_"]

    def test_a_task_sees_none_of_them(self, folder, monkeypatch):
        write(folder, "one")
        write(folder, "broken", BROKEN["unknown-key"])
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "one")
        namespace = {"__file__": str(folder / "loader.py")}
        load_workflows(namespace, "workflows")
        assert sorted(name for name, dag in namespace.items() if isinstance(dag, DAG)) == ["one"]


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_afterwards_as_it_was_before(collects, folder, load):
    write(folder, "one")
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        load()
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()


def test_specs_are_plain_files_with_a_yaml_ending(folder):
    for name in ("b.yaml", "a.yml", ".hidden.yaml", "notes.txt", "c.yaml.bak", ".yaml"):
        (folder / "workflows" / name).write_text("", encoding="utf-8")
    (folder / "workflows" / "folder.yaml").mkdir()
    (folder / "workflows" / "dangling.yaml").symlink_to("nowhere")
    (folder / "workflows" / "linked.yaml").symlink_to("b.yaml")
    assert [path.name for path in spec_files(folder / "workflows")] == ["a.yml", "b.yaml", "linked.yaml"]
