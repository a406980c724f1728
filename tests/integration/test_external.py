"""Evidence that comes from outside: the gate waits in the triggerer, and ends there."""

from __future__ import annotations

from pathlib import Path

import pendulum
import pytest
from support.airflow import RealAirflow, Run, titles

from dag_factory.cli.submit import submit
from dag_factory.evidence.verify import verify_run

GATE, READER = "drafting.gate", "reading.reader"
NOTES = "# Notes\n\n## Notes\n\nThree good words.\n"


def bring(run: Run, folder: Path, text: str) -> None:
    """Submit the notes, as someone outside does."""
    notes = folder / "notes-from-outside.md"
    notes.write_text(text, encoding="utf-8")
    keys = run.airflow.home.airflow / "phasegate" / "keys"
    submit(run.name, "drafting/author", [f"notes={notes}"], root=run.airflow.home.evidence, keys=keys, by="maria", as_is=True)


def held(airflow: RealAirflow, task_instance: str) -> list[str]:
    """The processes that work on a task instance: their titles name it."""
    return [title for title in titles(airflow.home.root).values() if task_instance in title]


@pytest.mark.flies("outside/good")
def test_a_gate_waits_for_evidence_without_a_slot_and_lets_the_run_go_on(run: Run, airflow: RealAirflow, tmp_path: Path):
    run.task_is(GATE, "deferred")
    waiting, pool = airflow.api.task("outside", "good", GATE), airflow.api.pool()
    assert not pool["include_deferred"]
    assert pool["deferred_slots"] >= 1
    airflow.until(lambda: not held(airflow, waiting["id"]), 10, lambda: f"let go: {held(airflow, waiting['id'])}")
    assert run.word("drafting") == ""

    bring(run, tmp_path, NOTES)
    assert run.task_is(GATE, "success", "failed", seconds=30) == "success"
    assert run.ended_in_the_triggerer(GATE)
    assert airflow.api.verdict("outside", "good", GATE) == "PASSED"
    assert run.end() == "success"
    assert set(run.states.values()) == {"success"}
    record = run.record
    assert record.statements["drafting/author"][0].says.principals == ("login:maria",)
    assert verify_run(record, run.store.blob, pendulum.now("UTC"))[2] == ()


@pytest.mark.flies("outside/bad")
def test_a_gate_that_waits_fails_when_the_evidence_is_malformed(run: Run, airflow: RealAirflow, tmp_path: Path):
    run.task_is(GATE, "deferred")
    bring(run, tmp_path, "# Something else\n\nThree good words.\n")
    assert run.task_is(GATE, "success", "failed", seconds=30) == "failed"
    assert run.ended_in_the_triggerer(GATE)
    assert airflow.api.verdict("outside", "bad", GATE) == "FAILED"
    assert run.end() == "failed"
    assert run.states[READER] == "upstream_failed"
    assert run.rules("drafting") == {"evidence-malformed"}


@pytest.mark.flies("brings/run")
def test_what_is_mended_outside_is_waited_for_without_a_slot_before_it_is_judged(run: Run, airflow: RealAirflow, tmp_path: Path):
    def make(text: str) -> None:
        path = tmp_path / "made.txt"
        path.write_text(text, encoding="utf-8")
        keys = airflow.home.airflow / "phasegate" / "keys"
        submit(run.name, "making/maker", [f"code={path}"], root=airflow.home.evidence, keys=keys, by="maria", as_is=True)

    run.task_is("making.gate", "deferred")
    make("bad\n")
    run.task_is("judging.fix_1.brought", "deferred")
    assert not run.states["judging.fix_1.judge"], "nobody judges what is still as it was"
    make("good\n")
    assert run.end() == "success"
    worker, trigger = (run.log("judging.fix_1.brought", name) for name in ("attempt=?.log", "attempt=?.log.trigger.*"))
    assert (worker.count("Waiting for what"), trigger.count("Nothing more is brought")) == (1, 1), "it ended where it waited"
    assert run.word("judging") == "PASSED"


@pytest.mark.flies("changing/run")
def test_a_run_is_held_to_the_plan_it_began_with(run: Run, airflow: RealAirflow, tmp_path: Path):
    run.task_is(GATE, "deferred")
    spec = airflow.home.spec.with_name("changing.yaml")
    spec.write_text(spec.read_text(encoding="utf-8").replace("The notes were found.", "Nobody minds."), encoding="utf-8")
    bring(run, tmp_path, NOTES)
    assert run.task_is(GATE, "success", "failed", seconds=30) == "success"
    assert run.end() == "failed"
    assert run.states[READER] == "failed"
    assert "was changed in mid-run" in run.log(READER)
    assert run.states["complete"] == "failed"
    assert "was changed in mid-run" in run.log("complete")
    assert run.record.statements["reading/reader"] == []
    assert run.word("reading") == ""
