"""What a person is asked who decides about very many findings, and about what others wrote into them."""

from __future__ import annotations

from typing import Any

import pytest
from support.house import House
from support.mending import mendable

from dag_factory.evidence.policies.registry import POLICIES

DECIDE = "fix: {owner: build/maker, max_cycles: 0, extra_cycles: 1, decide: [lea]}"


@pytest.fixture
def asked(monkeypatch) -> list[dict[str, Any]]:
    """What Airflow was asked to show."""
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **kwargs: shown.append(kwargs))
    return shown


@pytest.fixture
def make(tmp_path, monkeypatch, asked):
    """Makes a house whose first gate has found sixty things, and in which a person is asked."""

    def made(rule: str = "check-failed", last: str = "check-failed") -> House:
        def many(case):
            for number in range(60) if case.phase_id == "plan" else ():
                text = f"See https://evil.example/{number}."
                yield case.finding(last if number == 59 else rule, case.phase.tasks[0], text, subject=f"plan/planner/{number}")

        monkeypatch.setattr("dag_factory.evidence.verify.POLICIES", (*POLICIES, many))
        house = mendable(tmp_path / "house", monkeypatch, more=DECIDE)
        house.run("kickoff")
        house.phase("plan")
        house.run("plan.decide_1")
        return house

    return made


def test_the_question_tells_the_first_and_the_form_has_all(make, asked):
    make()
    [question] = asked
    assert "60 red flags are left" in question["body"]
    assert "- `check-failed:plan/planner/49`: `See https://evil.example/49.`\n- and 10 more" in question["body"], (
        "in code no address is a link"
    )
    assert "plan/planner/50" not in question["body"]
    assert len(question["params"]["findings"]["schema"]["examples"]) == 61, "each, and one for all of them"
    assert "`all` is every one that may be waived, those that are not told here too" in question["body"]


@pytest.mark.parametrize("given", [{"findings": []}, {"findings": None}, {"findings": ""}, {}, {"finding": ["all"]}, {"findings": [[]]}])
def test_a_waiver_for_which_nothing_is_chosen_is_for_nothing(make, given):
    house = make()
    house.answer("plan.decide_1", "Waive", "lea", reason="Fine.", expires="", **given)
    assert "The answer does not count" in house.failures["plan.decide_1"]
    assert house.record.waivers["plan"] == []


def test_all_reaches_what_the_question_does_not_tell_and_never_what_may_not_be_waived(make):
    house = make(last="approval-missing")
    house.answer("plan.decide_1", "Waive", "lea", reason="Fine.", expires="", findings=["all"])
    [waiver] = house.record.waivers["plan"]
    assert [scope.finding for scope in waiver.says.scope] == [f"check-failed:plan/planner/{number}" for number in range(59)]
    house.run("plan.waived_1")
    assert [finding.rule for finding in house.findings("plan")] == ["approval-missing"]


def test_where_nothing_may_be_waived_all_is_nothing(make, asked):
    house = make(rule="approval-missing", last="approval-missing")
    assert asked[-1]["params"]["findings"]["schema"]["examples"] == []
    house.answer("plan.decide_1", "Waive", "lea", reason="Fine.", expires="", findings=["all"])
    assert "nothing that was found may be waived" in house.failures["plan.decide_1"]
