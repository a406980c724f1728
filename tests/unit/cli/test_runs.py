"""A run is found by its folder, or by its name below a root."""

from __future__ import annotations

import shutil

import pytest
from support.runs import HonestRun, honest

from dag_factory.cli.runs import find_run, record_of
from dag_factory.errors import EnvelopeError, StoreError
from dag_factory.evidence.record import read_charter


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path)


def said(found):
    return record_of(found).charter.says.run_id


def test_by_its_folder(run):
    assert said(find_run(str(run.store.path), None)) == "manual__1"


def test_by_its_folder_with_a_slash_at_the_end(run):
    assert said(find_run(f"{run.store.path}/", None)) == "manual__1"


@pytest.mark.parametrize("name", [".", "../manual__1", "./"])
def test_by_a_relative_folder(run, monkeypatch, name):
    monkeypatch.chdir(run.store.path)
    assert said(find_run(name, None)) == "manual__1"


def test_by_its_folder_in_the_present_one(run, monkeypatch):
    monkeypatch.chdir(run.store.path.parent)
    assert said(find_run("manual__1", None)) == "manual__1"


def test_a_folder_may_be_carried_elsewhere(run, tmp_path):
    shutil.copytree(run.store.path, tmp_path / "for-the-auditor")
    assert said(find_run(str(tmp_path / "for-the-auditor"), None)) == "manual__1"


def test_by_its_name_below_a_root(run, tmp_path):
    assert said(find_run("orders_mart/manual__1", tmp_path / "evidence")) == "manual__1"


def test_by_its_name_below_the_home_of_airflow(run, tmp_path, monkeypatch):
    shutil.copytree(tmp_path / "evidence", tmp_path / "home" / "phasegate" / "evidence")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    assert said(find_run("orders_mart/manual__1", None)) == "manual__1"


def test_by_a_name_that_is_no_folder_name(tmp_path):
    HonestRun(tmp_path, run_id="scheduled__2026-11-23T06:00:00+00:00/a")
    found = find_run("orders_mart/scheduled__2026-11-23T06:00:00+00:00/a", tmp_path / "evidence")
    assert said(found) == "scheduled__2026-11-23T06:00:00+00:00/a"


@pytest.mark.parametrize(
    "name", ["orders_mart/manual__9", "orders_mart", "orders_mart/", "", "/", "//", "../..", "/nowhere/at/all", "a/../../b"]
)
def test_what_is_not_there_is_told(run, tmp_path, name):
    with pytest.raises(
        StoreError, match=r"There is no run .*neither a run's folder, nor a workflow/run below .*Give the folder, or name the store"
    ):
        find_run(name, tmp_path / "evidence")


def test_a_run_without_a_charter_has_not_begun(tmp_path):
    (tmp_path / "run" / "charters").mkdir(parents=True)
    with pytest.raises(StoreError, match="has no charter"):
        record_of(find_run(str(tmp_path / "run"), None))


def test_another_run_in_its_place_is_told(run, tmp_path):
    shutil.copytree(run.store.path, tmp_path / "evidence" / "orders_mart" / "manual__2")
    with pytest.raises(StoreError, match="is of the run manual__1 of orders_mart"):
        record_of(find_run("orders_mart/manual__2", tmp_path / "evidence"))


def test_a_broken_charter_is_told(run):
    name = read_charter(run.store).name
    (run.store.path / "charters" / name).write_bytes(b"")
    with pytest.raises(EnvelopeError, match="cannot be believed"):
        record_of(find_run(str(run.store.path), None))
