"""Fix phases and people's decisions on a real Airflow: its scheduler, its mapped tasks, its questions to people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pendulum
import pytest
from support.airflow import RealAirflow, Run
from support.levers import clear
from support.people import Person

from dag_factory.cli.waive import waive
from dag_factory.errors import EvidenceError
from dag_factory.operators.asking import ASKED_AGAIN

GOOD_IN = {"first": 1, "second": 2, "waived": 99, "more": 3, "stopped": 99, "outsider": 99, "own": 99, "shell": 99}
NOTHING: dict[str, Any] = {"findings": [], "reason": "", "expires": ""}
ALL: dict[str, Any] = NOTHING | {"findings": ["all"]}


@pytest.fixture(scope="module")
def begun(airflow: RealAirflow) -> RealAirflow:
    """All runs of this module, started together so that they share the waiting."""
    tom, lea = Person(airflow, "tom"), Person(airflow, "lea")
    for name, good_in in GOOD_IN.items():
        (lea if name == "own" else tom).start(airflow.run(f"mends/{name}"), good_in=good_in)
    tom.start(airflow.run("hushes/silent"))
    tom.start(airflow.run("agrees/two"))
    tom.start(airflow.run("agrees/refused"))
    lea.start(airflow.run("agrees/own"))
    return airflow


def steps(run: Run) -> dict[str, str]:
    """The states of gates and of what follows them in the second phase."""
    names = ("gate", "fix_1.triage", "fix_1.fix", "fix_1.gate", "fix_2.gate", "decide_1", "waived_1", "fix_3.gate", "decide_2")
    return {name: run.states[f"judging.{name}"] for name in names if f"judging.{name}" in run.states}


def test_mended_in_the_first_cycle(begun):
    run = begun.run("mends/first")
    assert run.end(300) == "success"
    assert steps(run) == {
        "gate": "failed", "fix_1.triage": "success", "fix_1.fix": "success", "fix_1.gate": "success", "fix_2.gate": "skipped",
        "decide_1": "skipped", "waived_1": "skipped", "fix_3.gate": "skipped", "decide_2": "skipped",
    }  # fmt: skip
    said = run.record.verdict("judging").says.phasegate
    assert (said.word, said.binding.cycle) == ("PASSED", 1)
    assert {item.now for item in said.rechecked} == {"mended"}


def test_mended_in_the_second_cycle(begun):
    run = begun.run("mends/second")
    assert run.end(300) == "success"
    assert [run.states[f"judging.{name}"] for name in ("gate", "fix_1.gate", "fix_2.gate", "decide_1")] == [
        "failed",
        "failed",
        "success",
        "skipped",
    ]


def test_a_waiver_by_somebody_else_lets_the_run_go_on(begun):
    run = begun.run("mends/waived")
    assert Person(begun, "lea").answer(run, "judging.decide_1", "Waive", **ALL | {"reason": "For the pilot."}) == 200
    assert run.end(300) == "success"
    assert run.word("judging") == "PASSED_WITH_WAIVER"
    assert run.states["judging.waived_1"] == "success"
    assert "PASSED_WITH_WAIVER" in run.log("complete")


def test_two_people_at_once_are_one_answer(begun):
    run = begun.run("mends/stopped")
    run.asks("judging.decide_1")
    path = "/api/v2/dags/mends/dagRuns/stopped/taskInstances/judging.decide_1/-1/hitlDetails"
    together = Barrier(2)

    def stop(who: str) -> int:
        body = {"chosen_options": ["Stop"], "params_input": NOTHING | {"reason": f"{who} says so."}}
        together.wait(30)
        return Person(begun, who).ask("PATCH", path, body)[0]

    with ThreadPoolExecutor() as pool:
        codes = dict(zip(("lea", "max"), pool.map(stop, ("lea", "max")), strict=True))
    assert 200 in codes.values(), codes
    code, _ = Person(begun, "max").ask("PATCH", path, {"chosen_options": ["Waive"], "params_input": ALL | {"reason": "Wait."}})
    assert code in (404, 409), "too late"
    assert run.end(300) == "failed"
    [said] = [stored.says for stored in run.record.decisions["judging"]]
    assert codes[said.by] == 200, "who was told that it was taken"
    assert (said.answer, said.reason) == ("stop", f"{said.by} says so.")
    assert f"{said.by} stopped the run: {said.by} says so." in run.log("judging.decide_1")
    assert run.record.waivers["judging"] == []
    assert run.word("shipping") == ""


def test_a_waiver_from_the_shell_counts_once_the_gate_is_asked_again(begun):
    run = begun.run("mends/shell")
    assert Person(begun, "lea").answer(run, "judging.decide_1", "Stop", **NOTHING) == 200
    assert run.end(300) == "failed"
    [finding] = run.record.verdict("judging").says.phasegate.findings
    home, tomorrow = begun.home, pendulum.now("UTC").add(days=1).to_date_string()
    asked = {"finding": [finding.id], "reason": "For the pilot.", "until": tomorrow, "root": home.evidence}
    keys = home.airflow / "phasegate" / "keys"
    with pytest.raises(EvidenceError, match="tom started the run"):
        waive(run.name, "judging", by="tom", keys=keys, **asked)
    waive(run.name, "judging", by="max", keys=keys, **asked)
    assert run.word("judging") == "FAILED", "no gate has counted it"
    clear(run, "judging.fix_2.gate", downstream=True)
    assert run.end(300) == "success"
    assert run.word("judging") == "PASSED_WITH_WAIVER"
    assert "MISSION SUCCESS, WITH WAIVERS" in run.log("complete")


def test_one_more_cycle(begun):
    run = begun.run("mends/more")
    assert Person(begun, "max").answer(run, "judging.decide_1", "One more cycle", **NOTHING) == 200
    assert run.end(300) == "success"
    assert [run.states[f"judging.{name}"] for name in ("waived_1", "fix_3.gate", "decide_2")] == ["skipped", "success", "skipped"]


def test_who_started_the_run_cannot_decide_about_it(begun):
    run = begun.run("mends/own")
    assert Person(begun, "lea").answer(run, "judging.decide_1", "Waive", **ALL | {"reason": "It is mine."}) == 200
    assert Person(begun, "max").answer(run, "judging.decide_1", "Stop", tries=2, **NOTHING) == 200
    assert run.end(300) == "failed"
    assert [stored.says.answer for stored in run.record.decisions["judging"]] == ["void", "stop"]
    assert "lea started the run" in run.log("judging.decide_1")
    assert run.record.waivers["judging"] == []


def test_somebody_whom_nobody_asked_cannot_decide_nor_end_the_run(begun):
    run, lea = begun.run("mends/outsider"), Person(begun, "lea")
    let_in = Person(begun, "eve").answer(run, "judging.decide_1", "Waive", **ALL | {"reason": "Let it pass."}) == 200
    assert lea.answer(run, "judging.decide_1", "Waive", tries=1 + let_in, **ALL) == 200, "without a reason"
    assert lea.answer(run, "judging.decide_1", "Waive", tries=2 + let_in, **ALL | {"reason": "For the pilot."}) == 200
    assert run.end(300) == "success"
    assert ("eve is none of those who may answer" in run.log("judging.decide_1")) == let_in
    assert "A waiver needs a reason" in run.log("judging.decide_1")
    assert [stored.says.by for stored in run.record.waivers["judging"]] == ["lea"]


def test_silence_is_a_stop(begun):
    run = begun.run("hushes/silent")
    assert run.end(300) == "failed"
    assert "Silence is a stop" in run.log("judging.decide_1")
    assert "shipping/shipper" not in {name for name, found in run.record.statements.items() if found}


def test_k_of_n_people_agree(begun):
    run = begun.run("agrees/two")
    for index, who in enumerate(("lea", "kim"), start=1):
        assert Person(begun, who).answer(run, f"making.approve-{index}", "Approve", reason="") == 200
    assert run.end(300) == "success"
    assert {stored.says.by for stored in run.record.decisions["making"]} == {"kim", "lea"}


def test_who_started_the_run_cannot_agree_to_it(begun):
    run = begun.run("agrees/own")
    assert Person(begun, "max").answer(run, "making.approve-2", "Approve", reason="") == 200
    for tries in range(1, ASKED_AGAIN + 2):
        assert Person(begun, "lea").answer(run, "making.approve-1", "Approve", tries=tries, reason="") == 200
    assert Person(begun, "lea").answer(run, "making.fix_1.approve-1", "Approve", reason="") == 200
    assert Person(begun, "max").answer(run, "making.fix_1.approve-1", "Approve", tries=2, reason="") == 200
    assert Person(begun, "kim").answer(run, "making.fix_1.approve-2", "Approve", reason="") == 200
    assert run.end(300) == "success"
    assert "lea started the run" in run.log("making.approve-1")
    [first, _] = [stored.says.phasegate for stored in run.record.verdicts["making"]]
    assert {finding.rule for finding in first.findings} == {"approval-missing"}


def test_a_refusal_opens_a_new_round(begun):
    run = begun.run("agrees/refused")
    assert Person(begun, "lea").answer(run, "making.approve-1", "Refuse", reason="Not yet.") == 200
    assert Person(begun, "max").answer(run, "making.approve-2", "Approve", reason="") == 200
    for index, who in enumerate(("lea", "max"), start=1):
        assert Person(begun, who).answer(run, f"making.fix_1.approve-{index}", "Approve", reason="") == 200
    assert run.end(300) == "success"
    assert [run.states[f"making.{name}"] for name in ("gate", "fix_1.gate")] == ["failed", "success"]
