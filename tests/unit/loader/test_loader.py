"""Folder -> DAGs: what is sound is loaded, whatever lies beside it."""

from __future__ import annotations

import gc

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from airflow.serialization.serialized_objects import DagSerialization
from support.loading import BROKEN, REFUSED, SOUND, write

from dag_factory import load_workflows
from dag_factory.errors import PhasegateError
from dag_factory.loader import reporting, spec_files


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


def test_what_two_files_share_is_told_where_it_is_written(folder, load):
    write(folder, "a", SOUND.format(name="same"))
    second = write(folder, "b", f"# The second.\n{SOUND.format(name='same')}")
    [error] = load()[1].values()
    assert str(error).startswith(f"{second}:2:1: workflow-duplicate: ")


def test_an_executor_that_airflow_has_not_is_told_where_it_is_written(folder, load):
    text = SOUND.format(name="one").replace("make all", "make all, executor: NoExecutor")
    path = write(folder, "one", text)
    [error] = load()[1].values()
    [found] = error.diagnostics
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "NoExecutor" in line)
    assert str(found).startswith(f"{path}:{line}:{text.splitlines()[line - 1].index('executor') + 1}: dag-refused: ")
    assert "Airflow has no executor NoExecutor; it has LocalExecutor." in found.reason


@pytest.mark.parametrize("target", ["nowhere.yaml", "link.yaml"])
def test_a_link_that_leads_nowhere_is_told_and_harms_no_sibling(folder, load, target):
    write(folder, "one")
    link = folder / "workflows" / "link.yaml"
    link.symlink_to(target)
    dags, broken = load()
    assert sorted(dags) == ["one"]
    assert list(broken) == [str(link)]
    assert [found.rule for found in broken[str(link)].diagnostics] == ["file-unreadable"]


def test_a_folder_that_is_called_like_a_spec_is_none(folder, load):
    write(folder, "one")
    (folder / "workflows" / "data.yaml").mkdir()
    dags, broken = load()
    assert (sorted(dags), broken) == (["one"], {})


def test_a_file_that_cannot_be_read_is_told(folder, load):
    write(folder, "one")
    (folder / "workflows" / "latin.yaml").write_bytes(b"workflow: caf\xe9\n")
    dags, broken = load()
    assert sorted(dags) == ["one"]
    [error] = broken.values()
    assert error.diagnostics[0].rule in {"file-unreadable", "yaml-broken"}


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


def test_specs_are_what_has_a_yaml_ending_and_is_no_folder(folder):
    for name in ("b.yaml", "a.yml", ".hidden.yaml", "notes.txt", "c.yaml.bak", ".yaml"):
        (folder / "workflows" / name).write_text("", encoding="utf-8")
    (folder / "workflows" / "folder.yaml").mkdir()
    (folder / "workflows" / "dangling.yaml").symlink_to("nowhere")
    (folder / "workflows" / "circle.yaml").symlink_to("circle.yaml")
    (folder / "workflows" / "hollow.yaml").symlink_to("folder.yaml")
    (folder / "workflows" / "linked.yaml").symlink_to("b.yaml")
    assert [path.name for path in spec_files(folder / "workflows")] == ["a.yml", "b.yaml", "circle.yaml", "dangling.yaml", "linked.yaml"]
