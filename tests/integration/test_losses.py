"""Parts of Airflow that are killed without a word: what waits, waits on, and what works either ends or is done once more."""

from __future__ import annotations

import pytest
from support.airflow import RealAirflow
from support.levers import attempts, bring, lost, sound
from support.people import Person

MAKER = "making.maker"
NOTES = "# Notes\n\n## Notes\n\nThree good words.\n"


@pytest.mark.breaks
def test_a_gate_waits_on_when_the_triggerer_was_killed(airflow: RealAirflow):
    run = airflow.run("outside/restarted")
    run.start()
    run.task_is("drafting.gate", "deferred")
    with lost(airflow, "triggerer"):
        bring(run, "drafting/author", notes=NOTES)
        assert (run.states["drafting.gate"], run.word("drafting")) == ("deferred", "")
    assert run.task_is("drafting.gate", "success", "failed", seconds=60) == "success"
    assert run.end() == "success"
    assert len(run.record.verdicts["drafting"]) == 1
    assert sound(run)


@pytest.mark.breaks
def test_work_goes_on_when_the_scheduler_was_killed_or_is_done_once_more(airflow: RealAirflow):
    ends, lasts = airflow.run("levers/killed-ends"), airflow.run("levers/killed-lasts")
    for run in (ends, lasts):
        Person(airflow, "tom").start(run, wait_for=run.run_id)
        run.task_is(MAKER, "running")
    soon = {"AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "5", "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5"}
    with lost(airflow, "scheduler", **soon):
        (airflow.lab / ends.run_id).touch()
        assert ends.task_is(MAKER, "success", "failed") == "success"
        assert ends.word("making") == ""
    airflow.until(lambda: airflow.api.task("levers", lasts.run_id, MAKER)["try_number"] == 2, 90, lambda: f"again: {lasts.states}")
    (airflow.lab / lasts.run_id).touch()
    for run in (ends, lasts):
        assert run.end() == "success"
        assert sound(run)
    assert attempts(ends, "making/maker") == ["completed"]
    assert attempts(lasts, "making/maker")[-1] == "completed", "what the lost one attested is not done again, and else it is"
