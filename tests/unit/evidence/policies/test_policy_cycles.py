"""Policy 8: what was found is given to somebody, delivered, and judged again by all who validate; nothing goes away by itself."""

from __future__ import annotations

import pytest
from support.cycles import Cycle, case_of, failing, given
from support.junit import case, suite
from support.runs import HonestRun, honest, place, resign, rules

from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.cycles import mended, rechecked
from dag_factory.evidence.statement import Sealed
from dag_factory.evidence.verdict import Recheck

TESTER, WRITER = "validation/test-engineer", "validation/documentation-writer"
INGEST, MART = (f"implementation/{name}.software-engineer" for name in ("ingest", "daily_mart"))
FOUND = f"check-failed:{TESTER}/check"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    """Validated, and found wanting by the test-engineer."""
    return failing(honest(tmp_path, worked="validation"))


@pytest.fixture
def cycle(run) -> Cycle:
    return Cycle(run, "validation")


def unchanged(run) -> Sealed:
    """What is sealed where nothing was changed."""
    merged = run.record.converged("validation").says.sealed
    return Sealed(commit=merged.commit, tree=merged.tree, bundle=None)


def test_an_honest_fix_phase_passes_and_says_what_became_of_what_was_found(cycle):
    judgement = cycle.mended().judged().answer()
    assert (judgement.word, judgement.findings, judgement.cycle) == ("PASSED", (), 1)
    assert judgement.rechecked == (Recheck(finding=FOUND, cycle=0, now="mended"),)
    assert cycle.run.record.verdict("validation").says.phasegate.rechecked == judgement.rechecked


def test_ordinary_work_has_no_cycle_to_miss(tmp_path):
    case = case_of(honest(tmp_path, worked="validation"), "validation", 0)
    assert list(mended(case)) == []
    assert rechecked(case, set(), set()) == ()


def test_a_gate_without_a_triage(cycle):
    assert set(cycle.told()) == {FOUND, "triage-missing:validation:1"}


def test_an_order_without_a_statement(cycle):
    cycle.mended(without=(MART,)).judged()
    assert cycle.told() == [f"statement-missing:{MART}"]
    assert "delivered nothing" in cycle.ask().findings[0].text


@pytest.mark.parametrize("task", [TESTER, "validation/security-engineer", WRITER])
def test_a_validator_who_was_not_asked_again(cycle, task):
    cycle.mended().judged(without=(task,))
    assert f"validation-stale:{task}" in cycle.told()
    assert rules(cycle.ask()) <= {"validation-stale", "check-failed"}
    cycle.mend(task)
    cycle.merge("join")
    assert cycle.told() == []


def test_a_validators_judgement_from_before_is_none_about_what_was_mended(cycle):
    """Its newest statement is a PASSED, and of the cycle before."""
    cycle.mended().judged(without=("validation/security-engineer",))
    [finding] = cycle.ask().findings
    assert (finding.rule, finding.task) == ("validation-stale", "validation/security-engineer")


# What the triage says.


def test_a_triage_that_passes_over_a_finding(cycle):
    cycle.triage(orders=(Order(task=INGEST, findings=("tests-failed:else",)),))
    cycle.mend(INGEST)
    cycle.merge()
    [missing] = cycle.judged().ask().findings
    assert (missing.rule, missing.text) == (
        "triage-missing",
        f"The triage of fix cycle 1 gives {FOUND} to nobody, and does not say that it was left over.",
    )


@pytest.mark.parametrize("stranger", ["foundation/architect", "integration/devops", TESTER, "validation/nobody", "../../charters"])
def test_a_triage_that_gives_work_to_a_stranger(cycle, stranger):
    cycle.triage(orders=(Order(task=INGEST, findings=(FOUND,)), Order(task=stranger, findings=(FOUND,))))
    cycle.mend(INGEST)
    cycle.merge()
    found = [finding.text for finding in cycle.judged().ask().findings if finding.rule == "triage-missing"]
    assert found == [f"The triage of fix cycle 1 gives work to {stranger}, who may not have any."]


def test_a_triage_that_does_both_says_both(cycle):
    cycle.triage(orders=tuple(Order(task=f"stranger/{number}", findings=()) for number in range(7)))
    cycle.merge()
    [text] = [finding.text for finding in cycle.judged().ask().findings if finding.rule == "triage-missing"]
    strangers = ", ".join(f"stranger/{number}" for number in range(5))
    assert text == (
        f"The triage of fix cycle 1 gives {FOUND} to nobody, and does not say that it was left over, and gives work to {strangers} and 2 more, "
        "who may not have any."
    )


@pytest.mark.parametrize("place_of", ["left", "unowned"])
def test_what_nobody_was_given_is_named_and_found_again(run, cycle, place_of):
    run.codes[TESTER, "check"] = 1
    cycle.triage(orders=(), **{place_of: (FOUND,)})
    cycle.merge()
    assert cycle.judged().told() == [FOUND]
    assert cycle.ask().rechecked == (Recheck(finding=FOUND, cycle=0, now="open"),)


def test_a_triage_that_is_not_phasegates_own_is_none(run, cycle):
    cycle.mended().judged()
    resign(run, place(run, "triages/validation"), lambda payload: None, signer="software-engineer")
    assert {"statement-invalid", "triage-missing"} <= rules(cycle.ask())


