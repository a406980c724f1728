"""What became of what was found, told from real fix cycles and from signed records."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.mending import mendable
from support.runs import honest

from dag_factory.evidence.giving import waive
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.story import cycles_of, findings_of
from dag_factory.evidence.verdict import Finding

TESTER = "validation/test-engineer"
JUDGED = "check-failed:check/judge/check"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The judge found what the second maker had made wrong; the first cycle changed nothing that helps, the second mended it."""
    with pytest.MonkeyPatch.context() as patch:
        house = mendable(
            tmp_path_factory.mktemp("story") / "house", patch,
            first="if [ $PHASEGATE_FEATURE = one ]; then echo good > src/one.txt; else echo bad > src/two.txt; fi",
            mend='if grep -q \'"cycle": 2\' "$PHASEGATE_TASK"; then echo good > "src/$PHASEGATE_FEATURE.txt"; fi',
        )  # fmt: skip
        house.run("kickoff")
        for phase in ("plan", "build", "check"):
            house.phase(phase)
        yield house


@pytest.fixture(scope="module")
def story(house):
    """The story after each of four moments."""
    told = [(cycles_of(house.record), findings_of(house.record, "check"))]
    house.run("check.fix_1.triage")
    told.append((cycles_of(house.record), findings_of(house.record, "check")))
    house.fix("check", 1)
    told.append((cycles_of(house.record), findings_of(house.record, "check")))
    house.fix("check", 2)
    told.append((cycles_of(house.record), findings_of(house.record, "check")))
    return told


def test_before_any_cycle_there_is_a_finding_and_it_is_open(story):
    cycles, [finding] = story[0]
    assert cycles == ()
    assert (finding.finding.id, finding.since, finding.now, finding.cycle, finding.by) == (JUDGED, 0, "open", None, ())


def test_a_cycle_whose_gate_has_not_answered_has_ended_nothing(story):
    [cycle] = story[1][0]
    assert (cycle.phase, cycle.cycle, [finding.id for finding in cycle.findings]) == ("check", 1, [JUDGED])
    assert (cycle.mended, cycle.open, cycle.waived, cycle.decision) == ((), (), (), "")
    assert [(order.owner, order.persona, order.findings, order.delivered) for order in cycle.orders] == [
        ("build/two.maker", "maker", (JUDGED,), False)
    ]
    assert [(order.owner, order.delivered) for order in cycle.again] == [("check/judge", False), ("check/writer", False)]


def test_a_cycle_that_mended_nothing_leaves_it_open(story):
    cycles, findings = story[2]
    assert (cycles[0].mended, cycles[0].open) == ((), (JUDGED,))
    assert cycles[0].orders[0].delivered
    assert cycles[0].orders[0].commit is None, "it changed nothing"
    assert {finding.now for finding in findings} == {"open"}


def test_the_cycle_that_mended_it_names_who_and_in_which_commit(house, story):
    cycles, findings = story[3]
    assert [cycle.cycle for cycle in cycles] == [1, 2]
    assert JUDGED in cycles[1].mended
    sealed = house.record.rounds["check"][1].statements["build/two.maker"][-1].says.sealed
    [order] = [order for order in cycles[1].orders if order.owner == "build/two.maker"]
    assert order.commit == sealed.commit
    ended = {story.finding.id: story for story in findings}[JUDGED]
    assert (ended.now, ended.since, ended.cycle) == ("mended", 0, 2)
    assert [(one.owner, one.commit) for one in ended.by] == [("build/two.maker", sealed.commit)]


def test_a_run_without_findings_has_no_story(tmp_path):
    run = honest(tmp_path, through="integration")
    assert cycles_of(run.record) == ()
    assert [findings_of(run.record, phase.id) for phase in run.contract.phases] == [()] * 4


@pytest.fixture
def failed(tmp_path):
    run = honest(tmp_path, worked="validation")
    run.codes[TESTER, "check"] = 1
    run.deliver(TESTER)
    run.answer("validation")
    return run


def test_what_is_waived_is_told_apart_from_what_is_mended(failed):
    from pendulum import now

    from dag_factory.evidence.policies.case import Case

    case = Case(failed.record, "validation", failed.store.blob, now("UTC"), 0)
    verdict = failed.record.verdict("validation").says.phasegate
    number = waive(
        failed.store, case, verdict.findings, reason="Known.", by="erin", until="", signer=failed.keys.signer(AUTHORITY)
    )  # fmt: skip
    assert findings_of(failed.record, "validation")[0].now == "open", "no gate has counted it"
    assert failed.answer("validation").word == "PASSED_WITH_WAIVER"
    [story] = findings_of(failed.record, "validation")
    [used] = failed.record.verdict("validation").says.phasegate.waived
    assert (story.now, story.waiver, story.waived_by, story.until) == ("waived", number, "erin", used.expires_at)
    assert (story.cycle, story.by) == (None, ())


def test_work_that_was_done_again_ends_a_finding_without_anybody_having_been_ordered(failed):
    failed.codes.clear()
    failed.deliver(TESTER)
    assert failed.answer("validation").word == "PASSED"
    [story] = findings_of(failed.record, "validation")
    assert (story.now, story.cycle, story.by, story.since) == ("mended", 0, (), 0)


def test_what_comes_back_is_open_again(failed):
    failed.codes.clear()
    failed.deliver(TESTER)
    failed.answer("validation")
    failed.codes[TESTER, "check"] = 2
    failed.deliver(TESTER)
    failed.answer("validation")
    [story] = findings_of(failed.record, "validation")
    assert (story.now, "exit code 2" in story.finding.text) == ("open", True), "in its newest words"


def test_how_very_many_findings_ended():
    def verdict(cycle: int, findings: tuple[Finding, ...]) -> Any:
        said = SimpleNamespace(findings=findings, waived=(), rechecked=(), binding=SimpleNamespace(cycle=cycle))
        return SimpleNamespace(digest=str(cycle), says=SimpleNamespace(phasegate=said))

    found = tuple(Finding(rule="tests-failed", subject=str(number), text="t") for number in range(20_000))
    record: Any = SimpleNamespace(
        verdicts={"p": [verdict(0, found), verdict(1, found[:10_000]), verdict(2, found[:1])]}, waivers={}, rounds={}
    )
    told = findings_of(record, "p")
    assert [one.now for one in told] == ["open"] + ["mended"] * 19_999
    assert [one.cycle for one in told] == [None] + [2] * 9_999 + [1] * 10_000
    assert findings_of(record, "q") == ()
