"""Policy 8: what is merged once more, or is empty, mends nothing; then a validator who finds nothing any more cannot be believed."""

from __future__ import annotations

import pytest
from support.cycles import Cycle, failing
from support.runs import honest, place

from dag_factory.evidence.rounds import JOIN

FLIPPED = "validator-flipped:validation/test-engineer:check-failed:validation/test-engineer/check"


@pytest.fixture
def second(tmp_path):
    """A run whose first fix mended nothing that counts, and whose second was begun."""
    run = failing(honest(tmp_path, worked="validation"))
    first = Cycle(run, "validation").mended()
    run.codes["validation/test-engineer", "check"] = 1
    first.judged()
    assert first.answer().word == "FAILED"
    run.codes.clear()
    cycle = Cycle(run, "validation", 2)
    cycle.triage()
    return cycle


def test_the_commit_of_an_earlier_cycle_mends_nothing(second):
    newest = second.case().rounds[-1]
    earlier = second.run.record.rounds["validation"][0].statements
    for order in newest.triage.says.orders:
        second.mend(order.task, sealed=earlier[order.task][-1].says.sealed)
    second.merge()
    second.judged()
    assert FLIPPED in second.told()


@pytest.mark.parametrize("other", [True, False])
def test_a_new_commit_that_holds_the_same_files_mends_nothing(second, other):
    before = second.run.record.converges["validation"][-1].says.sealed.tree
    for order in second.case().rounds[-1].triage.says.orders:
        second.mend(order.task)
    second.merge()
    merged = second.run.record.converges["validation"][-1].says.sealed
    assert merged.tree != before
    if not other:
        second.merge(sealed=merged.model_copy(update={"tree": before}))
    second.judged()
    assert (FLIPPED in second.told()) != other


def test_what_no_merge_of_its_cycle_holds_mends_nothing(second):
    earlier = second.run.record.rounds["validation"][0].statements
    for order in second.case().rounds[-1].triage.says.orders:
        second.mend(order.task, sealed=earlier[order.task][-1].says.sealed)
    for task in second.case().contract.judges("validation"):
        second.mend(task.id)
    assert FLIPPED in second.told()


def test_a_merge_before_which_there_is_none_holds_other_files(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    place(run, "statements/validation/converge").unlink()
    cycle = Cycle(run, "validation").mended().judged()
    first = cycle.case().merges[0].says
    assert first.binding.cycle == 1
    assert FLIPPED not in cycle.told()
    cycle.merge(JOIN, sealed=first.sealed)  # validators wrote nothing that is kept: the last merge holds what the first does
    assert FLIPPED not in cycle.told()


def test_the_first_fix_is_held_against_what_the_phase_merged(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    before = run.record.converges["validation"][-1].says.sealed.tree
    cycle = Cycle(run, "validation").mended()
    cycle.merge(sealed=run.record.converges["validation"][-1].says.sealed.model_copy(update={"tree": before}))
    assert FLIPPED in cycle.judged().told()
