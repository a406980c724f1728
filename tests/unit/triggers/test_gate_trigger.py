"""GateTrigger: waits beside others, ends the gate from the triggerer, and says why when it cannot judge."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from datetime import timedelta

import pendulum
import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSuccessEvent
from support.notifiers import notices
from support.orders import EXTERNAL
from support.runs import HonestRun, honest

from dag_factory.links import VerdictLink
from dag_factory.triggers import watch
from dag_factory.triggers.gate import GateTrigger
from dag_factory.triggers.watch import seconds_to

DESIGNER = "foundation/ux-designer"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watch, "INTERVAL", 0.02)


def settle(run, monkeypatch):
    monkeypatch.setenv("AIRFLOW__PHASEGATE__EVIDENCE_ROOT", str(run.tmp_path / "evidence"))
    monkeypatch.setenv("AIRFLOW__PHASEGATE__KEYS_ROOT", str(run.tmp_path / "keys"))
    return run


@pytest.fixture
def run(tmp_path, monkeypatch):
    """All is there but what the designer brings from outside."""
    run = honest(tmp_path / "run", text=EXTERNAL)
    run.work("foundation", without=(DESIGNER,))
    return settle(run, monkeypatch)


def trigger_of(run, *, seconds=3600.0, **changes):
    charter = run.record.charter.digest
    written = {
        "dag_id": run.plan.workflow, "run_id": run.run_id, "charter": charter, "plan": run.plan.digest, "phase": "foundation", "attempt": 1,
        "folders": [f"{charter[:16]}/statements/{DESIGNER}"],
        "deadlines": [(pendulum.now("UTC") + timedelta(seconds=seconds)).isoformat()], "title": "Foundation",
    }  # fmt: skip
    return GateTrigger(**(written | changes))


def ended(trigger, *meanwhile, patience=20.0):
    """The events of a trigger; `meanwhile` happens while it waits."""

    async def wait():
        return [event async for event in trigger.run()]

    async def all_of_it():
        waiting = asyncio.create_task(wait())
        for act in meanwhile:
            await asyncio.sleep(0.3)
            assert not waiting.done(), "it waits"
            await asyncio.to_thread(act)
        return await asyncio.wait_for(waiting, patience)

    return asyncio.run(all_of_it())


def bring(run):
    """Somebody outside delivers files; commits are not theirs to bring."""
    return lambda: run.deliver(DESIGNER, sealed=None)


def verdicts(run):
    return run.record.verdicts["foundation"]


def test_what_comes_from_outside_ends_it_as_a_success(run):
    [event] = ended(trigger_of(run), bring(run))
    assert type(event) is TaskSuccessEvent
    assert json.loads(event.xcoms["verdict"]) == {"phase": "foundation", "cycle": 0, "verdict": "PASSED", "findings": []}
    assert run.record.verdict("foundation").says.passed


def test_what_comes_and_is_not_what_was_asked_for_ends_it_as_a_failure(run):
    run.contents[DESIGNER, "ux"] = None
    [event] = ended(trigger_of(run), bring(run))
    assert type(event) is TaskFailedEvent
    assert json.loads(event.xcoms["verdict"])["verdict"] == "FAILED"
    assert run.record.verdict("foundation").says.phasegate.word == "FAILED"


def test_what_is_there_already_is_not_waited_for(run):
    bring(run)()
    began = time.monotonic()
    [event] = ended(trigger_of(run))
    assert (type(event), time.monotonic() - began < 2) == (TaskSuccessEvent, True)


def test_it_carries_the_link_that_no_worker_will_compute(run):
    bring(run)()
    [event] = ended(trigger_of(run))
    mine = run.record.verdict("foundation").digest
    assert event.xcoms[VerdictLink().xcom_key] == f"phasegate/dags/orders_mart/runs/manual__1/gates/foundation?verdict={mine}"


def asked(*names):
    """Whom to tell of each event."""
    return {event: [{"path": f"support.notifiers.{name}", "arguments": {}} for name in names] for event in ("gate-passed", "gate-failed")}


def test_it_tells_before_it_ends_for_no_worker_will(run, monkeypatch):
    monkeypatch.setenv("TESTS_LAB", str(run.tmp_path))
    bring(run)()
    [event] = ended(trigger_of(run, notify=asked("Raises", "Lines")))
    assert type(event) is TaskSuccessEvent, "whatever a notifier raises"
    assert [(line["event"], line["phase"], line["word"]) for line in notices(run.tmp_path)] == [("gate-passed", "Foundation", "PASSED")]


def test_it_tells_of_red_flags_and_of_what_it_cannot_judge(run, monkeypatch):
    monkeypatch.setenv("TESTS_LAB", str(run.tmp_path))
    run.contents[DESIGNER, "ux"] = None
    ended(trigger_of(run, notify=asked("Lines")), bring(run))
    ended(trigger_of(run, notify=asked("Lines"), plan="0" * 64))
    first, second = notices(run.tmp_path)
    assert (first["event"], first["word"], first["findings"][0]["id"]) == ("gate-failed", "FAILED", f"evidence-missing:{DESIGNER}/ux")
    assert (second["event"], second["word"]) == ("gate-failed", "has no verdict")
    assert "was changed in mid-run" in second["text"]


def test_the_deadline_ends_it_as_a_failure_without_anything_having_come(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    run = settle(HonestRun(tmp_path / "run", text=EXTERNAL.replace("timeout: 2h", "timeout: 3s")), monkeypatch)
    run.work("foundation", without=(DESIGNER,))
    began = time.monotonic()
    [event] = ended(trigger_of(run, seconds=3 - age(run)))
    assert type(event) is TaskFailedEvent
    assert json.loads(event.xcoms["verdict"])["findings"] == [f"statement-missing:{DESIGNER}"]
    assert time.monotonic() - began < 5


def age(run):
    return (pendulum.now("UTC") - pendulum.parse(run.record.charter.says.written_at)).total_seconds()


@pytest.mark.parametrize("deadlines", [[], ["2020-01-01T00:00:00+00:00"]])
def test_without_a_deadline_ahead_it_looks_again_each_second(run, deadlines):
    [event] = ended(trigger_of(run, deadlines=deadlines), bring(run))
    assert type(event) is TaskSuccessEvent


def test_the_earliest_deadline_ahead_counts():
    now = pendulum.now("UTC")
    ends = [(now + timedelta(seconds=seconds)).isoformat() for seconds in (-50, 100, 1000)]
    assert 99 < seconds_to(ends, otherwise=1.0) < 100.2


def test_a_store_that_is_gone_ends_it_with_the_reason_and_no_verdict(run):
    trigger = trigger_of(run)
    [event] = ended(trigger, lambda: run.store.path.rename(run.tmp_path / "gone"))
    assert type(event) is TaskFailedEvent
    assert event.xcoms["verdict"].startswith("The run manual__1 has no charter in ")
    (run.tmp_path / "gone").rename(run.store.path)
    assert verdicts(run) == []
    [event] = ended(trigger_of(run, attempt=2), bring(run))
    assert type(event) is TaskSuccessEvent, "back again, the gate may be cleared, and judges"


def test_a_store_that_cannot_be_read_ends_it_with_the_reason(run):
    def spoil():
        folder = run.store.path / run.record.charter.digest[:16] / "statements" / DESIGNER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "0001.json").mkdir()

    [event] = ended(trigger_of(run), spoil)
    assert type(event) is TaskFailedEvent


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"charter": "f" * 64}, "is not the one that `kickoff` of this DagRun wrote"),
        ({"plan": "f" * 64}, "changed in mid-run"),
        ({"run_id": "manual__2"}, "The run manual__2 has no charter"),
    ],
)
def test_another_run_than_its_own_is_not_judged(run, changes, says):
    [event] = ended(trigger_of(run, **changes))
    assert type(event) is TaskFailedEvent
    assert says in event.xcoms["verdict"]
    assert verdicts(run) == []


def test_a_charter_written_anew_ends_the_gate_of_the_old_one(run):
    trigger = trigger_of(run)
    [event] = ended(trigger, lambda: run.kickoff(previous=run.record.charter.digest))
    assert type(event) is TaskFailedEvent
    assert "is not the one that `kickoff` of this DagRun wrote" in event.xcoms["verdict"]


def test_cancelled_it_leaves_no_verdict_and_nobody_waiting(run):
    async def cancel():
        waiting = asyncio.create_task(anext(trigger_of(run).run()))
        await asyncio.sleep(0.3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return dict(watch.Watcher.here()._waiting)

    assert asyncio.run(cancel()) == {}
    assert verdicts(run) == []


def test_many_wait_beside_each_other_in_one_thread(run):
    before = threading.active_count()

    async def wait():
        triggers = [asyncio.create_task(anext(trigger_of(run, attempt=number).run())) for number in range(1, 21)]
        await asyncio.sleep(0.5)
        assert not any(one.done() for one in triggers)
        assert threading.active_count() <= before + 1
        await asyncio.to_thread(bring(run))
        return [type(event) for event in await asyncio.gather(*triggers)]

    assert asyncio.run(wait()) == [TaskSuccessEvent] * 20
    assert len(verdicts(run)) == 20
