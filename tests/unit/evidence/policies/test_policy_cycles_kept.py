"""Policy 8, over several cycles: nothing counts as mended that nobody mended, and nothing as looked at that nobody looked at."""

from __future__ import annotations

import pytest
from support.contents import interface
from support.cycles import Cycle, failing, findings_of, given
from support.runs import HonestRun, honest

from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.chain import not_mending
from dag_factory.evidence.policies.merges import work_base
from dag_factory.evidence.reported import Judgement
from dag_factory.evidence.statement import Sealed

TESTER = "validation/test-engineer"
INGEST, MART = (f"implementation/{name}.software-engineer" for name in ("ingest", "daily_mart"))
FOUND = f"check-failed:{TESTER}/check"
FLIPPED = f"validator-flipped:{TESTER}:{FOUND}"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    """Validated, and found wanting by the test-engineer."""
    return failing(honest(tmp_path, worked="validation"))


@pytest.fixture
def cycle(run) -> Cycle:
    return Cycle(run, "validation")


def idle(run: HonestRun, cycle: Cycle) -> None:
    """Everybody who was to mend something changes nothing."""
    cycle.triage()
    same = Sealed(commit=work_base(cycle.case()), tree="e" * 40, bundle=None)
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task, sealed=same)
    cycle.merge(merged=())


def test_a_finding_that_goes_away_one_cycle_later_though_nothing_was_mended_is_a_flip_too(run, cycle):
    run.codes[TESTER, "check"] = 1
    idle(run, cycle)
    assert [item.id for item in cycle.judged().answer().findings] == [FOUND]
    run.codes.clear()
    second = Cycle(run, "validation", 2)
    idle(run, second)
    assert second.judged().told() == [FLIPPED]


def test_a_flip_is_not_forgotten_in_the_cycle_after_it(run, cycle):
    idle(run, cycle)
    assert [item.id for item in cycle.judged().answer().findings] == [FLIPPED]
    second = Cycle(run, "validation", 2)
    idle(run, second)
    assert second.judged().told() == [FLIPPED]


def test_what_was_mended_in_between_lets_a_finding_go(run, cycle):
    run.codes[TESTER, "check"] = 1
    cycle.mended().judged().answer()
    run.codes.clear()
    second = Cycle(run, "validation", 2)
    second.mended()
    assert second.judged().told() == []


def test_a_fixer_who_crashed_mended_nothing(run, cycle):
    cycle.triage()
    for task in (INGEST, MART):
        cycle.mend(task, outcome="failed", exit_code=1, sealed=None)
    cycle.merge(merged=())
    assert FLIPPED in cycle.judged().told()


def test_work_that_was_not_merged_mended_nothing(run, cycle):
    cycle.mended(merged=())
    assert FLIPPED in cycle.judged().told()


def test_a_finding_is_not_mended_because_whoever_found_it_crashed(run, cycle):
    cycle.mended().judged(without=(TESTER,))
    cycle.mend(TESTER, outcome="failed", exit_code=1, evidence=(), checks=())
    assert {FOUND, f"task-failed:{TESTER}"} <= set(cycle.told())
    [crash] = [finding for finding in cycle.answer().findings if finding.rule == "task-failed"]
    given(run, "validation", crash, cycle=1)
    judgement = run.judge("validation", cycle=1)
    assert judgement.word == "FAILED"
    assert FOUND in [finding.id for finding in judgement.findings]
    assert {item.finding: item.now for item in judgement.rechecked}[FOUND] == "open"


def test_it_is_given_to_be_mended_again_in_the_next_cycle(run, cycle):
    cycle.mended().judged(without=(TESTER,))
    cycle.mend(TESTER, outcome="failed", exit_code=1, evidence=(), checks=())
    cycle.answer()
    second = Cycle(run, "validation", 2)
    second.triage()
    assert any(FOUND in order.findings for order in second.case().rounds[-1].triage.says.orders)


def test_a_crash_in_ordinary_work_leaves_nothing_older_to_stand(tmp_path):
    run = honest(tmp_path, worked="validation")
    run.deliver(TESTER, outcome="failed", exit_code=1, evidence=(), checks=())
    run.answer("validation")
    assert [finding.rule for finding in findings_of(run, "validation")] == ["task-failed"]


def test_an_answer_is_not_there_because_whoever_was_to_be_answered_crashed(tmp_path):
    """The sdet owes a test for each error of the interface; where the engineer's fix crashed there is no interface to ask about."""
    run = honest(tmp_path, worked="implementation")
    sdet, engineer = "implementation/ingest.sdet", "implementation/ingest.software-engineer"
    run.contents[sdet, "unit-tests"] = (
        b'<testsuite name="unit" tests="1"><testcase classname="a" name="test_nothing" time="0.1"/></testsuite>'
    )
    run.converge("implementation")
    missing = [finding.id for finding in run.answer("implementation").findings if finding.rule == "answer-missing"]
    assert missing
    cycle = Cycle(run, "implementation")
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task)
    if engineer not in cycle.case().rounds[-1].statements:
        cycle.triage(orders=(*cycle.case().rounds[-1].triage.says.orders, Order(task=engineer, findings=(missing[0],))))
    cycle.mend(engineer, outcome="failed", exit_code=1, sealed=None, evidence=())
    cycle.merge()
    assert set(missing) <= set(cycle.told())


def test_an_older_cycle_mends_nothing_any_more(run, cycle):
    run.codes[TESTER, "check"] = 1
    cycle.mended().judged().answer()
    second = Cycle(run, "validation", 2)
    assert not_mending(second.case()) is None
    assert not_mending(cycle.case()) is None  # its own verdict, which may be given again
    second.mended().judged().answer()
    assert not_mending(cycle.case()) == "The newest verdict is that of cycle 2, and not the one that cycle 1 mends."


@pytest.mark.parametrize("changed", [True, False])
def test_without_a_repository_what_was_mended_is_told_by_the_evidence(run, cycle, changed):
    if changed:
        run.contents[INGEST, "interface"] = interface("ingest") + b"\nAnd it is mended.\n"
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task, base=None, sealed=None)
    cycle.merge(merged=())
    assert (FLIPPED in cycle.judged().told()) is not changed


MANAGER = "validation/product-manager"


def test_a_verdict_in_words_that_turns_round_though_nothing_was_mended_is_a_flip(tmp_path):
    run = honest(tmp_path, worked="validation")
    said = Judgement(verdict="FAILED", grade="attested", by="maria", notes="It is slow.", references=())
    run.deliver(MANAGER, judgement=said)
    assert [finding.id for finding in run.answer("validation").findings] == [f"validation-failed:{MANAGER}"]
    cycle = Cycle(run, "validation")
    idle(run, cycle)
    assert cycle.judged().told() == [f"validator-flipped:{MANAGER}:validation-failed:{MANAGER}"]


@pytest.mark.parametrize("sealed", [True, False])
def test_changed_files_of_the_work_before_still_stand_where_none_was_changed(run, cycle, sealed):
    if not sealed:
        run.deliver(INGEST, sealed=None)
    before = run.record.newest(INGEST).says.evidence
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        more = {"evidence": tuple(entry for entry in before if entry.item != "code")} if order.task == INGEST else {}
        cycle.mend(order.task, **more)
    cycle.merge()
    task = run.contract.tasks[INGEST]
    code, interface_of = (next(item for item in task.items if item.id == name) for name in ("code", "interface"))
    assert cycle.case().entries(task, code) == before
    assert {entry.item for entry in cycle.case().entries(task, interface_of)} == {entry.item for entry in before} - {"code"}
