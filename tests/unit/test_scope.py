"""Scope: a task reads its run only under its own charter, plan, keys and name."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from support.orders import SPEC, plan_of
from support.runs import HonestRun, honest, place

from dag_factory.errors import EnvelopeError, KeyFolderError, PhasegateError
from dag_factory.evidence.keys import AUTHORITY, KeyFolder
from dag_factory.evidence.store import Store
from dag_factory.scope import Scope


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path / "run", through="foundation")


def scope_of(run, **changes):
    asked = {"run": run.store, "keys": run.keys, "dag_id": run.plan.workflow, "run_id": run.run_id, "charter": run.record.charter.digest}
    return Scope(**(asked | changes))


def refused(scope, plan):
    with pytest.raises(PhasegateError) as caught:
        scope.record(plan)
    assert caught.value.remedy.endswith(".")
    return caught.value


def test_a_run_is_read_under_its_own_charter_plan_and_keys(run):
    record = scope_of(run).record(run.plan.digest)
    assert record.charter.digest == run.record.charter.digest
    assert record.verdict("foundation").says.passed


def test_no_later_phase_is_read_than_was_asked_for(run):
    run.work("implementation")
    assert scope_of(run).record(run.plan.digest, upto="foundation").converged("implementation") is None
    assert scope_of(run).record(run.plan.digest).converged("implementation") is not None


def test_a_run_that_has_not_begun(run, tmp_path):
    error = refused(replace(scope_of(run), run=Store(tmp_path / "empty").run("orders_mart", "manual__1")), run.plan.digest)
    assert type(error) is EnvelopeError
    assert error.message.startswith("The run manual__1 has no charter in ")


@pytest.mark.parametrize("charter", ["f" * 64, "", "None"])
def test_another_charter_than_this_dagruns(run, charter):
    assert "is not the one that `kickoff` of this DagRun wrote" in refused(scope_of(run, charter=charter), run.plan.digest).message


def test_a_newer_charter_than_this_dagruns(run):
    scope = scope_of(run)
    run.kickoff(previous=run.record.charter.digest)
    assert "is not the one that `kickoff` of this DagRun wrote" in refused(scope, run.plan.digest).message


def test_where_no_charter_is_known_the_newest_counts(run):
    run.kickoff(previous=run.record.charter.digest)
    assert scope_of(run, charter=None).record(run.plan.digest).charter.name == "0002.json"


def test_a_plan_that_was_changed_in_mid_run(run, tmp_path):
    (tmp_path / "changed").mkdir()
    other = plan_of(tmp_path / "changed", SPEC.replace("make bench", "make it so")).digest
    error = refused(scope_of(run), other)
    assert error.message == (
        f"The workflow was changed in mid-run: the charter froze plan {run.plan.digest[:12]} and this task has {other[:12]}."
    )


def test_a_worker_with_other_keys(run, tmp_path):
    keys = KeyFolder(tmp_path / "other")
    keys.signer(AUTHORITY, make=True)
    assert refused(scope_of(run, keys=keys), run.plan.digest).message == "The charter is signed by a key that this worker does not have."


def test_a_worker_without_keys(run, tmp_path):
    assert type(refused(scope_of(run, keys=KeyFolder(tmp_path / "none")), run.plan.digest)) is KeyFolderError
    assert not (tmp_path / "none").exists(), "no key is made where one should be"


@pytest.mark.parametrize("other", [{"run_id": "manual__2"}, {"dag_id": "orders_mart_2"}])
def test_another_run_of_the_same_plan_and_keys(run, other):
    """The envelope is genuine; it was only laid into another run's folder."""
    assert refused(scope_of(run, **other), run.plan.digest).message.endswith(" is of another run.")


def test_a_charter_that_was_edited(run):
    path = place(run, "charters")
    scope = scope_of(run)
    path.write_bytes(path.read_bytes().replace(b'"sig":"', b'"sig":"AAAA', 1))
    assert type(refused(scope, run.plan.digest)) is EnvelopeError


def ti(pushed, asked):
    def xcom_pull(task_ids, key):
        asked.append((task_ids, key))
        return pushed

    return SimpleNamespace(dag_id="orders_mart", run_id="manual__1", xcom_pull=xcom_pull)


@pytest.fixture
def settled(tmp_path, monkeypatch):
    for option in ("evidence_root", "keys_root"):
        monkeypatch.setenv(f"AIRFLOW__PHASEGATE__{option.upper()}", str(tmp_path / option))
    return tmp_path


def test_a_tasks_scope_is_of_the_settings_and_asks_airflow_for_the_charter(settled):
    asked = []
    scope = Scope.of_task(ti("c" * 64, asked))
    assert asked == [("kickoff", "charter")]
    assert (scope.dag_id, scope.run_id, scope.charter) == ("orders_mart", "manual__1", "c" * 64)
    assert scope.run.path == settled / "evidence_root" / "orders_mart" / "manual__1"
    assert scope.keys.path == settled / "keys_root"


def test_a_kickoff_that_pushed_nothing_opens_nothing(settled):
    """Marked by hand, or of a deleted DagRun: no charter is not any charter."""
    (settled / "run").mkdir()
    run = HonestRun(settled / "run")
    for name, folder in (("evidence", "evidence_root"), ("keys", "keys_root")):
        (settled / "run" / name).rename(settled / folder)
    assert Scope.of("orders_mart", "manual__1").record(run.plan.digest).charter.says.dag_id == "orders_mart"
    error = refused(Scope.of_task(ti(None, [])), run.plan.digest)
    assert "a `kickoff` marked by hand writes none" in error.remedy
