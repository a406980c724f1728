"""A dozen broken specs beside sound ones, before the real dag-processor: each is an import error of its own YAML, and harms nobody."""

from __future__ import annotations

import json
import shutil
import time

import pytest

from dag_factory.cli.demo.home import WORKFLOW

SOUND = """\
workflow: {name}
mission: A sound workflow
workspace: {{git: orders_repo}}
features: {{ingest: Load partner CSVs}}
personas: {{default: {{check: make all}}}}
"""
BROKEN = {
    "empty": ("", "file-empty"),
    "yaml": ("workflow: [", "yaml-broken"),
    "list": ("- workflow: a", "wrong-type"),
    "unknown-key": (SOUND.format(name="unknown") + "colour: red\n", "unknown-key"),
    "duplicate-key": (SOUND.format(name="duplicate") + "mission: again\n", "duplicate-key"),
    "bare-at": (SOUND.format(name="bare") + "owner: @architect\n", "yaml-broken"),
    "cron": (SOUND.format(name="cron") + "schedule: {cron: every day}\n", "schedule-invalid"),
    "combined": (
        SOUND.format(name="combined") + "phases: {validation: {tasks: {both: {persona: sdet and architect}}}}\n",
        "persona-combined",
    ),
    "twin": (SOUND.format(name=WORKFLOW), "workflow-duplicate"),
    "tag": (SOUND.format(name="tag") + f"tags: [{'x' * 101}]\n", "dag-refused"),
    "executor": (SOUND.format(name="executor").replace("make all", "make all, executor: Nobody"), "dag-refused"),
    "pattern": (SOUND.format(name="pattern") + "pattern: nonsense\n", "pattern-unknown"),
}


@pytest.fixture(scope="module")
def shown(airflow):
    """The import errors that Airflow shows, by file, once all are there; the broken specs are taken away at the end."""
    folder = airflow.home.spec.parent
    names = {name: folder / f"z-{name}.yaml" for name in BROKEN}
    for name, (text, _) in BROKEN.items():
        names[name].write_text(text, encoding="utf-8")
    try:
        yield wait_for(airflow, lambda found: len(found) == len(BROKEN))
    finally:
        for path in names.values():
            path.unlink(missing_ok=True)
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)


def wait_for(airflow, enough, seconds=120):
    deadline, found = time.monotonic() + seconds, {}
    while time.monotonic() < deadline:
        said = airflow.api._ask("GET", "/api/v2/importErrors?limit=100")["import_errors"]
        found = {one["filename"]: one["stack_trace"] for one in said if one["filename"].startswith("workflows/z-")}
        if enough(found):
            return found
        time.sleep(1)
    raise AssertionError(f"not so within {seconds} s: {json.dumps(found, indent=2)}")


@pytest.mark.airflow
def test_each_broken_spec_is_an_import_error_of_its_own_file(shown):
    for name, (_, rule) in BROKEN.items():
        path = f"workflows/z-{name}.yaml"
        assert shown[path].startswith(f"{path}:"), shown[path]
        assert f": {rule}" in shown[path].splitlines()[0]


@pytest.mark.airflow
def test_the_sound_siblings_stay_alive(airflow, shown):
    dag = airflow.api._ask("GET", f"/api/v2/dags/{WORKFLOW}")
    assert (dag["is_stale"], dag["has_import_errors"]) == (False, False)
    known = {one["dag_id"] for one in airflow.api._ask("GET", "/api/v2/dags?limit=100")["dags"]}
    assert not [name for name in known if name.startswith("broken.")]


@pytest.mark.airflow
def test_the_code_tab_shows_the_yaml(airflow, shown):
    source = airflow.api._ask("GET", f"/api/v2/dagSources/{WORKFLOW}")["content"]
    assert source == airflow.home.spec.read_text(encoding="utf-8")


@pytest.mark.airflow
def test_an_error_clears_when_its_file_is_mended_or_goes(airflow, shown):
    folder = airflow.home.spec.parent
    (folder / "z-unknown-key.yaml").write_text(SOUND.format(name="mended"), encoding="utf-8")
    (folder / "z-list.yaml").unlink()
    found = wait_for(airflow, lambda found: len(found) == len(BROKEN) - 2)
    assert not [path for path in found if path.endswith(("z-unknown-key.yaml", "z-list.yaml"))]
    assert airflow.api.knows("mended")
