"""Policy 1 at its edges: what a phase rests on where verdicts or waivers are missing, or were given in a fix cycle."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import Cycle, failing, given
from support.runs import honest, place

from dag_factory.evidence.policies.chain import not_closed

NEWER = "has a newer verdict than the one that phase"


def why(run, phase):
    return not_closed(run.record, run.contract.phase(phase), pendulum.now("UTC"))


def without(run, phase, number=1):
    """The run as it is without one of the verdicts on a phase."""
    folder = run.store.path / run.record.charter.digest[:16] / "verdicts" / phase
    sorted(folder.iterdir())[number - 1].unlink()
    return run


@pytest.mark.parametrize("phase", ["foundation", "implementation", "validation"])
def test_a_phase_that_passed_is_closed(tmp_path, phase):
    assert why(honest(tmp_path, through=phase), phase) is None


def test_where_the_verdict_before_is_gone_that_phase_tells_and_not_this_one(tmp_path):
    run = without(honest(tmp_path, through="implementation"), "foundation")
    assert "no signed verdict" in why(run, "foundation")
    assert why(run, "implementation") is None


def test_a_phase_that_passed_in_a_fix_cycle_follows_the_phase_before_by_its_first_verdict(tmp_path):
    run = honest(tmp_path, worked="validation")
    assert Cycle(failing(run), "validation").mended().judged().answer().word == "PASSED"
    assert why(run, "validation") is None


def test_a_fix_cycle_behind_another_verdict_of_the_phase_before_does_not_follow_it(tmp_path):
    run = honest(tmp_path, worked="validation")
    assert Cycle(failing(run), "validation").mended().judged().answer().word == "PASSED"
    run.answer("implementation")
    assert NEWER in (why(run, "validation") or "")


def test_the_gate_of_a_fix_cycle_finds_that_the_phase_before_was_judged_again(tmp_path):
    run = honest(tmp_path, worked="validation")
    assert Cycle(failing(run), "validation").mended().judged().answer().word == "PASSED"
    run.answer("implementation")
    [found] = run.answer("validation", cycle=1).findings
    assert (found.rule, found.subject) == ("phase-not-open", "validation")
    assert NEWER in found.text


def test_a_fix_cycle_without_its_first_verdict_follows_nothing(tmp_path):
    run = honest(tmp_path, worked="validation")
    assert Cycle(failing(run), "validation").mended().judged().answer().word == "PASSED"
    reason = why(without(run, "validation"), "validation")
    assert reason is not None


def test_a_phase_that_passed_with_a_waiver_is_closed_as_long_as_the_waiver_is_there(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    given(run, "validation")
    assert run.answer("validation").word == "PASSED_WITH_WAIVER"
    assert why(run, "validation") is None
    place(run, "waivers/validation").unlink()
    title = run.contract.phase("validation").title
    assert why(run, "validation") == f"A waiver that the verdict on phase {title} rests on is gone."
