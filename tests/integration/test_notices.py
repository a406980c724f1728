"""People are told what happens, wherever it ends; and a gate that passed starts another DAG."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import pytest
from support.airflow import RealAirflow, Run
from support.notifiers import notices

from dag_factory.cli.submit import submit

GATE = "drafting.gate"


def bring(run: Run, folder: Path, text: str) -> None:
    """Submit the notes, as someone outside does."""
    (folder / "notes.md").write_text(text, encoding="utf-8")
    keys = run.airflow.home.airflow / "phasegate" / "keys"
    submit(run.name, "drafting/author", [f"notes={folder / 'notes.md'}"], root=run.airflow.home.evidence, keys=keys, by="maria", as_is=True)


def told(run: Run) -> list[dict[str, Any]]:
    """What people were told of a run."""
    return [notice for notice in notices(run.airflow.lab) if notice["run"] == run.run_id]


def events(run: Run, phase: str) -> list[dict[str, Any]]:
    """The events of a phase's asset that a run made."""
    found = run.airflow.api._ask("GET", f"/api/v2/assets/events?source_dag_id=tells&source_run_id={run.run_id}")["asset_events"]
    return [event["extra"] for event in found if event["uri"] == f"phasegate://tells/{phase}"]


@pytest.fixture(scope="module")
def good(airflow: RealAirflow, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run to its end; it waits in the triggerer until it is late."""
    run = airflow.run("tells/good")
    run.start()
    airflow.until(lambda: airflow.dag_exists("listens"), 60, lambda: "the DAG listens is there")
    run.task_is(GATE, "deferred")
    airflow.until(lambda: any(notice["event"] == "run-late" for notice in told(run)), 90, lambda: f"late: {told(run)}")
    bring(run, tmp_path_factory.mktemp("notes"), "# Notes\n\n## Notes\n\nThree good words.\n")
    assert run.end(300) == "success"
    airflow.until(lambda: any(notice["event"] == "run-complete" for notice in told(run)), 30, lambda: f"complete: {told(run)}")
    return run


def test_everything_that_happens_is_told_once_and_in_order(good: Run):
    said = [(notice["event"], notice["phase"], notice["word"]) for notice in told(good)]
    assert said == [
        ("run-late", "", "LATE"),
        ("gate-passed", "Drafting", "PASSED"),
        ("gate-passed", "Making", "PASSED"),
        ("gate-failed", "Judging", "FAILED"),
        ("fix-opened", "Judging", "FAILED"),
        ("gate-passed", "Judging", "PASSED"),
        ("run-complete", "", "PASSED"),
    ]
    assert good.ended_in_the_triggerer(GATE), "the first of these gates"


def test_a_notice_says_where_and_why_and_its_link_works(good: Run):
    failed = next(notice for notice in told(good) if notice["event"] == "gate-failed")
    [finding] = [item for item in failed["findings"] if item["id"] == "validation-failed:judging/judge"] or failed["findings"][:1]
    for part in ("Workflow: tells", "Run: good", "Phase: Judging", "Word: FAILED", finding["id"], failed["link"]):
        assert part in failed["text"]
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(failed["link"]) as page:
        shown = page.read().decode()
    assert "Judging" in shown
    assert finding["id"] in shown
    first, newest = good.record.verdicts["judging"]
    assert newest.says.phasegate.word == "PASSED"
    assert failed["link"].endswith(f"?verdict={first.digest}"), "the verdict that was told of, though a newer one is there"


def test_a_gate_that_passed_spares_its_fix_phases_at_once_where_it_ended_in_a_worker(good: Run):
    fixes = {name: state for name, state in good.states.items() if name.startswith("making.fix_")}
    assert fixes
    assert set(fixes.values()) == {"skipped"}
    assert "Skipping downstream tasks." in good.log("making.gate")
    assert good.states["drafting.fix_1.settled"] == "success", "behind a gate that ended in the triggerer Airflow skips one after the other"


def test_a_notifier_that_raises_or_is_not_there_changes_nothing_and_is_named(good: Run):
    for gate in (GATE, "making.gate"):
        assert good.states[gate] == "success"
        assert "tests.support.notifiers.Raises did not tell anybody of gate-passed: RuntimeError: the wire is cut" in good.log(gate)
    assert "install apache-airflow-providers-slack" in good.log("complete")


def test_a_gate_that_passed_starts_another_dag(good: Run):
    assert {name: good.states[name] for name in ("drafting.passed", "judging.passed")} == {
        "drafting.passed": "success",
        "judging.passed": "success",
    }
    for phase, cycle in (("drafting", 0), ("judging", 1)):
        verdict = good.record.verdict(phase)
        [extra] = events(good, phase)
        assert {key: extra[key] for key in ("verdict", "word", "cycle")} == {"verdict": verdict.digest, "word": "PASSED", "cycle": cycle}
    found = good.airflow.until(lambda: good.airflow.api._ask("GET", "/api/v2/dags/listens/dagRuns")["dag_runs"], 60, lambda: "it runs")
    assert [run["run_type"] for run in found] == ["asset_triggered"]


@pytest.mark.flies("tells/bad")
def test_a_gate_that_fails_in_the_triggerer_is_told_once_and_makes_no_event(run: Run, tmp_path: Path):
    run.task_is(GATE, "deferred")
    bring(run, tmp_path, "# Something else\n\nThree good words.\n")
    assert run.task_is(GATE, "success", "failed", seconds=60) == "failed"
    run.task_is("drafting.fix_1.triage", "success")
    logs = run.airflow.home.airflow / "logs" / "dag_processor"
    called = "gate-failed was told of already, by the triggerer."
    run.airflow.until(
        lambda: any(called in path.read_text(encoding="utf-8") for path in logs.rglob("*.log")),
        60,
        lambda: "the dag-processor calls for it too",
    )
    said = [(notice["event"], notice["word"]) for notice in told(run) if notice["cycle"] == 0 and notice["event"] != "run-late"]
    assert said == [("gate-failed", "FAILED")], told(run)
    assert events(run, "drafting") == []


@pytest.mark.flies("tells/marked")
def test_an_event_that_cannot_be_made_changes_nothing_about_the_run(run: Run, tmp_path: Path):
    run.task_is(GATE, "deferred")
    run.mark("drafting.passed", "failed")
    bring(run, tmp_path, "# Notes\n\n## Notes\n\nThree good words.\n")
    assert run.end(300) == "success"
    assert (run.states["drafting.passed"], run.states["complete"]) == ("failed", "success")
    assert events(run, "drafting") == []
