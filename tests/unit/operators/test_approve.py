"""Several people who must agree: each counts once, and learns of it where they answer. What one of them is asked is in `test_asking`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
from airflow.sdk.exceptions import AirflowFailException
from support.house import House
from support.mending import mendable

from dag_factory.evidence.decisions import Waiver
from dag_factory.evidence.waiting import waits_for
from dag_factory.operators.approve import _waived

GATE = "approval: {people: [lea, max, kim], need: 2, timeout: 1h}"


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[dict[str, Any]]:
    """What Airflow was asked to show."""
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **kwargs: shown.append(kwargs))
    return shown


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Makes a house in which people are asked whether the third phase is good."""

    def made(gate: str = GATE, started_by: str = "") -> House:
        house = mendable(tmp_path / "house", monkeypatch, first='echo good > "src/$PHASEGATE_FEATURE.txt"', gate=gate)
        house.started_by = started_by
        house.run("kickoff")
        for phase in ("plan", "build"):
            house.phase(phase)
        house.phase("check", gate=False)
        house.run("check.converge", "check.evidence", "check.approve-1", "check.approve-2")
        return house

    return made


@pytest.fixture
def house(make) -> House:
    """Two of three people are asked."""
    return make()


@pytest.mark.parametrize(
    ("by", "called"), [("lea", ""), ("Lea", "lea"), ("lea ", "lea"), ("\uff4cea", "lea"), ("l\u200bea", "lea"), ("7", "lea"), ("lea", "7")]
)
def test_who_has_approved_is_told_so_where_they_answer_once_more_and_somebody_else_is_asked(house, asked, by, called):
    house.answer("check.approve-1", "Approve", "lea", reason="")
    house.answer("check.approve-2", "Approve", by, called=called, reason="", again=True)
    told = f"{by} approved in approve-1 already, and counts once. Somebody else answers here."
    assert told in house.failures["check.approve-2"]
    assert house.failures["check.approve-2"].endswith("It is asked again.")
    [first, void] = [stored.says for stored in house.record.decisions["check"]]
    assert (first.answer, void.answer, void.by) == ("approve", "void", by)
    [waited] = waits_for(house.record, pendulum.now("UTC"))
    assert waited.says == "1 of 2 approvals, asked are lea, max, kim"
    house.run("check.approve-2", again=True)
    assert "You are asked again" in asked[-1]["body"]
    house.answer("check.approve-2", "Approve", "max", reason="")
    house.run("check.gate")
    assert house.word("check") == "PASSED", house.findings("check")


def test_the_other_way_round_it_is_told_too(house):
    house.answer("check.approve-2", "Approve", "lea", reason="")
    house.answer("check.approve-1", "Approve", "lea", reason="")
    assert "lea approved in approve-2 already" in house.failures["check.approve-1"]


def test_who_has_approved_may_still_refuse_and_that_counts(house):
    house.answer("check.approve-1", "Approve", "lea", reason="")
    house.answer("check.approve-2", "Refuse", "lea", reason="I looked again.")
    assert "check.approve-2" not in house.failures
    house.run("check.gate")
    assert [item.text for item in house.findings("check")] == ["lea refused: I looked again."]


def test_who_has_refused_cannot_approve_elsewhere(house):
    house.answer("check.approve-1", "Refuse", "lea", reason="No.")
    house.answer("check.approve-2", "Approve", "lea", reason="")
    assert "lea refused in approve-1 already" in house.failures["check.approve-2"]
    house.run("check.gate")
    assert [item.text for item in house.findings("check")] == ["lea refused: No."]


def test_the_same_question_may_be_answered_anew_by_the_same_person(house):
    house.answer("check.approve-1", "Approve", "lea", reason="")
    house.run("check.approve-1")
    house.answer("check.approve-1", "Approve", "lea", reason="Still.")
    assert "check.approve-1" not in house.failures


def test_what_somebody_approved_that_lies_here_no_more_keeps_them_from_nothing(house):
    house.answer("check.approve-1", "Approve", "lea", reason="")
    house.run("check.judge", "check.converge", "check.evidence", "check.approve-2", "check.approve-1")
    house.answer("check.approve-2", "Approve", "lea", reason="")
    assert "check.approve-2" not in house.failures
    house.answer("check.approve-1", "Approve", "max", reason="")
    house.run("check.gate")
    assert house.word("check") == "PASSED", house.findings("check")


def test_where_fewer_may_answer_than_must_nobody_is_waited_for(make, asked):
    house = make(GATE.replace("lea, max, kim", "lea, max"), started_by="max")
    told = "Of those who are asked only lea may answer, and 2 people must: max started the run. Name somebody else in the spec."
    for name in ("check.approve-1", "check.approve-2"):
        assert (house.failures[name], type(house.errors[name])) == (told, AirflowFailException)
    assert (asked, house.parked) == ([], {})
    [waited] = waits_for(house.record, pendulum.now("UTC"))
    assert waited.says == "the gate of phase check answers"
    house.run("check.gate")
    assert [item.rule for item in house.findings("check")] == ["approval-missing"]


def test_one_person_by_two_spellings_is_not_two_people(make):
    house = make(GATE.replace("lea, max, kim", "lea, Lea, max"), started_by="max")
    assert house.failures["check.approve-1"].startswith("Of those who are asked only lea, Lea may answer, and 2 people must")
    assert house.parked == {}


def test_the_question_tells_the_first_tasks_of_many_and_nothing_of_waivers_where_there_is_none(house, asked, monkeypatch):
    monkeypatch.setattr("dag_factory.operators.approve._SHOWN", 1)
    assert "Its evidence was verified. Do you agree" in asked[-1]["body"]
    assert "waive" not in asked[-1]["body"]
    assert "[`writer`]" in asked[-1]["body"]
    house.run("check.approve-1")
    assert "[`writer`]" not in asked[-1]["body"]
    assert "\nAnd 1 more, which the page of the run tells.\n" in asked[-1]["body"]


def test_of_many_waivers_the_newest_that_count_are_told_each_with_its_first_findings():
    first = Waiver.model_construct(
        binding=SimpleNamespace(cycle=0), number="W-1", scope=tuple(SimpleNamespace(finding=f"a:{index}") for index in range(12)), reason="*x*",
        by="erin", name="", given_at="2026-11-01T00:00:00Z", expires_at="2999-01-01T00:00:00Z",
    )  # fmt: skip
    over = first.model_copy(update={"number": "W-0", "expires_at": "2026-11-02T00:00:00Z"})
    waivers = [SimpleNamespace(says=first.model_copy(update={"number": f"W-{index}"}), digest="") for index in range(1, 8)]
    case = SimpleNamespace(
        record=SimpleNamespace(waivers={"check": [*waivers, SimpleNamespace(says=over, digest="")]}, decisions={}),
        phase_id="check",
        now=pendulum.now("UTC"),
    )
    told = _waived(case)
    assert told[2].startswith("- waiver W-7, by `erin` until 2999-01-01T00:00:00Z: `a:0`, `a:1`,")
    assert told[2].endswith("`a:9` and 2 more. Why: `*x*`")
    assert told[-2:] == ["- and 2 waivers more, which the gate's page tells", ""]
    assert "W-0" not in "".join(told), "it ran out"
