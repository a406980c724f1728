"""What a run waits for, at every moment of its life."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import Cycle, case_of, failing
from support.orders import EXTERNAL, SPEC
from support.runs import honest
from support.telling import decided, failed, mended, waived

from dag_factory.evidence.policies.consent import asked_of
from dag_factory.evidence.waiting import asked_again, stands_at, waits_for

DECIDE = SPEC + "fix: {max_cycles: 0, extra_cycles: 1, decide: [erin]}\n"
APPROVE = SPEC + "phases: {foundation: {gate: {approval: {people: [erin, frank], need: 2}}}}\n"
UX = "foundation/ux-designer"


def told(run, *, after=0):
    return [waited.says for waited in waits_for(run.record, pendulum.now("UTC").add(days=after))]


def of(run, *, after=0):
    return [waited.of for waited in waits_for(run.record, pendulum.now("UTC").add(days=after))]


def test_for_everybody_of_the_first_phase(tmp_path):
    run = honest(tmp_path)
    assert of(run) == ["foundation/architect", UX, "foundation/product-manager"]
    assert told(run)[0] == "@architect delivers its evidence: foundation/architect"


def test_for_the_gate_when_all_have_delivered(tmp_path):
    assert of(honest(tmp_path, worked="foundation")) == ["foundation.gate"]


def test_for_somebody_outside(tmp_path):
    run = honest(tmp_path, text=EXTERNAL)
    run.work("foundation", without=(UX,))
    assert of(run) == ["phasegate submit"]
    assert told(run) == [f"@ux-designer brings from outside its evidence: {UX}"]
    assert told(run, after=1) == [f"@ux-designer brings from outside its evidence: {UX}; its time is over"]


def test_for_people_who_are_asked_in_airflow(tmp_path):
    run = honest(tmp_path, text=EXTERNAL.replace("external: true", "human: [uli, ute]"))
    run.work("foundation", without=(UX,))
    assert of(run) == [UX]
    assert told(run) == [f"@ux-designer answers in Airflow with its evidence: {UX}; asked are uli, ute"]


def test_for_the_next_phase_after_a_gate(tmp_path):
    run = honest(tmp_path, through="foundation")
    assert all(name.startswith("implementation/") for name in of(run))


def test_for_nothing_when_all_is_passed(tmp_path):
    run = honest(tmp_path, through="integration")
    assert told(run) == []
    assert stands_at(run.record, pendulum.now("UTC")) is None


def test_for_approvals_and_then_for_the_gate(tmp_path):
    run = honest(tmp_path, worked="foundation", text=APPROVE)
    assert told(run) == ["2 of 2 approvals, asked are erin, frank"]
    decided(run, "approve", phase="foundation")
    assert told(run) == ["2 of 2 approvals, asked are erin, frank"], "it was about something else"
    decided(run, "approve", phase="foundation", asked=asked_of(case_of(run, "foundation")))
    assert told(run) == ["1 of 2 approvals, asked are erin, frank"]
    decided(run, "refuse", by="frank", phase="foundation")
    assert of(run) == ["foundation.gate"], "who refuses is heard at once"


def test_for_a_triage_after_a_gate_failed(tmp_path):
    assert told(failed(tmp_path)) == ["fix cycle 1 begins: triage says who mends what"]


def test_for_the_gate_after_a_waiver(tmp_path):
    run = failed(tmp_path)
    number = waived(run)
    assert of(run) == ["validation.gate"]
    assert number in told(run)[0]
    assert run.answer("validation").word == "PASSED_WITH_WAIVER"
    assert of(run)[0].startswith("integration/")
    assert "A waiver of phase" in told(run, after=30)[0], "it ran out"


@pytest.mark.parametrize(("more", "task"), [("", "validation.gate"), ("approval: {people: [frank]}", "validation.evidence")])
def test_what_is_to_be_cleared_after_a_waiver_is_what_the_command_names(tmp_path, more, task):
    run = failed(tmp_path, text=SPEC + f"phases: {{validation: {{gate: {{{more}}}}}}}\n")
    waived(run)
    [says] = told(run)
    assert says.endswith(f"clear {task} in Airflow, with what comes after it")
    assert asked_again(run.contract.phase("validation"), 2) == task.replace("validation", "validation.fix_2")
    if more:
        return
    run.answer("validation")
    assert told(run, after=30)[0].endswith(f"Clear {task} in Airflow, with what comes after it"), "it ran out"


def test_for_no_gate_after_a_waiver_that_counts_no_more(tmp_path):
    run = failed(tmp_path, text=DECIDE)
    waived(run)
    assert of(run) == ["validation.gate"]
    assert of(run, after=30) == ["decide"], "it ran out before the gate was asked"
    decided(run, "stop")
    assert of(run) == [], "whoever decides has taken it back"


def test_for_a_person_and_what_they_decide(tmp_path):
    run = failed(tmp_path, text=DECIDE)
    assert told(run) == ["a person decides in Airflow: waive, one more cycle or stop; asked are erin"]
    decided(run, "cycle")
    assert of(run) == ["validation.fix_1.triage"]


def test_for_nothing_after_somebody_stopped_it(tmp_path):
    run = failed(tmp_path, text=DECIDE)
    decided(run, "void", by="", reason="Nobody answered in time.")
    assert told(run) == []
    decided(run, "stop")
    assert told(run) == []


def test_for_nothing_where_nobody_mends_and_nobody_decides(tmp_path):
    assert told(failed(tmp_path, text=SPEC + "fix: {max_cycles: 0}\n")) == []


def test_for_the_gate_where_work_was_done_again_after_its_verdict(tmp_path):
    run = honest(tmp_path, through="foundation")
    run.deliver(UX)
    assert of(run) == ["foundation.gate"]
    assert "was done again" in told(run)[0]


def test_for_work_that_is_to_be_done_again_after_a_gate_was_asked_again(tmp_path):
    run = honest(tmp_path, worked="implementation")
    assert of(run) == ["implementation.gate"]
    run.answer("foundation")
    assert of(run) == [task.id for task in run.contract.phase("implementation").tasks], "theirs follows an older verdict"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield mended(tmp_path_factory.mktemp("waiting") / "house", patch)


def test_through_a_fix_cycle(house):
    house.run("check.fix_1.triage")
    assert of(house) == ["build/two.maker", "check/judge", "check/writer"]
    assert told(house)[:2] == [
        "@maker delivers what it mends in fix cycle 1: build/two.maker",
        "@judge delivers its judgement in fix cycle 1: check/judge",
    ]
    house.mend("check")
    assert of(house) == ["check/judge", "check/writer"]
    house.run("check.fix_1.converge", "check.fix_1.judge", "check.fix_1.writer", "check.fix_1.join")
    assert of(house) == ["check.fix_1.gate"]
    house.run("check.fix_1.gate")
    assert of(house) == ["ship/packer"]
    house.run("check.gate")
    assert of(house) == ["check.fix_1.triage"]
    house.run("check.fix_1.triage")
    assert of(house) == ["build/two.maker", "check/judge", "check/writer"], "what was done for the older verdict is done again"
    house.run("check.gate", "check.fix_1.gate")
    assert of(house) == ["check.fix_2.triage"], "the gate has answered, and no cycle counts"


def test_where_the_phase_before_was_judged_again_all_work_is_done_again(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.answer("foundation")
    assert of(run) == ["implementation.gate"]
    assert told(run)[0].endswith("Clear implementation.open in Airflow, with what comes after it")


def test_where_work_was_done_again_it_is_merged_first(tmp_path):
    run = honest(tmp_path, through="foundation")
    run.deliver(UX)
    assert told(run)[0].endswith("Clear foundation.converge in Airflow, with what comes after it")


@pytest.mark.parametrize(
    ("done", "task"), [("implementation/daily_mart.software-engineer", "converge"), ("validation/security-engineer", "gate")]
)
def test_where_something_of_a_fix_cycle_was_done_again(tmp_path, done, task):
    run = failing(honest(tmp_path, worked="validation"))
    cycle = Cycle(run, "validation").mended().judged()
    assert cycle.answer().word == "PASSED"
    cycle.mend(done)
    assert told(run)[0].endswith(f"Clear validation.fix_1.{task} in Airflow, with what comes after it")


def test_for_approvals_and_then_for_the_gate_after_a_waiver_in_airflow(tmp_path):
    run = failed(tmp_path, text=DECIDE + "phases: {validation: {gate: {approval: {people: [frank]}}}}\n")
    decided(run, "waive")
    number = waived(run)
    assert told(run) == ["1 of 1 approvals, asked are frank"]
    decided(run, "approve", by="frank", asked=asked_of(case_of(run, "validation")))
    assert told(run) == [f"the gate is asked again and counts {number}"]
    assert of(run) == ["validation.waived_1"]
