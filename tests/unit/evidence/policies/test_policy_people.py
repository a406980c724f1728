"""Policy 7, of people: who may do a task, and whose FAILED counts."""

from __future__ import annotations

import pytest
from support.runs import honest

from dag_factory.evidence.policies.people import unfit
from dag_factory.evidence.reported import Judgement

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
