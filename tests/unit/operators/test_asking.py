"""What people decide: waive, one more cycle, stop; approvals. Airflow's own part (parking, forms, who may answer) is shown on a real Airflow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
import pytest
from airflow.sdk.exceptions import AirflowFailException
from support.house import House
from support.mending import mendable

from dag_factory.evidence.waiting import waits_for
from dag_factory.operators.asking import ASKED_AGAIN

DECIDE = "fix: {owner: build/maker, max_cycles: 1, extra_cycles: 1, decide: [lea, max], timeout: 1h, max_waiver: 2d}"


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[dict[str, Any]]:
    """What Airflow was asked to show."""
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **kwargs: shown.append(kwargs))
    return shown


@pytest.fixture
def failed(tmp_path, monkeypatch) -> House:
    """A house whose one fix cycle changed nothing, and in which a person is asked."""
    house = mendable(tmp_path / "house", monkeypatch, mend="true", more=DECIDE)
    house.started_by = "tom"
    house.run("kickoff")
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    house.fix("check", 1)
    house.run("check.decide_1")
    assert "check.decide_1" in house.parked
    return house


def test_the_question_names_every_finding_and_what_it_is_about(failed, asked):
    [question] = asked
    assert question["options"] == ["Waive", "One more cycle", "Stop"]
    assert [user["id"] for user in question["assigned_users"]] == ["lea", "max"]
    assert "check-failed" in question["body"]
    assert question["params"]["findings"]["schema"]["examples"] == ["all", "check-failed:check/judge/check"]
    verdict = failed.record.verdict("check").digest
    assert f"(phasegate/dags/mend/runs/manual__1/gates/check?verdict={verdict})" in question["body"], "where to look at it"
    assert failed.parked["check.decide_1"][1]["asked"] in question["body"], "what is signed with the answer"


def test_a_waiver_opens_the_next_phase_and_is_never_shown_as_a_plain_pass(failed):
    failed.answer("check.decide_1", "Waive", "lea", reason="The pilot may have it.", expires="", findings=["all"])
    failed.run("check.waived_1")
    assert failed.word("check") == "PASSED_WITH_WAIVER", failed.failures
    said = failed.record.verdict("check").says
    assert said.verification_result == "PASSED"
    assert said.verified_levels == ()
    assert [(used.by, used.finding.rule) for used in said.phasegate.waived] == [("lea", "check-failed")]
    failed.run("check.fix_2.triage")
    assert "nothing to mend" in failed.failures["check.fix_2.triage"]
    failed.phase("ship")
    failed.run("complete")
    assert "complete" not in failed.failures


def test_a_waiver_that_ran_out_before_the_end_fails_the_run(failed, monkeypatch):
    failed.answer(
        "check.decide_1",
        "Waive",
        "lea",
        reason="Until tomorrow.",
        expires=pendulum.now("UTC").add(hours=6).to_iso8601_string(),
        findings=["all"],
    )
    failed.run("check.waived_1")
    failed.phase("ship")
    late, now = timedelta(hours=7), pendulum.now
    monkeypatch.setattr("pendulum.now", lambda *args: now(*args) + late)
    failed.run("complete")
    assert "ran out" in failed.failures["complete"]


def test_one_more_cycle_is_opened_by_the_answer_and_by_nothing_else(failed):
    failed.run("check.fix_2.triage")
    assert "Nobody allowed" in failed.failures["check.fix_2.triage"]
    failed.answer("check.decide_1", "One more cycle", "max", reason="The maker knows now.", expires="", findings=["all"])
    failed.run("check.waived_1")
    assert "Nothing was waived" in failed.failures["check.waived_1"]
    (failed.specs / "make.sh").write_text('echo good > "src/$PHASEGATE_FEATURE.txt"\n', encoding="utf-8")
    failed.fix("check", 2)
    assert failed.word("check") == "PASSED", failed.findings("check")


@pytest.mark.parametrize(("by", "why"), [("tom", "started the run"), ("eve", "none of those who may answer"), (None, "nobody is known")])
def test_an_answer_by_the_wrong_person_counts_for_nothing(failed, by, why):
    failed.answer("check.decide_1", "Waive", by, reason="Trust me.", expires="", findings=["all"])
    assert why in failed.failures["check.decide_1"]
    [kept] = [stored.says for stored in failed.record.decisions["check"]]
    assert (kept.answer, kept.by) == ("void", by or "")
    assert why in kept.reason
    assert len(kept.reason) <= 20_000
    failed.run("check.waived_1")
    assert failed.word("check") == "FAILED"


def test_after_an_answer_that_is_none_somebody_is_asked_again_a_few_times_and_told_why(failed, asked):
    for number in range(1, ASKED_AGAIN + 2):
        failed.answer("check.decide_1", "Waive", "lea", reason=" ", expires="", findings=["all"], again=True)
        assert "needs a reason" in failed.failures["check.decide_1"]
        assert isinstance(failed.errors["check.decide_1"], AirflowFailException) == (number > ASKED_AGAIN), number
        if number <= ASKED_AGAIN:
            assert failed.failures["check.decide_1"].endswith("It is asked again.")
            told = [waited.says for waited in waits_for(failed.record, pendulum.now("UTC"))]
            assert told == ["a person decides in Airflow: waive, one more cycle or stop; asked are lea, max"]
            failed.run("check.decide_1", again=True)
            assert asked[-1]["body"].startswith("**You are asked again.** `The answer does not count: A waiver needs a reason")
    assert failed.failures["check.decide_1"].endswith("Clear this task to be asked again.")
    failed.run("check.decide_1")
    failed.answer("check.decide_1", "Waive", "lea", reason="The pilot may have it.", expires="", findings=["all"])
    failed.run("check.waived_1")
    assert failed.word("check") == "PASSED_WITH_WAIVER", failed.failures


def test_an_answer_to_an_old_round_by_nobody_and_silence_are_not_asked_twice(failed):
    asked = failed.parked["check.decide_1"][1]
    user = {"id": "", "name": ""}
    for event in (
        {"error": "timeout", "error_type": "timeout"},
        {"chosen_options": ["Stop"], "params_input": {}, "responded_by_user": user},
    ):
        failed.resume("check.decide_1", event, asked)
        assert isinstance(failed.errors["check.decide_1"], AirflowFailException)
        assert [waited.task for waited in waits_for(failed.record, pendulum.now("UTC"))] == []
    failed.run("check.fix_1.gate")
    failed.answer("check.decide_1", "Waive", "lea", reason="Fine.", expires="", findings=["all"])
    assert "of an old round" in failed.failures["check.decide_1"]
    assert isinstance(failed.errors["check.decide_1"], AirflowFailException)


def test_stop_and_silence_end_the_run(failed):
    asked = failed.parked["check.decide_1"][1]
    failed.answer("check.decide_1", "Stop", "lea", reason="Enough.", expires="", findings=["all"])
    assert "lea stopped the run: Enough." in failed.failures["check.decide_1"]
    failed.resume("check.decide_1", {"error": "timeout", "error_type": "timeout"}, asked)
    assert "Silence is a stop" in failed.failures["check.decide_1"]
    assert [(stored.says.answer, stored.says.by) for stored in failed.record.decisions["check"]] == [("stop", "lea"), ("void", "")]
    failed.run("complete")
    assert "MISSION FAILED" in failed.failures["complete"]


def test_an_answer_about_what_has_changed_since_is_none(failed):
    failed.run("check.fix_1.judge")
    failed.answer("check.decide_1", "Waive", "lea", reason="Fine.", expires="", findings=["all"])
    assert "has changed since" in failed.failures["check.decide_1"]
    assert [stored.says.answer for stored in failed.record.decisions["check"]] == ["void"]


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"reason": " "}, "needs a reason"),
        ({"reason": "Fine.", "expires": "2031-01-01"}, "2 days and no longer"),
        ({"reason": "Fine.", "expires": "2020-01-01"}, "is over already"),
        ({"reason": "Fine.", "expires": "soon"}, "is no date"),
        ({"reason": "Fine.", "findings": ["other:thing"]}, "has no finding other:thing"),
        ({"reason": "Fine.", "findings": []}, "no finding is chosen. Choose those to waive, or `all`"),
        ({"reason": "Fine.", "findings": ["all", "other:thing"]}, "has no finding other:thing"),
        ({"reason": "Fine.", "findings": 5}, "has no finding 5"),
        ({"reason": "Fine.", "findings": [{"id": 1}]}, "has no finding {'id': 1}"),
        ({"reason": "Fine.", "findings": ["x" * 100_000]}, "has no finding xxx"),
        ({"reason": "Fine.", "findings": ["half a sign: \ud800"]}, "has no finding half a sign: ?"),
    ],
)
def test_a_waiver_that_is_none_leaves_the_verdict_as_it_was(failed, form, why):
    failed.answer("check.decide_1", "Waive", "lea", **{"expires": "", "findings": ["all"], **form})
    assert why in failed.failures["check.decide_1"]
    assert failed.record.waivers["check"] == []
    [kept] = [stored.says for stored in failed.record.decisions["check"]]
    assert (kept.answer, kept.by) == ("void", "lea"), "what gives no waiver is not told as one"
    assert why in kept.reason
    assert len(kept.reason) <= 20_000


@pytest.mark.parametrize("chosen", [[], ["Waive", "Stop"], ["waive"]])
def test_an_option_that_was_not_offered_is_no_answer(failed, chosen):
    user = {"id": "lea", "name": "lea"}
    event = {"chosen_options": chosen, "params_input": {"reason": "Fine."}, "responded_at": None, "responded_by_user": user}
    failed.resume("check.decide_1", event, failed.parked["check.decide_1"][1])
    assert "it is none of Waive, One more cycle, Stop" in failed.failures["check.decide_1"]
    assert [stored.says.answer for stored in failed.record.decisions["check"]] == ["void"]


@pytest.mark.parametrize("reason", ["y" * 100_000, "half a sign: \ud800"])
def test_a_reason_without_end_or_that_nobody_can_sign_spoils_no_record(failed, reason):
    failed.answer("check.decide_1", "Waive", "lea", reason=reason, expires="", findings=["all"])
    failed.run("check.waived_1")
    assert failed.word("check") == "PASSED_WITH_WAIVER", failed.failures
    assert len(failed.record.waivers["check"][0].says.reason) <= 20_000


def test_who_may_not_answer_is_not_asked_and_where_nobody_is_left_nobody_is_waited_for(failed, asked):
    text = (failed.specs / "workflow.yaml").read_text(encoding="utf-8")
    for deciders, left in (("[lea, max]", ["max"]), ("[lea]", [])):
        failed.write(text.replace("[lea, max]", deciders))
        failed.started_by = "lea"
        failed.run("kickoff")
        for phase in ("plan", "build", "check"):
            failed.phase(phase)
        failed.fix("check", 1)
        failed.parked.clear()
        failed.run("check.decide_1")
        assert list(failed.parked) == (["check.decide_1"] if left else [])
        told = [waited.says for waited in waits_for(failed.record, pendulum.now("UTC"))]
        if left:
            assert [user["id"] for user in asked[-1]["assigned_users"]] == left
            assert "lea may not answer: lea started the run." in asked[-1]["body"]
            assert told == ["a person decides in Airflow: waive, one more cycle or stop; asked are max"]
    assert "None of those who are asked may answer: lea started the run" in failed.failures["check.decide_1"]
    assert failed.record.decisions["check"] == [], "nobody was asked, so no waiver is taken back"
    assert told == []


class TestApproval:
    GATE = "approval: {people: [lea, max, kim], need: 2, timeout: 1h}"

    @pytest.fixture
    def house(self, tmp_path, monkeypatch) -> House:
        house = mendable(tmp_path / "house", monkeypatch, first='echo good > "src/$PHASEGATE_FEATURE.txt"', gate=self.GATE)
        house.started_by = "kim"
        house.run("kickoff")
        for phase in ("plan", "build"):
            house.phase(phase)
        house.phase("check", gate=False)
        house.run("check.converge", "check.evidence", "check.approve-1", "check.approve-2")
        return house

    def test_two_people_agree_and_the_gate_passes(self, house):
        house.answer("check.approve-1", "Approve", "lea", reason="")
        house.answer("check.approve-2", "Approve", "max", reason="")
        house.run("check.gate")
        assert house.word("check") == "PASSED", house.findings("check")

    def test_who_is_asked_can_look_at_what_they_are_asked_about(self, asked, house):
        body = asked[-1]["body"]
        run = "phasegate/dags/mend/runs/manual__1"
        assert f"[`judge`]({run}/tasks/check/judge)" in body
        assert f"[The whole run]({run})" in body

    def test_evidence_alone_signs_nothing(self, house):
        assert house.word("check") is None
        assert "check.evidence" not in house.failures

    def test_one_person_counts_once(self, house, monkeypatch):
        monkeypatch.setattr("dag_factory.operators.approve.ApproveOperator.unfit", lambda *_: "")  # both answers come at the same moment
        house.answer("check.approve-1", "Approve", "lea", reason="")
        house.answer("check.approve-2", "Approve", "lea", reason="")
        house.run("check.gate")
        assert {item.rule for item in house.findings("check")} == {"approval-partial", "approval-missing"}
        house.fix("check", 1, gate=False)
        [mended] = house.record.rounds["check"]
        assert (mended.triage.says.orders, len(mended.triage.says.unowned)) == ((), 2), "who made it did nothing wrong"
        house.run("check.fix_1.evidence", "check.fix_1.approve-1", "check.fix_1.approve-2")
        house.answer("check.fix_1.approve-1", "Approve", "lea", reason="")
        house.answer("check.fix_1.approve-2", "Approve", "max", reason="")
        house.run("check.fix_1.gate")
        assert house.word("check") == "PASSED", house.findings("check")

    def test_who_started_the_run_cannot_approve(self, house):
        house.answer("check.approve-1", "Approve", "kim", reason="")
        assert "started the run" in house.failures["check.approve-1"]

    def test_a_refusal_is_a_finding_and_opens_a_new_round(self, house):
        house.answer("check.approve-1", "Refuse", "lea", reason="The numbers look odd.")
        house.answer("check.approve-2", "Approve", "max", reason="")
        house.run("check.gate")
        assert [(item.rule, item.text) for item in house.findings("check")] == [("approval-refused", "lea refused: The numbers look odd.")]
        house.fix("check", 1, gate=False)
        house.run("check.fix_1.evidence", "check.fix_1.approve-1", "check.fix_1.approve-2")
        house.answer("check.fix_1.approve-1", "Approve", "lea", reason="")
        house.answer("check.fix_1.approve-2", "Approve", "max", reason="")
        house.run("check.fix_1.gate")
        assert house.word("check") == "PASSED", house.findings("check")

    def test_what_has_changed_is_looked_at_before_anybody_is_asked_about_it(self, house):
        house.run("check.judge")
        house.answer("check.approve-1", "Approve", "lea", reason="")
        assert house.failures["check.approve-1"].endswith(
            "has changed since. Clear the task before this one that looks at the evidence, with what comes after it."
        )
        assert isinstance(house.errors["check.approve-1"], AirflowFailException), "it is not asked again by itself"

    def test_what_was_approved_is_what_must_lie_there(self, house):
        house.answer("check.approve-1", "Approve", "lea", reason="")
        house.answer("check.approve-2", "Approve", "max", reason="")
        house.run("check.judge", "check.gate")
        assert "approval-stale" in {item.rule for item in house.findings("check")}
