"""Airflow's own levers: whatever is cleared, marked, paused or made up for, no phase opens without its verdict, and the store only ever grows."""

from __future__ import annotations

from typing import Any

import pytest
from support.airflow import RealAirflow, Run
from support.levers import attempts, backfill, bring, clear, clear_run, files, grown, mark_run, pause, refused, sound
from support.people import Person

MAKER, SHIPPER = "making.maker", "shipping.shipper"
BEGUN: dict[str, dict[str, Any]] = {
    "never": {"good_in": 99}, "mended": {"good_in": 1}, "cleared": {}, "outrun": {}, "again": {}, "retried": {"stumbles": True},
    "task-green": {"wait_for": "nothing"}, "run-green": {"wait_for": "nothing"}, "run-red": {"wait_for": "run-red"}, "task-skipped": {"wait_for": "nothing"},
}  # fmt: skip
NOTES = "# Notes\n\n## Notes\n\nThree good words.\n"


@pytest.fixture(scope="module")
def begun(airflow: RealAirflow) -> RealAirflow:
    """All runs of this module, started together so that they share the waiting."""
    for name, conf in BEGUN.items():
        Person(airflow, "tom").start(airflow.run(f"levers/{name}"), **conf)
    Person(airflow, "tom").start(airflow.run("agrees/marked"))
    for name in ("one", "two"):
        Person(airflow, "tom").start(airflow.run(f"queues/{name}"))
    for name in ("task-green", "run-green", "run-red", "task-skipped"):
        airflow.run(f"levers/{name}").task_is(MAKER, "running")
    airflow.run("levers/task-green").mark(MAKER, "success")
    airflow.run("levers/task-skipped").mark(MAKER, "skipped")
    mark_run(airflow.run("levers/run-green"), "success")
    mark_run(airflow.run("levers/run-red"), "failed")
    return airflow


def unshipped(run: Run) -> bool:
    """Whether nobody worked on the last phase, and it has not passed."""
    return run.record.statements["shipping/shipper"] == [] and run.word("shipping") in ("", "FAILED") and not sound(run)


def test_each_retry_is_an_attempt_with_a_statement_of_its_own(begun: RealAirflow):
    run = begun.run("levers/retried")
    assert run.end(300) == "success"
    assert attempts(run, "making/maker") == ["failed", "completed"]
    assert sound(run)


def test_a_task_that_is_cleared_shuts_all_that_follows_until_the_gate_is_asked_again(begun: RealAirflow):
    run = begun.run("levers/cleared")
    assert run.end(300) == "success"
    before = files(run)
    clear(run, MAKER)
    run.end()
    assert attempts(run, "making/maker") == ["completed", "completed"]
    assert not sound(run), "Airflow's colour is that of its tasks; the verdict counts no more"
    clear(run, SHIPPER)
    run.end()
    assert refused(run, SHIPPER, "Work of phase Making was done again")
    assert len(attempts(run, "shipping/shipper")) == 1

    clear(run, "making.gate", downstream=True)
    assert run.end() == "success"
    assert sound(run)
    assert {name: len(found) for name, found in run.record.verdicts.items()} == {"making": 2, "judging": 2, "shipping": 2}
    assert grown(before, run)


def test_a_gate_that_is_cleared_alone_leaves_the_verdicts_behind_it_without_force(begun: RealAirflow):
    run = begun.run("levers/outrun")
    assert run.end(300) == "success"
    before = files(run)
    clear(run, MAKER)
    run.end()
    clear(run, "making.gate")
    run.end()
    assert run.word("making") == "PASSED"
    clear(run, SHIPPER)
    run.end()
    assert refused(run, SHIPPER, "Phase Making has a newer verdict than the one that phase Judging was judged after")
    clear(run, "shipping.gate")
    run.end()
    assert run.word("shipping") == "FAILED"
    assert run.rules("shipping") >= {"phase-not-open"}
    assert not sound(run)
    assert grown(before, run)


def test_a_finished_run_that_is_run_again_has_a_new_charter_beside_the_old(begun: RealAirflow):
    run = begun.run("levers/again")
    assert run.end(300) == "success"
    before, old = files(run), run.record.charter
    clear_run(run)
    assert run.end() == "success"
    assert sound(run)
    assert run.record.charter.says.previous == old.digest
    assert "charters/0002.json" in grown(before, run)
    assert attempts(run, "making/maker") == ["completed"], "nothing of the old counts"


