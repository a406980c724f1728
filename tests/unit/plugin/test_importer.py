"""The adapter to Airflow's importers: what it adds, what it leaves alone, and what happens where it cannot be put in place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.dag_processing.importers import DagImporterRegistry, PythonDagImporter, get_importer_registry
from phasegate_plugin.importer import register

SOUND = """\
workflow: {name}
mission: A sound workflow
workspace: {{git: orders_repo}}
features: {{ingest: Load partner CSVs}}
personas: {{default: {{check: make all}}}}
"""
README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
LOADER = next(block.partition("```")[0] for block in README.split("```python\n")[1:] if "load_workflows" in block)


@pytest.fixture(autouse=True)
def _registry():
    """A registry of this test's own."""
    DagImporterRegistry.reset()
    yield
    DagImporterRegistry.reset()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "loader.py").write_text(LOADER, encoding="utf-8")
    (tmp_path / "workflows" / "good.yaml").write_text(SOUND.format(name="good"), encoding="utf-8")
    return tmp_path


def bag_of(folder: Path) -> DagBag:
    return DagBag(dag_folder=folder, bundle_path=folder, bundle_name="testing", safe_mode=True)


def test_a_broken_spec_is_an_import_error_of_its_own_file(folder: Path) -> None:
    (folder / "workflows" / "bad.yaml").write_text(SOUND.format(name="bad") + "colour: red\nshape: round\n", encoding="utf-8")
    assert register()
    bag = bag_of(folder)
    assert sorted(bag.dags) == ["good"]
    [(path, message)] = bag.import_errors.items()
    assert path == "workflows/bad.yaml"
    assert message.startswith("workflows/bad.yaml:6:1: unknown-key: ")
    assert message.endswith("And 1 more; `phasegate lint workflows/bad.yaml` tells all.")


def test_the_code_of_a_dag_is_its_spec_and_the_file_that_makes_it_is_the_loader(folder: Path) -> None:
    register()
    dag = bag_of(folder).dags["good"]
    assert (dag.fileloc, dag.relative_fileloc) == (str(folder / "workflows" / "good.yaml"), "loader.py")


def test_other_files_are_imported_as_ever(folder: Path) -> None:
    (folder / "plain.py").write_text("from airflow.sdk import DAG\nplain = DAG('plain')\n", encoding="utf-8")
    (folder / "broken.py").write_text("import airflow, nonsense_that_is_not_there  # DAG\n", encoding="utf-8")
    register()
    bag = bag_of(folder)
    assert sorted(bag.dags) == ["good", "plain"]
    assert list(bag.import_errors) == ["broken.py"]
    assert bag.dags["plain"].fileloc == str(folder / "plain.py")


def test_registering_twice_is_registering_once_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert register()
    first = get_importer_registry().get_importer("x.py")
    assert register()
    assert get_importer_registry().get_importer("x.py") is first
    assert caplog.text == ""


def test_the_importer_of_another_plugin_stays_and_broken_specs_are_seen_as_dags(folder: Path) -> None:
    class Other(PythonDagImporter):
        pass

    get_importer_registry().register(Other())
    (folder / "workflows" / "bad.yaml").write_text("workflow: [", encoding="utf-8")
    assert not register()
    bag = bag_of(folder)
    assert sorted(bag.dags) == ["broken.bad.yaml", "good"]
    assert bag.import_errors == {}


def test_an_airflow_without_importers_is_told_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "airflow.dag_processing.importers", None)
    assert not register()
    assert "Broken specs are shown as DAGs" in caplog.text
