"""PassedOperator: an event names the verdict it stands for, is made only where that passes, and changes nothing about the run."""

from __future__ import annotations

import pytest
from airflow.sdk import Asset, TriggerRule
from support.mending import mendable

URI = "phasegate://mend/{}"


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = mendable(tmp_path / "house", monkeypatch, more="fix: {owner: build/maker, decide: [lea]}\nassets: true")
    made.run("kickoff")
    return made


def test_an_event_carries_the_verdicts_digest_word_and_cycle(house):
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    house.fix("check")
    house.run("plan.passed", "check.passed")
    for phase, cycle in (("plan", 0), ("check", 1)):
        verdict = house.record.verdict(phase)
        extra = house.events[Asset(URI.format(phase))].extra
        assert extra == {"verdict": verdict.digest, "word": "PASSED", "cycle": cycle, "run": "manual__1"}


def test_without_a_verdict_that_passes_there_is_no_event(house):
    house.phase("plan", gate=False)
    house.run("plan.passed")
    assert "no signed verdict" in house.failures["plan.passed"]
    house.close("plan")
    for phase in ("build", "check"):
        house.phase(phase)
    house.run("check.passed")
    assert "is FAILED" in house.failures["check.passed"]
    assert not house.events


def test_work_that_was_done_again_after_the_verdict_makes_no_event(house):
    house.phase("plan")
    house.run("plan.planner", "plan.passed")
    assert "done again" in house.failures["plan.passed"]


def test_a_phase_before_that_was_shut_again_makes_no_event(house):
    for phase in ("plan", "build"):
        house.phase(phase)
    house.run("plan.planner", "build.passed")
    assert "Work of phase Plan was done again" in house.failures["build.passed"]
    assert not house.events


def test_it_follows_any_gate_of_the_phase_and_only_complete_follows_it(house):
    dag = house.dag()
    for phase in ("plan", "build", "check", "ship"):
        passed = dag.get_task(f"{phase}.passed")
        gates = {f"{phase}.{name}" for name in ("gate", "fix_1.gate", "fix_2.gate", "fix_3.gate", "waived_1", "waived_2")}
        assert passed.upstream_task_ids == gates
        assert passed.trigger_rule == TriggerRule.ONE_SUCCESS
        assert passed.downstream_task_ids == {"complete"}
        assert [asset.uri for asset in passed.outlets] == [URI.format(phase)]
    assert [task.task_id for task in dag.leaves] == ["complete"], "a run is as green as its last word"
    assert dag.get_task("complete").trigger_rule == TriggerRule.ALL_DONE


def test_only_where_it_is_asked_for(tmp_path, monkeypatch):
    house = mendable(tmp_path / "house", monkeypatch, gate="asset: true")
    assert [name for name in house.dag().task_ids if name.endswith(".passed")] == ["check.passed"]
