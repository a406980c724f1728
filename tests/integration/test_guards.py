"""What is done by hand in Airflow opens nothing: the store alone says which phase is open."""

from __future__ import annotations

import pytest
from support.airflow import Run

GATE, AUTHOR, READER = "drafting.gate", "drafting.author", "reading.reader"


def refused(run: Run) -> bool:
    """Whether the reader started, found its phase closed, and left nothing."""
    return (
        run.states[READER] == "failed"
        and "Phase reading is not open: The newest verdict on phase Drafting is FAILED." in run.log(READER)
        and run.record.statements["reading/reader"] == []
        and run.word("reading") in ("", "FAILED")
    )


@pytest.mark.flies("skips/run")
def test_a_persona_that_says_skip_has_failed(run: Run):
    assert run.end() == "failed"
    assert run.states | {"kickoff": "success"} == {
        "kickoff": "success", "drafting.open": "success", AUTHOR: "failed", "drafting.editor": "failed", GATE: "failed",
        "reading.open": "upstream_failed", READER: "upstream_failed", "reading.gate": "upstream_failed", "complete": "failed",
    }  # fmt: skip
    said = {name: found[-1].says for name, found in run.record.statements.items() if found}
    assert {name: (one.outcome, one.exit_code) for name, one in said.items()} == {
        "drafting/author": ("failed", 1),
        "drafting/editor": ("failed", 99),
    }
    assert "AirflowSkipException" in said["drafting/author"].excerpt
    assert run.rules("drafting") == {"task-failed"}


@pytest.mark.flies("slow/marked")
def test_a_gate_that_is_marked_green_opens_nothing(run: Run):
    assert run.end() == "failed"
    assert (run.states[GATE], run.states[READER]) == ("failed", "upstream_failed")
    run.mark(GATE, "success")
    assert run.end() == "failed"
    assert run.states[GATE] == "success"
    assert refused(run)


@pytest.mark.flies("again/run")
def test_the_verdicts_of_a_run_that_was_deleted_open_nothing(run: Run):
    assert run.end() == "success"
    first = run.record
    run.airflow.api.delete(run.dag_id, run.run_id)
    (run.airflow.lab / "again-broken").touch()
    run.start()
    assert run.end() == "failed"
    assert (run.states[GATE], run.states[READER]) == ("failed", "upstream_failed")
    assert run.word("drafting") == "FAILED"
    run.mark(GATE, "success")  # Airflow would go on now, and the store still has the old PASSED
    assert run.end() == "failed"
    assert refused(run)

    second = run.record
    assert second.charter.says.previous == first.charter.digest
    assert run.store.names(f"{first.charter.digest[:16]}/verdicts/drafting") == ["0001.json"]
