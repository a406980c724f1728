"""Policy 7, of people: who may do a task, and whose FAILED counts."""

from __future__ import annotations

import pendulum
import pytest
from support.runs import honest, rules, under

from dag_factory.evidence.policies.people import unfit
from dag_factory.evidence.reported import Judgement
from dag_factory.evidence.verify import verify

MANAGER = "validation/product-manager"
ENGINEER = "implementation/ingest.software-engineer"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, through="implementation")


def judged(verdict, notes="", grade="claimed"):
    return Judgement(verdict=verdict, grade=grade, by="somebody", notes=notes, references=())


@pytest.mark.parametrize("grade", ["claimed", "attested"])
def test_a_verdict_of_failed_counts_whoever_gave_it(run, grade):
    run.work("validation")
    run.deliver(MANAGER, judgement=judged("FAILED", "Story ING-1 is\n\nnot told.", grade))
    [finding] = [finding for finding in run.judge("validation").findings if finding.task == MANAGER]
    assert (finding.rule, finding.text) == ("validation-failed", "somebody gave the verdict FAILED: Story ING-1 is not told.")


def test_a_verdict_of_passed_adds_nothing_and_takes_nothing_away(run):
    run.work("validation")
    run.deliver(MANAGER, judgement=judged("PASSED"))
    assert run.judge("validation").word == "PASSED"
    run.deliver(MANAGER, judgement=judged("PASSED"), evidence=())
    assert run.judge("validation").word == "FAILED"


@pytest.mark.parametrize("login", ["maria", " Maria ", "MARIA"])
def test_nobody_works_under_two_personas(run, login):
    run.deliver(ENGINEER, principals=("login:maria",))
    tasks = run.contract.tasks
    assert (
        unfit(run.record, tasks[MANAGER], login) == f"{login} worked as @software-engineer on {ENGINEER}, and nobody works under two names"
    )
    assert unfit(run.record, tasks[MANAGER], "4711", login)
    assert unfit(run.record, tasks[ENGINEER], login) is None, "the same persona may work again"


def test_who_started_a_run_does_not_judge_it_and_may_work_in_it(run):
    run.kickoff(previous=run.record.charter.digest, triggered_by="Tom")
    tasks = run.contract.tasks
    assert unfit(run.record, tasks[MANAGER], "tom") == "tom started the run, and this judges it"
    assert unfit(run.record, tasks[MANAGER], "4711", "tom") == "4711 started the run, and this judges it"
    assert unfit(run.record, tasks["foundation/product-manager"], "tom") is None
    assert unfit(run.record, tasks[MANAGER], "  ") == "nobody is known to have answered"


def test_who_delivered_nothing_has_answered_nothing(run):
    run.work("validation", without=(MANAGER,))
    assert rules(run.judge("validation")) == {"statement-missing"}


# What a person answered, as the gate sees it.


def answers(run, task=MANAGER, triggered_by="", **changes):
    """What the gate says against the answer of a person who was asked."""
    if triggered_by:
        run.kickoff(previous=run.record.charter.digest, triggered_by=triggered_by)
        run.through("implementation")

    def human(contract):
        for found in (found for phase in contract["phases"] for found in phase["tasks"] if found["id"] == task):
            found |= {"runner": "human", "people": ["Maria", "erin"]}

    phase = run.contract.tasks[task].phase
    run.work(phase, without=(task,))
    run.deliver(task, **{"runner": "human", "principals": ("login:maria",), "judgement": by("maria")} | changes)
    judgement = verify(under(run, human), phase, run.store.blob, pendulum.now("UTC"))
    return [finding.text.removeprefix("The answer does not count: ") for finding in judgement.findings if finding.rule == "answer-void"]


def by(login, grade="attested"):
    return Judgement(verdict="PASSED", grade=grade, by=login, notes="", references=())


@pytest.mark.parametrize("who", ["maria", "MARIA ", "erin"])
def test_the_answer_of_who_was_asked_counts(run, who):
    assert answers(run, principals=(f"login:{who}",), judgement=by(who)) == []


def test_one_of_several_who_answered_is_enough(run):
    assert answers(run, principals=("login:tom", "login:erin"), judgement=by("erin")) == []


@pytest.mark.parametrize(
    ("principals", "who"),
    [
        (("login:tom",), "tom"),
        ((), "nobody who is known"),
        (("agent:maria",), "nobody who is known"),
        (("login:tom", "login:ann"), "ann, tom"),
    ],
)
def test_the_answer_of_anybody_else_is_void(run, principals, who):
    assert answers(run, principals=principals) == [f"{who} is none of those who may answer: Maria, erin."]


def test_who_started_the_run_cannot_answer_for_it(run):
    assert answers(run, triggered_by="Maria") == ["Maria started the run, and this judges it."]


def test_who_started_the_run_may_do_what_judges_nothing(tmp_path):
    run = honest(tmp_path)
    run.kickoff(previous=run.record.charter.digest, triggered_by="maria")
    assert answers(run, "foundation/product-manager", judgement=None) == []


@pytest.mark.parametrize("judgement", [None, by("maria", "claimed"), by("tom")])
def test_who_judges_says_so_in_a_verdict_of_their_own(run, judgement):
    assert answers(run, judgement=judgement) == ["it has no verdict by who answered."]


def test_a_long_reason_is_cut_and_none_is_told(run):
    run.work("validation")
    for notes, told in ((" ".join(["no"] * 300), 500), ("", len("no reason was given."))):
        run.deliver(MANAGER, judgement=judged("FAILED", notes))
        [finding] = [finding for finding in run.judge("validation").findings if finding.task == MANAGER]
        assert len(finding.text) == len("somebody gave the verdict FAILED: ") + told


@pytest.mark.parametrize(
    ("verdict", "grade", "void"), [("PASSED", "attested", True), ("PASSED", "claimed", False), ("FAILED", "attested", False)]
)
def test_a_pass_that_is_said_to_be_attested_where_no_person_was_asked_is_void(tmp_path, verdict, grade, void):
    run = honest(tmp_path, worked="validation")
    run.deliver(MANAGER, judgement=judged(verdict, grade=grade))
    said = [finding.text for finding in run.judge("validation").findings if finding.rule == "answer-void"]
    assert said == (["The answer does not count: it is said to be attested by somebody, and no person was asked."] if void else [])
