"""Which work counts: the ordinary work, then each fix cycle over it, as long as it mends the newest verdict."""

from __future__ import annotations

import pytest
from support.cycles import Cycle, failing
from support.runs import HonestRun, honest

from dag_factory.evidence.rounds import merges_of, reopened, rounds_of, statement_of, telling_merge

TESTER = "validation/test-engineer"
INGEST, SDET = "implementation/ingest.software-engineer", "implementation/ingest.sdet"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    return failing(honest(tmp_path, worked="validation"))


def counted(run, cycle=None):
    return [one.cycle for one in rounds_of(run.record, "validation", cycle)]


def twice(run) -> HonestRun:
    """Two fix cycles, of which the first mended nothing."""
    run.codes[TESTER, "check"] = 1
    Cycle(run, "validation").mended().judged().answer()
    run.codes.clear()
    Cycle(run, "validation", 2).mended().judged().answer()
    return run


def test_without_a_fix_phase_there_is_no_round(run):
    assert counted(run) == counted(run, 0) == counted(run, 1) == []


def test_rounds_count_up_to_the_cycle_of_the_newest_verdict(run):
    Cycle(run, "validation").mended().judged()
    assert counted(run) == [], "its gate has not answered"
    assert counted(run, 1) == [1]
    Cycle(run, "validation").answer()
    assert counted(run) == [1]
    assert counted(run, 0) == []


def test_two_rounds(run):
    twice(run)
    assert counted(run) == [1, 2]
    assert counted(run, 1) == [1]


def test_where_a_gate_was_asked_again_what_was_mended_for_its_older_verdict_counts_no_more(run):
    twice(run)
    run.answer("validation", cycle=1)
    assert counted(run, 2) == [1], "the second round mended an older verdict"
    run.answer("validation", cycle=0)
    assert counted(run, 2) == []


def test_the_statement_that_counts_is_the_newest_that_counts(run):
    task = run.contract.tasks[INGEST]
    first = run.record.newest(INGEST)
    twice(run)
    for cycle in (1, 2):
        stored = statement_of(run.record, "validation", cycle, task)
        assert (stored.says.binding.phase, stored.says.binding.cycle, stored.says.binding.task) == ("validation", cycle, INGEST)
    assert statement_of(run.record, "validation", 0, task) == first
    assert statement_of(run.record, "implementation", None, task) == first, "its own phase was judged on what it was"


def test_a_later_phase_sees_what_was_mended_before_it(run):
    twice(run)
    task = run.contract.tasks[INGEST]
    assert statement_of(run.record, "integration", 0, task) == statement_of(run.record, "validation", 2, task)


def test_who_was_given_nothing_counts_with_the_ordinary_work(run):
    twice(run)
    assert statement_of(run.record, "validation", 2, run.contract.tasks[SDET]) == run.record.newest(SDET)


def test_merges_stand_each_on_the_one_before(run):
    twice(run)
    found = [merge.says for merge in merges_of(run.record, "validation", 2)]
    assert [(said.binding.cycle, said.binding.task) for said in found] == [
        (0, "converge"), (1, "converge"), (1, "join"), (2, "converge"), (2, "join"),
    ]  # fmt: skip
    assert [said.base for said in found[1:]] == [said.sealed.commit for said in found[:-1]]
    assert len(merges_of(run.record, "validation", 1)) == 3
    assert len(merges_of(run.record, "validation", 0)) == 1


def test_a_merge_made_again_takes_the_place_of_the_older_one(run):
    Cycle(run, "validation").mended().judged()
    Cycle(run, "validation").merge("join")
    assert len(merges_of(run.record, "validation", 1)) == 3
    assert merges_of(run.record, "validation", 1)[-1] == run.record.converges["validation"][-1]


def test_tests_are_told_by_the_newest_merge_that_ran_them(run):
    task = run.contract.tasks[SDET]
    assert telling_merge(run.record, "validation", 0, task) == run.record.converged("implementation")
    Cycle(run, "validation").mended().judged()
    told = telling_merge(run.record, "validation", 1, task)
    assert (told.says.binding.phase, told.says.binding.cycle, told.says.binding.task) == ("validation", 1, "converge")
    assert telling_merge(run.record, "validation", 1, run.contract.tasks[TESTER]) is None, "its check ran on no merge"


def test_whoever_is_in_a_phase_something_was_mended_of_is_judged_once_more(run):
    assert reopened(run.record, "validation", 0) == ()
    Cycle(run, "validation").mended()
    assert [task.id for task in reopened(run.record, "validation", 1)] == [task.id for task in run.contract.phase("implementation").tasks]


def test_what_is_mended_in_its_own_phase_reopens_no_other(tmp_path):
    run = honest(tmp_path, worked="foundation")
    run.contents["foundation/architect", "architecture"] = None
    run.work("foundation")
    run.answer("foundation")
    run.contents.clear()
    Cycle(run, "foundation").mended()
    assert reopened(run.record, "foundation", 1) == ()
