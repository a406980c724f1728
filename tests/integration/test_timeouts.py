"""Time that is over: a persona's, and a gate's."""

from __future__ import annotations

import pytest
from support.airflow import Run

GATE, AUTHOR, READER = "drafting.gate", "drafting.author", "reading.reader"


@pytest.mark.flies("slow/run")
def test_a_persona_that_takes_too_long_has_failed(run: Run):
    assert run.end() == "failed"
    assert (run.states[AUTHOR], run.states[GATE], run.states[READER]) == ("failed", "failed", "upstream_failed")
    assert "did not end by itself: timed-out. Still running after 2 s" in run.log(AUTHOR)
    said = run.record.statements["drafting/author"][0].says
    assert (said.outcome, said.exit_code) == ("failed", None)
    assert run.rules("drafting") == {"task-failed"}


@pytest.mark.flies("late/run")
def test_a_gate_fails_when_the_time_for_evidence_is_over(run: Run):
    assert run.end() == "failed"
    assert (run.states[GATE], run.states[READER]) == ("failed", "upstream_failed")
    assert run.rules("drafting") == {"statement-missing"}
    assert run.ended_in_the_triggerer(GATE)
