"""Policy 1: a phase is open only after a signed PASSED that rests on the newest work, under the newest charter."""

from __future__ import annotations

import shutil

import pendulum
import pytest
from support.runs import honest, place, resign, rules

from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import chained, not_mending, not_open
from dag_factory.evidence.verify import verify_run

BROKEN = {"outcome": "failed", "exit_code": 1, "evidence": (), "checks": (), "sealed": None}


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, through="foundation")


def case_of(run, phase="implementation"):
    return Case(run.record, phase, run.store.blob, pendulum.now("UTC"))


def why(run, phase="implementation"):
    return not_open(case_of(run, phase))


def test_the_first_phase_is_open(tmp_path):
    assert why(honest(tmp_path), "foundation") is None


def test_a_passed_phase_opens_the_next_and_no_other(run):
    assert why(run) is None
    assert "no signed verdict" in why(run, "validation")
    assert list(chained(case_of(run))) == []


def test_a_gate_that_was_marked_opens_nothing(tmp_path):
    run = honest(tmp_path, worked="foundation")
    assert why(run) == "Phase Foundation has no signed verdict under the newest charter; a gate marked by hand opens nothing."
    finding = next(iter(chained(case_of(run))))
    assert (finding.rule, finding.subject, finding.task) == ("phase-not-open", "implementation", "")


def test_a_failed_verdict_opens_nothing(tmp_path):
    run = honest(tmp_path)
    run.work("foundation", without=("foundation/architect",))
    assert run.answer("foundation").word == "FAILED"
    assert why(run) == "The newest verdict on phase Foundation is FAILED."


def test_work_done_again_after_the_verdict_closes_the_phase(run):
    run.deliver("foundation/architect")
    assert "was done again, or taken away, after its verdict" in why(run)
    run.converge("foundation")
    assert "done again" in why(run)
    run.work("implementation")
    assert "phase-not-open" in rules(run.judge("implementation"))


def test_the_gate_asked_again_opens_it_again(run):
    run.work("foundation")
    assert why(run) is not None
    run.answer("foundation")
    assert why(run) is None


def test_work_done_again_in_an_early_phase_closes_all_that_follow(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.work("foundation")
    assert "Work of phase Foundation was done again" in why(run, "validation")
    assert {finding.rule for finding in chained(case_of(run, "validation"))} == {"phase-not-open"}


def test_a_verdict_given_after_an_older_one_opens_nothing(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.work("foundation")
    run.answer("foundation")
    assert why(run) is None
    assert why(run, "validation").startswith("Phase Foundation has a newer verdict than the one that phase Implementation was judged after")
    run.work("implementation")
    run.answer("implementation")
    assert why(run, "validation") is None


def test_a_merge_made_again_closes_the_phase(run):
    run.converge("foundation")
    assert "done again" in why(run)


@pytest.mark.parametrize("folder", ["statements/foundation/architect", "statements/foundation/converge"])
def test_work_taken_away_after_the_verdict_closes_the_phase(run, folder):
    place(run, folder).unlink()
    assert "taken away" in why(run)


def test_a_failed_attempt_after_the_verdict_closes_the_phase(run):
    run.deliver("foundation/ux-designer", **BROKEN)
    assert "done again" in why(run)


def test_the_verdict_of_another_phase_in_its_place(tmp_path):
    run = honest(tmp_path, through="implementation")
    path = place(run, "verdicts/implementation")
    shutil.copy(place(run, "verdicts/foundation"), path)
    assert why(run, "validation") == "The newest verdict on phase Implementation is of another run, plan or phase."


@pytest.mark.parametrize("name", ["charter", "plan", "phase"])
def test_a_verdict_bound_to_something_else(run, name):
    def change(payload):
        bound = payload["predicate"]["phasegate"]["binding"]
        bound[name] = "integration" if name == "phase" else "f" * 64

    resign(run, place(run, "verdicts/foundation"), change, signer=AUTHORITY)
    assert "is of another run, plan or phase" in why(run)


def test_a_verdict_whose_words_disagree(run):
    resign(
        run, place(run, "verdicts/foundation"), lambda payload: payload["predicate"].update(verificationResult="FAILED"), signer=AUTHORITY
    )
    assert why(run) is not None


def test_a_verdict_that_passes_in_spite_of_its_findings(run):
    finding = {"rule": "tests-failed", "subject": "x", "text": "x", "task": ""}
    resign(
        run,
        place(run, "verdicts/foundation"),
        lambda payload: payload["predicate"]["phasegate"].update(findings=[finding]),
        signer=AUTHORITY,
    )
    assert why(run) is not None


def test_a_verdict_that_rests_on_nothing(run):
    resign(run, place(run, "verdicts/foundation"), lambda payload: payload["predicate"].update(inputAttestations=[]), signer=AUTHORITY)
    assert why(run) is not None


def wrong_at_the_end(run):
    found = verify_run(run.record, run.store.blob, pendulum.now("UTC"))[2]
    return {(finding.rule, finding.subject) for finding in found}


def test_the_end_asks_for_the_last_verdict_too(tmp_path):
    run = honest(tmp_path, through="integration")
    assert wrong_at_the_end(run) == set()
    place(run, "verdicts/integration").unlink()
    assert wrong_at_the_end(run) == {("verdict-missing", "integration")}


def test_the_end_takes_no_verdict_of_another_phase_for_the_last(tmp_path):
    run = honest(tmp_path, through="integration")
    shutil.copy(place(run, "verdicts/foundation"), place(run, "verdicts/integration"))
    assert wrong_at_the_end(run) == {("verdict-missing", "integration")}


def test_the_end_takes_no_verdict_on_older_work(tmp_path):
    run = honest(tmp_path, through="integration")
    run.work("integration")
    assert wrong_at_the_end(run) == {("verdict-missing", "integration")}


def test_the_end_takes_no_verdict_that_was_given_after_an_older_one(tmp_path):
    run = honest(tmp_path, through="integration")
    run.work("foundation")
    run.answer("foundation")
    assert ("verdict-missing", "implementation") in wrong_at_the_end(run)
    assert ("verdict-missing", "foundation") not in wrong_at_the_end(run)


def test_the_end_takes_no_failed_verdict(tmp_path):
    run = honest(tmp_path, through="validation")
    run.work("integration", without=("integration/devops",))
    run.answer("integration")
    run.work("integration")
    assert ("verdict-failed", "integration") in wrong_at_the_end(run)


# What a fix cycle may mend.


def failed(tmp_path):
    run = honest(tmp_path)
    run.work("foundation", without=("foundation/architect",))
    assert run.answer("foundation").word == "FAILED"
    return run


def why_not(run, cycle):
    return not_mending(Case(run.record, "foundation", run.store.blob, pendulum.now("UTC"), cycle))


def test_a_cycle_mends_the_failed_verdict_before_it(tmp_path):
    run = failed(tmp_path)
    assert why_not(run, 1) is None
    assert why_not(run, 2) == "The gate of cycle 1 has no signed verdict."


def test_a_broken_verdict_after_the_failed_one_is_none_to_mend(tmp_path):
    run = failed(tmp_path)
    place(run, "verdicts/foundation", 2).write_bytes(b"{}")
    assert why_not(run, 1) == "The gate of cycle 0 has no signed verdict."


def test_what_passed_is_not_mended(run):
    assert why_not(run, 1) == "The verdict of cycle 0 is PASSED: there is nothing to mend."