def test_work_of_a_fix_phase_that_is_cleared_shuts_what_follows_too(begun: RealAirflow):
    run = begun.run("levers/mended")
    assert run.end(300) == "success"
    before = files(run)
    clear(run, "judging.fix_1.judge")
    run.end()
    assert not sound(run)
    clear(run, SHIPPER)
    run.end()
    assert refused(run, SHIPPER, "Work of phase Judging was done again")

    clear(run, ("judging.fix_1.fix", 0))
    run.end()
    assert not sound(run)
    clear(run, "judging.fix_1.judge", downstream=True)  # who validated saw what was mended before that; what follows is done anew
    assert run.end() == "success"
    assert sound(run)
    assert run.record.verdict("judging").says.phasegate.binding.cycle == 1
    clear(run, "judging.gate", downstream=True)  # it fails as before, and the fix phase is done anew
    assert run.end() == "success"
    assert sound(run)
    assert {name: len(found) for name, found in run.record.rounds["judging"][0].statements.items()} == {
        "making/maker": 3,
        "judging/judge": 4,
    }
    assert grown(before, run)


def test_whatever_is_marked_in_a_fix_phase_opens_nothing(begun: RealAirflow):
    run = begun.run("levers/never")
    run.task_is("judging.decide_1", "awaiting_input")
    before = files(run)
    run.mark("judging.decide_1", "success")
    assert run.end() == "failed"
    assert (run.states["judging.waived_1"], run.states["judging.fix_2.gate"]) == ("skipped", "skipped"), "nobody decided"
    assert unshipped(run)
    for name in ("gate", "fix_1.gate", "fix_2.triage", "waived_1"):
        run.mark(f"judging.{name}", "success")
        assert run.end() == "failed"
        assert unshipped(run)
    assert refused(run, SHIPPER, "The newest verdict on phase Judging is FAILED.")
    run.mark("judging.fix_1.gate", "skipped")
    assert run.end() == "failed"
    assert unshipped(run)
    assert run.record.waivers["judging"] == run.record.decisions["judging"] == []
    assert grown(before, run)


def test_a_gate_that_is_marked_while_it_waits_opens_nothing_until_it_is_asked_again(begun: RealAirflow):
    green, red = begun.run("outside/marked-green"), begun.run("outside/marked-red")
    for run, state in ((green, "success"), (red, "failed")):
        run.start()
        run.task_is("drafting.gate", "deferred")
        run.mark("drafting.gate", state)
    for run in (green, red):
        assert run.end() == "failed"
        assert (run.word("drafting"), run.record.statements["reading/reader"]) == ("", [])
        assert run.word("reading") in ("", "FAILED")
    assert refused(green, "reading.reader", "Phase Drafting has no signed verdict")
    for run in (green, red):
        bring(run, "drafting/author", notes=NOTES)
        clear(run, "drafting.gate", downstream=True)
        assert run.end() == "success"
        assert sound(run)


def test_approvals_that_are_marked_are_nobodys(begun: RealAirflow):
    run = begun.run("agrees/marked")
    for group in ("making", "making.fix_1"):
        for index in (1, 2):
            run.task_is(f"{group}.approve-{index}", "awaiting_input")
            run.mark(f"{group}.approve-{index}", "success")
    assert run.end() == "failed"
    assert run.rules("making") == {"approval-missing"}
    assert run.states["shipping.shipper"] == "upstream_failed"


def test_a_task_marked_as_done_is_missing_evidence_and_is_mended(begun: RealAirflow):
    run = begun.run("levers/task-green")
    assert run.end(300) == "success"
    assert (run.states[MAKER], run.states["making.gate"], run.states["making.fix_1.gate"]) == ("success", "failed", "success")
    assert attempts(run, "making/maker") == []
    assert {finding.rule for finding in run.record.verdict_in("making", 0).says.phasegate.findings} == {"statement-missing"}
    assert sound(run)


def test_a_task_marked_as_skipped_has_no_gate_asked_and_ends_the_run_as_failed(begun: RealAirflow):
    run = begun.run("levers/task-skipped")
    assert run.end(300) == "failed"
    assert (run.states["making.gate"], run.states["complete"]) == ("skipped", "failed")
    assert run.record.verdicts["making"] == []
    assert unshipped(run)


