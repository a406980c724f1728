"""Who may do a person's task: whose answer counts, who is not even asked, and what the gate says of a statement all the same."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from support.asked import CHECK, DONE, PLAN, SEEN, STORIES, asking, done, questions
from support.house import House


@pytest.fixture(autouse=True)
def shown(monkeypatch) -> list[dict[str, Any]]:
    """What Airflow was asked to show."""
    return questions(monkeypatch)


@pytest.fixture
def house(tmp_path, monkeypatch) -> House:
    made = asking(tmp_path / "house", monkeypatch)
    made.run("kickoff")
    return made


@pytest.mark.parametrize(
    ("by", "called", "why"),
    [
        ("eve", "", "eve is none of those who may answer: judy, jo"),
        (None, "", "nobody is known to have answered"),
        ("willi", "", "willi worked as @writer on build/writer, and nobody works under two names"),
        ("4711", "Willi", "4711 worked as @writer on build/writer"),
    ],
)
def test_an_answer_by_the_wrong_person_does_not_count_and_says_so(house, by, called, why):
    done(house)
    house.answer(CHECK, "PASSED", by, called=called, **SEEN, notes="Trust me.")
    assert type(house.errors[CHECK]) is AirflowException, "so that Airflow retries it, and it asks anew"
    assert why in house.failures[CHECK]
    said = house.record.newest("check/judge").says
    assert (said.outcome, said.principals, said.judgement, said.evidence) == ("failed", (), None, ())
    house.close("check")
    assert {finding.rule for finding in house.findings("check")} == {"task-failed", "answer-void"}
    assert any(why in finding.text for finding in house.findings("check"))


def test_who_was_not_asked_and_is_known_by_name_may_answer_for_the_one_who_was(house):
    done(house)
    house.answer(CHECK, "PASSED", "4711", called="Judy", **SEEN)
    assert house.record.newest("check/judge").says.principals == ("login:4711", "login:Judy")
    house.close("check")
    assert house.word("check") == "PASSED"


def test_whoever_made_it_or_started_the_run_is_not_even_asked(tmp_path, monkeypatch, shown):
    house = asking(tmp_path / "house", monkeypatch, judge="{human: [tom, willi, judy]}")
    house.run("kickoff")
    done(house)
    assert [user["id"] for user in shown[-1]["assigned_users"]] == ["judy"]
    assert "tom may not answer: tom started the run, and this judges it." in shown[-1]["body"]


def test_where_nobody_may_answer_nobody_is_asked(tmp_path, monkeypatch, shown):
    house = asking(tmp_path / "house", monkeypatch, judge="{human: [Tom, willi]}")
    house.run("kickoff")
    done(house)
    assert len(shown) == 2
    assert "None of those who are asked may answer: Tom: Tom started the run" in house.failures[CHECK]
    assert house.record.newest("check/judge").says.outcome == "failed"


def test_who_started_a_run_may_work_in_it(tmp_path, monkeypatch):
    house = asking(tmp_path / "house", monkeypatch, owner="{human: [tom]}")
    house.run("kickoff", PLAN)
    house.answer(PLAN, DONE, "tom", **{"stories.file": STORIES})
    house.close("plan")
    assert house.word("plan") == "PASSED"


def test_the_gate_believes_no_statement_of_somebody_who_was_not_asked(house, monkeypatch):
    """Whoever has the persona's key, or a bug of ours, could sign one."""
    monkeypatch.setattr("dag_factory.operators.answer._void", lambda *args: "")
    done(house)
    house.answer(CHECK, "PASSED", "eve", **SEEN)
    house.close("check")
    assert [finding.text for finding in house.findings("check")] == [
        "The answer does not count: eve is none of those who may answer: judy, jo."
    ]


def test_the_gate_holds_two_spellings_of_a_login_for_one_person(house, monkeypatch):
    monkeypatch.setattr("dag_factory.operators.answer._void", lambda *args: "")
    done(house)
    house.answer(CHECK, "PASSED", "WILLI", called="judy", **SEEN)
    house.close("check")
    assert "principal-shared" in {finding.rule for finding in house.findings("check")}


def test_nobody_who_worked_is_asked_to_decide_or_approve(house):
    from dag_factory.evidence.policies.consent import partial

    done(house)
    assert partial(house.record, "Willi") == "Willi worked on build/writer"
    assert partial(house.record, "judy") is None
