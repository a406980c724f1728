"""Policy 4: every check that was due was run, and ended well."""

from __future__ import annotations

from types import SimpleNamespace

import pendulum
import pytest
from support.runs import honest, rules, under

from dag_factory.evidence.contract import CheckContract, Item, TaskContract
from dag_factory.evidence.policies.checks import succeeded
from dag_factory.evidence.statement import CheckResult
from dag_factory.evidence.verify import verify

TESTER = "validation/test-engineer"
WRITER = "validation/documentation-writer"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="validation")


def results(run, **changes):
    return tuple(item.model_copy(update=changes) for item in run.results(run.contract.tasks[TESTER], "seal"))


def judged(run, task=TESTER, **changes):
    run.deliver(task, **changes)
    run.converge("validation")
    return run.judge("validation")


def told(judgement, rule):
    return [finding.text for finding in judgement.findings if finding.rule == rule]


def test_checks_that_ended_well_are_no_finding(run):
    assert judged(run).word == "PASSED"


@pytest.mark.parametrize("code", [1, 2, 5, 127, -9, 256])
def test_a_check_that_failed(run, code):
    judgement = judged(run, checks=results(run, exit_code=code, excerpt="one\n2 failed, 3 passed  \n\n"))
    assert told(judgement, "check-failed") == [f"The check failed (exit code {code}): 2 failed, 3 passed"]


@pytest.mark.parametrize("ended", ["timeout", "signal 9", "stopped"])
def test_a_check_that_did_not_end_by_itself(run, ended):
    judgement = judged(run, checks=results(run, exit_code=None, ended=ended, excerpt=""))
    assert told(judgement, "check-failed") == [f"The check failed ({ended}): it printed nothing"]


@pytest.mark.parametrize("first", [0, 1])
def test_of_a_check_that_was_run_twice_the_failed_one_counts(run, first):
    both = (*results(run), *results(run, exit_code=1, excerpt="it broke"))
    assert told(judged(run, checks=both[first:] + both[:first]), "check-failed") == ["The check failed (exit code 1): it broke"]


@pytest.mark.parametrize("more", ["", "=====\n", "make: *** [Makefile:3: e2e] Error 2\n", "make[1]: Leaving directory '/x'\n-- __ --\n"])
def test_the_last_words_are_those_that_tell_something(run, more):
    judgement = judged(run, checks=results(run, exit_code=2, excerpt=f"one\nno route to the shop\n{more}"))
    assert told(judgement, "check-failed") == ["The check failed (exit code 2): no route to the shop"]


@pytest.mark.parametrize("said", ["=====", "make: *** [Makefile:3: e2e] Error 2"])
def test_what_tells_nothing_is_better_than_no_word(run, said):
    judgement = judged(run, checks=results(run, exit_code=2, excerpt=said))
    assert told(judgement, "check-failed") == [f"The check failed (exit code 2): {said}"]


def test_a_check_that_was_not_run(run):
    assert told(judged(run, checks=()), "check-missing") == ["The check was not run."]


def test_a_check_of_another_name_is_not_the_one_that_was_due(run):
    assert "check-missing" in rules(judged(run, checks=results(run, name="chec")))


def test_a_check_run_for_another_task_is_not_this_ones(run):
    assert "check-missing" in rules(judged(run, checks=results(run, task="validation/security-engineer")))


def test_a_check_named_by_evidence_is_due_as_well(run):
    assert "The check documentation was not run." in told(judged(run, WRITER, checks=()), "check-missing")


def test_last_words_are_short(run):
    text = told(judged(run, checks=results(run, exit_code=1, excerpt="x" * 4000)), "check-failed")[0]
    assert len(text) < 400


def test_checks_of_the_merge_are_looked_for_in_the_merge(tmp_path):
    run = honest(tmp_path, worked="implementation")
    sdet = run.contract.tasks["implementation/ingest.sdet"]
    others = tuple(item for item in run.record.converged("implementation").says.checks if item.task != sdet.id)
    run.converge("implementation", checks=others)
    assert {finding.subject for finding in run.judge("implementation").findings if finding.rule == "check-missing"} == {
        f"{sdet.id}/unit",
        f"{sdet.id}/integration",
        f"{sdet.id}/hollow",
        f"{sdet.id}/able-to-fail",  # the item whose evidence is that check
    }


def test_a_task_that_failed_is_not_blamed_for_its_checks_too(run):
    judgement = judged(run, outcome="failed", exit_code=1, checks=(), evidence=())
    assert rules(judgement) == {"task-failed"}