def test_the_newest_triage_counts(cycle):
    cycle.triage(orders=(), unowned=(FOUND,))
    cycle.mended().judged()
    assert cycle.told() == []
    cycle.triage(orders=())
    assert "triage-missing:validation:1" in cycle.told()


# A validator that changes its mind.


def test_a_finding_that_goes_away_though_nothing_was_mended(run, cycle):
    cycle.triage()
    for task in (INGEST, MART):
        cycle.mend(task, sealed=unchanged(run), base=unchanged(run).commit)
    cycle.merge()
    assert cycle.judged().told() == [f"validator-flipped:{TESTER}:{FOUND}"]
    assert "nothing was mended" in cycle.ask().findings[0].text


@pytest.mark.parametrize("again", [True, False])
def test_a_test_that_needed_a_second_try_is_not_mended_by_trying_again(tmp_path, again):
    run = honest(tmp_path, worked="validation")
    run.contents[TESTER, "end-to-end"] = suite(case("a", "<flakyFailure/>", time="0.1")).encode()
    run.deliver(TESTER)
    [found] = [finding.id for finding in run.answer("validation").findings]
    if not again:
        run.contents.clear()
    cycle = Cycle(run, "validation")
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task, sealed=unchanged(run), base=unchanged(run).commit)
    cycle.merge()
    told = [name for name in cycle.judged().told() if "dropped" not in name]
    assert told == [found if again else f"validator-flipped:{TESTER}:{found}"]


def test_a_finding_that_stays_where_nothing_was_mended_is_no_flip(run, cycle):
    run.codes[TESTER, "check"] = 1
    cycle.triage()
    for task in (INGEST, MART):
        cycle.mend(task, sealed=unchanged(run), base=unchanged(run).commit)
    cycle.merge()
    assert cycle.judged().told() == [FOUND]


def test_one_that_changed_something_is_enough(run, cycle):
    cycle.triage()
    cycle.mend(INGEST, sealed=unchanged(run), base=unchanged(run).commit)
    cycle.mend(MART)
    cycle.merge()
    assert cycle.judged().told() == []


def test_evidence_that_was_missing_and_is_there_is_no_flip(tmp_path):
    """Only judgements flip: a report that a validator forgot may be brought without anything being mended."""
    run = honest(tmp_path, worked="validation")
    run.contents[TESTER, "full-suite"] = None
    run.deliver(TESTER)
    assert [finding.rule for finding in run.answer("validation").findings] == ["evidence-missing"]
    run.contents.clear()
    cycle = Cycle(run, "validation")
    cycle.triage()
    assert cycle.case().rounds[-1].triage.says.orders == ()
    cycle.merge()
    assert cycle.judged().told() == []


# Rounds that count no more.


def test_what_was_mended_for_an_older_verdict_counts_no_more(run, cycle):
    cycle.mended().judged()
    assert cycle.told() == []
    run.answer("validation", cycle=0)
    assert "triage-missing:validation:1" in cycle.told()
    cycle.mended().judged()
    assert cycle.told() == []


def test_a_second_cycle_mends_what_the_first_left(run, cycle):
    run.codes[TESTER, "check"] = 1
    cycle.mended().judged()
    assert [finding.id for finding in cycle.answer().findings] == [FOUND]
    run.codes.clear()
    second = Cycle(run, "validation", 2).mended().judged()
    judgement = second.answer()
    assert judgement.word == "PASSED", judgement.findings
    assert judgement.rechecked == (Recheck(finding=FOUND, cycle=0, now="mended"),), "told once, since when"


def test_what_was_found_in_nobodys_work_does_not_stand_for_want_of_somebody_to_look(run, cycle):
    run.codes[TESTER, "check"] = 1
    cycle.triage(orders=(Order(task=INGEST, findings=(FOUND,)), Order(task="foundation/architect", findings=(FOUND,))))
    cycle.mend(INGEST)
    cycle.merge()
    assert {(finding.id, finding.task) for finding in cycle.judged().answer().findings} == {
        (FOUND, TESTER), ("triage-missing:validation:1", ""), ("statement-missing:foundation/architect", "foundation/architect"),
    }  # fmt: skip
    run.codes.clear()
    assert Cycle(run, "validation", 2).mended().judged().told() == []


def test_what_was_let_pass_in_the_end_is_told_as_that(run, cycle):
    run.codes[TESTER, "check"] = 1
    cycle.mended().judged().answer()
    given(run, "validation", cycle=1)
    judgement = cycle.ask()
    assert (judgement.word, judgement.rechecked) == ("PASSED_WITH_WAIVER", (Recheck(finding=FOUND, cycle=0, now="waived"),))


def test_a_fix_that_breaks_something_else_is_found_by_its_own_name(run, cycle):
    run.codes["validation/security-engineer", "check"] = 1
    judgement = cycle.mended().judged().answer()
    assert [finding.id for finding in judgement.findings] == ["check-failed:validation/security-engineer/check"]
    assert [item.now for item in judgement.rechecked] == ["mended"]


def test_nobodys_second_cycle_without_the_first(run, cycle):
    second = Cycle(run, "validation", 2)
    run.codes[TESTER, "check"] = 1
    cycle.mended().judged().answer()
    run.codes.clear()
    second.mended().judged()
    place(run, "triages/validation").unlink()
    found = second.ask()
    assert "triage-missing" in rules(found)
    assert found.word == "FAILED"