def test_a_run_marked_as_success_has_no_verdict_at_all(begun: RealAirflow):
    run = begun.run("levers/run-green")
    assert run.end() == "success"
    assert {found[0] if found else None for found in run.record.verdicts.values()} == {None}
    assert not sound(run)
    assert (run.states[SHIPPER], run.states["complete"]) == ("skipped", "skipped")


def test_a_run_marked_as_failed_goes_on_where_it_is_cleared(begun: RealAirflow):
    run = begun.run("levers/run-red")
    run.end()  # not always as failed: all that is left is skipped, which Airflow's scheduler takes for a success
    assert run.states[MAKER] == "failed"
    assert run.record.verdicts["making"] == []
    before = files(run)
    (begun.lab / "run-red").touch()
    clear_run(run, failed=True)
    run.end()
    assert run.states[MAKER] == "success"
    assert (run.word("making"), run.states["complete"]) == ("", "skipped"), "what was skipped stays so"
    assert attempts(run, "making/maker") == ["completed"], "what was ended by hand is not attested"
    clear(run, MAKER, downstream=True)
    assert run.end() == "success"
    assert sound(run)
    assert grown(before, run)


def test_a_run_waits_for_the_one_before_it_and_for_a_paused_dag(begun: RealAirflow):
    one, two = begun.run("queues/one"), begun.run("queues/two")
    one.task_is("drafting.gate", "deferred")
    assert begun.api.run_state("queues", "two") == "queued"
    pause(begun, "queues", paused=True)
    try:
        bring(one, "drafting/author", notes=NOTES)
        assert one.task_is("drafting.gate", "success", "failed") == "success", "what has begun goes on to its end"
        other = begun.run("levers/meanwhile")
        other.start()
        assert other.end() == "success"
        assert (one.states["reading.reader"], begun.api.run_state("queues", "two")) == ("", "queued")
        assert one.record.statements["reading/reader"] == []
    finally:
        pause(begun, "queues", paused=False)
    assert one.end() == "success"
    assert sound(one)
    two.task_is("drafting.gate", "deferred")
    assert two.record.charter.digest != one.record.charter.digest
    bring(two, "drafting/author", notes=NOTES)
    assert two.end() == "success"


def test_each_run_of_a_backfill_has_evidence_of_its_own_and_keeps_it_when_the_spec_changes(begun: RealAirflow):
    runs = [begun.run(f"fills/backfill__{year}-01-01T00:00:00+00:00") for year in (2022, 2023)]

    def ended() -> bool:
        return all(begun.api.run_state(run.dag_id, run.run_id) in ("success", "failed") for run in runs)

    def versions() -> int:
        return int(begun.api._ask("GET", "/api/v2/dags/fills/dagVersions")["total_entries"])

    begun.until(lambda: begun.dag_exists("fills"), 60, lambda: "the DAG is there")
    backfill(begun, "fills", "2022-01-01", "2023-01-01")
    begun.until(ended, 120, lambda: "the backfill ends")
    charters = [run.record.charter.digest for run in runs]
    assert len(set(charters)) == 2
    assert all(map(sound, runs))

    before, known = [files(run) for run in runs], versions()
    spec = begun.home.spec.with_name("fills.yaml")
    spec.write_text(spec.read_text(encoding="utf-8").replace("The notes are there.", "All notes are there."), encoding="utf-8")
    begun.until(lambda: versions() > known, 90, lambda: "Airflow reads the changed spec")
    assert all(map(sound, runs)), "a run is judged by the plan it was made with"
    clear(runs[0], "drafting.author")
    runs[0].end()
    assert "was changed in mid-run" in runs[0].log("drafting.author")
    assert grown(before[0], runs[0]) == set()

    backfill(begun, "fills", "2022-01-01", "2023-01-01", "completed")
    begun.until(
        lambda: all(run.record.charter.digest != old for run, old in zip(runs, charters, strict=True)), 60, lambda: "they begin again"
    )
    begun.until(ended, 120, lambda: "they end again")
    assert all(map(sound, runs))
    assert [run.record.charter.says.previous for run in runs] == charters
    assert [run.record.contract.phase("drafting").says for run in runs] == ["All notes are there."] * 2
    assert all(grown(old, run) for run, old in zip(runs, before, strict=True))
