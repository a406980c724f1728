"""The charter, and what can be missing before a run begins."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from support.house import git as call_git
from support.house import make_repository


def refused(house):
    """What kickoff says; nothing it could have half written lies in the store."""
    house.run("kickoff")
    assert type(house.errors["kickoff"]) is AirflowFailException, "nothing is to be gained from trying again"
    assert not list((house.root / "evidence_root").glob("*/*/charters/*"))
    return house.failures["kickoff"]


def test_the_charter_says_what_the_run_is_held_to(small):
    house = small(more="params: {day: 2026-11-23}\n")
    house.run("kickoff")
    said, plan = house.record.charter.says, house.dag().get_task("kickoff")
    assert (said.plan, said.workflow, said.run_id, said.previous) == (plan.plan_digest, "small", "manual__1", None)
    assert said.base == call_git("rev-parse", "main", cwd=house.root / "repo")
    assert sorted(said.keys) == ["phasegate", "reader", "writer"]
    assert json.loads(house.store.blob(said.plan))["mission"] == "A small mission"


def test_the_charter_and_the_task_file_say_what_the_run_is_for(small):
    """Two runs of a backfill differ in nothing else, and whoever works has to know which day is theirs."""
    house = small("mkdir -p notes && cp $PHASEGATE_TASK notes/note.md")
    day = datetime(2026, 11, 26, 3, tzinfo=ZoneInfo("Europe/Berlin"))
    house.due = {"logical_date": day, "data_interval_start": day, "data_interval_end": day + timedelta(days=1)}
    house.run("kickoff", "first.write")
    said = house.record.charter.says.due
    due = ("2026-11-26T02:00:00Z", "2026-11-26T02:00:00Z", "2026-11-27T02:00:00Z")
    assert (said.logical_date, said.interval_start, said.interval_end) == due
    told = json.loads(house.store.blob(house.record.newest("first/write").says.evidence[0].digest))
    assert (told["logical_date"], told["data_interval_start"], told["data_interval_end"]) == due
    assert told["run"] == "manual__1"


@pytest.mark.parametrize("run_id", [".", ".."])
def test_a_run_id_that_a_browser_takes_for_a_folder_is_refused_before_anything_is_written(small, run_id):
    house = small()
    house.run_id = run_id
    told = refused(house)
    assert f"The run id {run_id!r} can stand in no address" in told
    assert told.endswith("Trigger a run with another id.")


def test_a_run_id_with_dots_is_like_any_other(small):
    house = small()
    house.run_id = "..."
    house.run("kickoff")
    assert house.record.charter.says.run_id == "..."


def test_a_run_that_is_for_no_day_in_particular_says_so(small):
    house = small("mkdir -p notes && cp $PHASEGATE_TASK notes/note.md")
    house.due = {"logical_date": None, "data_interval_start": None, "data_interval_end": None}
    house.run("kickoff", "first.write")
    assert "due" not in house.record.charter.says.model_dump(by_alias=True)
    told = json.loads(house.store.blob(house.record.newest("first/write").says.evidence[0].digest))
    assert (told["logical_date"], told["data_interval_start"], told["data_interval_end"]) == (None, None, None)


def test_clearing_kickoff_begins_again_and_nothing_of_before_counts(small):
    house = small()
    house.run("kickoff", "first.write")
    house.close("first")
    before = house.record.charter
    house.run("kickoff", "second.read")
    assert house.record.charter.says.previous == before.digest
    assert house.record.charter.says.nonce != before.says.nonce
    assert "has no signed verdict under the newest charter" in house.failures["second.read"]


def test_params_that_no_charter_can_hold(small):
    house = small()
    house.params = {"list": "x" * 12_000_000}
    says = refused(house)
    assert "its params being 12,000,012 bytes of it: " in says
    assert says.endswith("hand over the path or the URL of what is large.")


def test_an_evidence_root_that_cannot_be_written(small):
    house = small()
    (house.root / "evidence_root").write_text("a file is in its place", encoding="utf-8")
    says = refused(house)
    assert says.startswith(f"The evidence store cannot be written at {house.root}/evidence_root/")
    assert says.endswith("Check [phasegate] evidence_root, its rights and its free space.")


def test_a_keys_root_that_cannot_be_written(small):
    house = small()
    (house.root / "keys_root").write_text("a file is in its place", encoding="utf-8")
    says = refused(house)
    assert str(house.root / "keys_root") in says
    assert says.endswith("Check the rights of [phasegate] keys_root.")


def test_a_work_root_that_cannot_be_written(small):
    house = small()
    (house.root / "work_root").write_text("a file is in its place", encoding="utf-8")
    house.run("kickoff", "first.write", "first.converge")
    for task in ("first.write", "first.converge"):
        assert house.failures[task].startswith(f"No workspace can be made at {house.root}/work_root/")
        assert house.failures[task].endswith("Check [phasegate] work_root, its rights and the disk.")
    assert house.record.newest("first/write") is None


def test_a_repository_that_is_not_there(small):
    house = small()
    shutil.rmtree(house.root / "repo")
    says = refused(house)
    assert says.startswith(f"{house.root}/repo is no git repository that can be read: there is no such folder.")
    assert "workspace: {git: …}" in says


def test_behind_a_kickoff_that_failed_triage_skips_itself_and_complete_names_the_failure(small):
    house = small()
    shutil.rmtree(house.root / "repo")
    says = refused(house)
    triages = [name for name in house.dag().task_dict if name.endswith(".triage")]
    assert triages
    house.run(*triages, "complete")
    for name in triages:
        assert isinstance(house.errors[name], AirflowSkipException), house.failures[name]
        assert "`kickoff` wrote no charter" in house.failures[name]
    assert house.failures["complete"].startswith("MISSION FAILED: `kickoff` wrote no charter, so no phase has begun: ")
    assert says in house.failures["complete"]
    assert not isinstance(house.errors["complete"], AirflowSkipException)


def test_a_folder_that_is_no_repository(small):
    house = small()
    shutil.rmtree(house.root / "repo" / ".git")
    assert refused(house).startswith(f"{house.root}/repo is no git repository that can be read: ")


def test_a_repository_that_is_gone_in_mid_run(small):
    house = small()
    house.run("kickoff")
    shutil.rmtree(house.root / "repo")
    house.run("first.write")
    house.close("first")
    for task in ("first.write", "first.converge"):
        assert house.failures[task].startswith(f"{house.root}/repo is no git repository that can be read: there is no such folder.")
    assert {finding.rule for finding in house.findings("first")} == {"statement-missing", "merge-missing"}


def test_a_branch_that_is_not_there(small):
    house = small(branch="trunk")
    assert refused(house).startswith(f"{house.root}/repo has no branch trunk; it has main.")


def test_a_url_that_leads_nowhere(small):
    house = small()
    path = house.specs / "workflow.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"git: {house.root}/repo", "git: 'file:///nowhere/at/all'"), encoding="utf-8")
    assert refused(house).startswith("file:///nowhere/at/all is no git repository that can be read: ")


@pytest.mark.parametrize("written", ["repo", "./repo", "$PRODUCTS/repo", "{env: REPO}", "{conn: product}", "product", "file://$ROOT/repo"])
def test_where_a_repository_may_be(small, monkeypatch, written):
    house = small()
    path = house.specs / "workflow.yaml"
    make_repository(house.specs / "repo")
    call_git("commit", "-q", "--allow-empty", "-m", "Another repository", cwd=house.specs / "repo")
    text = path.read_text(encoding="utf-8").replace(f"git: {house.root}/repo", f"git: {written!r}".replace("'{", "{").replace("}'", "}"))
    path.write_text(text.replace("$ROOT", str(house.root)), encoding="utf-8")
    monkeypatch.setenv("PRODUCTS", str(house.root))
    monkeypatch.setenv("REPO", str(house.root / "repo"))
    monkeypatch.setenv("AIRFLOW_CONN_PRODUCT", json.dumps({"conn_type": "git", "host": str(house.root / "repo")}))
    monkeypatch.setenv("AIRFLOW_CONN_REPO", json.dumps({"conn_type": "git", "host": str(house.root / "repo")}))
    house.run("kickoff", "first.write")
    house.close("first")
    assert house.failures == {}
    where = house.specs if written == "./repo" else house.root
    assert house.record.charter.says.base == call_git("rev-parse", "main", cwd=where / "repo")


def test_a_connection_that_is_not_there(small):
    house = small()
    path = house.specs / "workflow.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"git: {house.root}/repo", "git: orders_repo"), encoding="utf-8")
    says = refused(house)
    assert says.startswith("There is no connection 'orders_repo' that leads to the workflow's repository.")
    assert says.endswith(
        "Add a connection orders_repo of type git whose host is the repository's path or URL, or write the path with a slash in it."
    )


def test_a_connection_without_a_host(small, monkeypatch):
    house = small()
    path = house.specs / "workflow.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"git: {house.root}/repo", "git: orders_repo"), encoding="utf-8")
    monkeypatch.setenv("AIRFLOW_CONN_ORDERS_REPO", json.dumps({"conn_type": "git"}))
    assert refused(house).startswith("The connection 'orders_repo' has no host. Add a connection")


def test_no_git_on_the_worker(small, monkeypatch, tmp_path):
    house = small()
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    says = refused(house)
    assert "git" in says.partition(".")[0]
    assert "2.38" in says


def test_a_git_that_is_too_old(small, monkeypatch, tmp_path):
    house = small()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\necho git version 2.30.2\n", encoding="utf-8")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    says = refused(house)
    assert "2.30" in says
    assert "2.38" in says


def test_a_worker_that_sees_other_keys(small):
    house = small()
    house.run("kickoff")
    shutil.move(house.root / "keys_root", house.root / "elsewhere")
    house.run("first.write", "first.converge", "first.gate", "complete")
    for task in ("first.write", "first.converge", "first.gate", "complete"):
        assert house.failures[task].startswith(
            f"There is no key for phasegate in {house.root}/keys_root: this worker does not see the keys"
        )
        assert house.failures[task].endswith("Let all workers share one folder, and name it in [phasegate] keys_root.")
    house.run_id = "manual__2"
    house.run("kickoff")
    assert not list((house.root / "evidence_root").glob("*/manual__2/charters/*"))
    says = house.failures["kickoff"]
    assert says.startswith(f"The key of phasegate in {house.root}/keys_root is not the one")
    assert "hare one [phasegate] keys_root" in says


def test_a_worker_that_has_keys_of_its_own(small):
    house, other = small(), small()
    house.run("kickoff")
    other.run("kickoff")
    shutil.rmtree(house.root / "keys_root")
    shutil.copytree(other.root / "keys_root", house.root / "keys_root")
    house.run("first.write")
    assert house.failures["first.write"].startswith("The charter is signed by a key that this worker does not have.")


def test_one_persona_has_lost_its_key(small):
    house = small()
    house.run("kickoff")
    Path(house.root / "keys_root" / "writer.pem").unlink()
    house.run("first.write")
    assert house.failures["first.write"].startswith("There is no key for writer in ")
    assert house.record.newest("first/write") is None