# Beside a language model's word.


def judging(runner, *, validates=("build/one",), ran="", code=0, faults=(), worked=True, more=()):
    """What is found where a task of this runner judges another, and a check `ran` beside it; the plan knows none but `verify`."""
    item = Item(id="verdict", kind="json", report="verdict.json")
    task = TaskContract(
        id="judge/two", phase="judge", task="two", persona="critic", duty="review", runner=runner, items=(item, *more), validates=validates,
        checks=(CheckContract(name="verify", run="make", at="seal", timeout=60),) if ran == "verify" else (),
    )  # fmt: skip
    result = CheckResult(
        task=task.id, name=ran, exit_code=code, ended="exited", log="0" * 64, excerpt="", seconds="1.000", network="none", why_open=""
    )
    case = SimpleNamespace(
        tasks=(task,), worked=lambda _: object() if worked else None, results=lambda _: (result,) if ran else (),
        examine=lambda _, item: SimpleNamespace(faults=faults if item.id == "verdict" else ()),
        finding=lambda rule, task, text, subject="": (rule, task.id, text),
    )  # fmt: skip
    return [found[0] for found in succeeded(case)]


@pytest.mark.parametrize("runner", ["agent", "llm"])
def test_a_models_passed_alone_counts_for_nothing(runner):
    assert judging(runner) == ["passed-unchecked"]
    assert judging(runner, ran="verify") == []


@pytest.mark.parametrize("runner", ["human", "command", "python", "external"])
def test_others_are_asked_for_their_evidence_alone(runner):
    assert judging(runner) == []


def test_who_judges_nobody_has_nothing_to_be_believed():
    assert judging("llm", validates=()) == []


def test_a_models_failed_needs_no_check(run):
    assert judging("llm", faults=("it says FAILED",)) == []
    assert judging("llm", worked=False) == []


def test_a_model_that_finds_one_of_two_wanting_has_said_failed():
    sound = Item(id="sound", kind="json", report="sound.json")
    assert judging("llm", faults=("it says FAILED",), more=(sound,)) == []
    assert judging("llm", more=(sound,)) == ["passed-unchecked"]


def test_another_check_does_not_stand_for_one_that_was_not_run(run):
    assert told(judged(run, checks=results(run, name="another")), "check-missing") == ["The check was not run."]


def test_each_check_that_is_due_is_looked_for_by_its_name(run):
    def one_more(contract):
        for task in (task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == TESTER):
            task["checks"] = (*task["checks"], {"name": "second", "run": "make second"})

    judgement = verify(under(run, one_more), "validation", run.store.blob, pendulum.now("UTC"))
    assert told(judgement, "check-missing") == ["The check second was not run."]


def test_of_two_that_failed_the_first_is_told(run):
    both = (*results(run, exit_code=1, excerpt="first"), *results(run, exit_code=2, excerpt="second"))
    assert told(judged(run, checks=both), "check-failed") == ["The check failed (exit code 1): first"]


@pytest.mark.parametrize(("said", "last"), [("====\n\n", "===="), ("x" * 400, "x" * 300)])
def test_the_last_words_are_no_blank_line_and_at_most_300_signs(run, said, last):
    assert told(judged(run, checks=results(run, exit_code=1, excerpt=said)), "check-failed") == [f"The check failed (exit code 1): {last}"]


# What nobody asked for.


@pytest.mark.parametrize("code", [1, None])
def test_a_failing_check_that_nobody_planned_has_failed_all_the_same(run, code):
    more = tuple(one.model_copy(update={"name": "made-up", "exit_code": code, "ended": "over-limit"}) for one in results(run))
    [text] = told(judged(run, checks=(*results(run), *more)), "check-failed")
    assert text.startswith(f"The check made-up failed ({'exit code 1' if code else 'over-limit'})")


def test_a_good_one_that_nobody_planned_says_nothing(run):
    more = tuple(one.model_copy(update={"name": "made-up"}) for one in results(run))
    assert judged(run, checks=(*results(run), *more)).word == "PASSED"


def test_a_check_that_did_not_end_by_itself_has_no_exit_code_to_believe(run):
    assert told(judged(run, checks=results(run, exit_code=0, ended="timed-out")), "check-failed") == ["The check failed (timed-out): ran"]


def test_beside_a_models_word_only_a_check_of_the_plan_counts():
    assert judging("llm", ran="made-up") == ["passed-unchecked"]
    assert judging("llm", ran="made-up", code=1) == ["check-failed", "passed-unchecked"]
