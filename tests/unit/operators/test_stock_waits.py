"""An operator of Airflow's that defers: it goes on in the same place, within its task's time, and never ends in the triggerer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException, TaskAwaitingInput, TaskDeferred
from support.stock import NOTED, REPORT, SENSOR, Noted, Trigger, bound, first, said


def test_a_deferral_is_gone_on_with_in_the_same_place(small, monkeypatch):
    monkeypatch.setattr(Noted, "waits", [Trigger()])
    house = first(small(binding=bound(NOTED, does="wait", text="'{{ phasegate.feature }}x'"), **REPORT))
    deferred = house.deferred["first.write"]
    assert isinstance(deferred, TaskDeferred)
    assert (deferred.method_name, deferred.timeout) == ("go_on", timedelta(seconds=3600))
    assert house.record.newest("first/write") is None, "nothing is attested while it waits"
    time.sleep(0.01)
    operator = house.dag().get_task("first.write")
    kwargs = {**deferred.kwargs, "event": "rings"}
    house._one(operator, "first.write", call=lambda context: operator.resume_execution("go_on", kwargs, context), tried=True)
    assert house.failures == {}
    assert house.store.blob(said(house).evidence[0].digest).startswith(b"x ")
    assert house.store.blob(said(house).evidence[0].digest).endswith(b" kept rings x")
    assert said(house).started_at == deferred.kwargs["phasegate_since"]


def test_a_trigger_that_fails_leaves_a_failed_statement(small, monkeypatch):
    monkeypatch.setattr(Noted, "waits", [Trigger()])
    house = first(small(binding=bound(NOTED, does="wait"), **REPORT))
    operator = house.dag().get_task("first.write")
    lost = {"error": "Trigger timeout", "traceback": ["it took too long"]}
    house._one(operator, "first.write", call=lambda context: operator.resume_execution("__fail__", lost, context), tried=True)
    assert "TaskDeferralTimeout" in house.failures["first.write"]
    assert said(house).outcome == "failed"


def test_what_would_end_in_the_triggerer_is_refused_when_it_defers(small, monkeypatch):
    monkeypatch.setattr(Noted, "waits", [Trigger(end_from_trigger=True)])
    house = first(small(binding=bound(NOTED, does="wait"), **REPORT))
    assert "Noted would end in the triggerer, where nothing can be sealed" in house.failures["first.write"]
    assert type(house.errors["first.write"]) is AirflowFailException
    assert said(house).outcome == "failed"


def test_who_asks_somebody_waits_no_longer_than_its_task_and_is_gone_on_with(small, monkeypatch):
    def ask(self, context):
        raise TaskAwaitingInput(method_name="go_on", kwargs={"word": "kept"})

    monkeypatch.setattr(Noted, "do_ask", ask, raising=False)
    house = first(small(binding=bound(NOTED, does="ask"), **REPORT))
    _, kwargs = house.parked["first.write"]
    operator = house.dag().get_task("first.write")
    call = partial(operator.resume_execution, "go_on", {**kwargs, "event": "yes"})
    house._one(operator, "first.write", call=call, tried=True)
    assert (house.failures, said(house).started_at) == ({}, kwargs["phasegate_since"])
    assert house.store.blob(said(house).evidence[0].digest).endswith(b" kept yes ")


@pytest.mark.parametrize("by", ["deferral", "reschedule", "question"])
def test_what_it_changed_elsewhere_before_it_waits_is_not_forgotten(small, monkeypatch, by):
    def wait(self, context):
        (Path(self.deep) / "work.sh").write_text("spoiled", encoding="utf-8")
        if by == "reschedule":
            raise AirflowRescheduleException(datetime(2100, 1, 1, tzinfo=UTC))
        if by == "question":
            raise TaskAwaitingInput(method_name="go_on")
        self.defer(trigger=Trigger(), method_name="go_on", kwargs={"word": "kept"})

    monkeypatch.setattr(Noted, "do_wait", wait)
    house = small(binding=bound(NOTED, does="wait", deep="'{{ phasegate.spec_dir }}'"), **REPORT)
    first(house).close("first")
    assert "changed others' files before it waited" in house.failures["first.write"]
    assert type(house.errors["first.write"]) is AirflowFailException
    assert (said(house).outcome, [refusal.rule for refusal in said(house).refusals]) == ("failed", ["workspace-elsewhere"])
    assert {finding.rule for finding in house.findings("first")} == {"task-failed", "workspace-elsewhere"}


@pytest.mark.parametrize(
    ("asked", "given"), [(None, 3600), (timedelta(hours=2), 3600), (timedelta(seconds=5), 5), (5.5, 5.5), (7200, 3600)]
)
def test_a_trigger_has_no_longer_than_its_task(small, monkeypatch, asked, given):
    def wait(self, context):
        self.defer(trigger=Trigger(), method_name="go_on", timeout=asked)

    monkeypatch.setattr(Noted, "do_wait", wait)
    house = first(small(binding=bound(NOTED, does="wait"), **REPORT))
    assert house.deferred["first.write"].timeout == timedelta(seconds=given)


def test_a_stock_sensor_that_defers(small):
    house = first(small(binding=bound(SENSOR, target_time="'2100-01-01T00:00:00+00:00'"), **REPORT))
    deferred = house.deferred["first.write"]
    assert type(deferred.trigger).__name__ == "DateTimeTrigger"
    operator = house.dag().get_task("first.write")
    kwargs = {**deferred.kwargs, "event": None}
    house._one(operator, "first.write", call=lambda context: operator.resume_execution(deferred.method_name, kwargs, context), tried=True)
    house.close("first")
    assert [finding.rule for finding in house.findings("first")] == ["evidence-missing"], "waiting leaves nothing: no data is never a pass"
