"""When a gate waits: only while all that speaks against its phase is evidence that somebody outside may still bring."""

from __future__ import annotations

from datetime import timedelta

import pendulum
import pytest
from support.cycles import Cycle
from support.orders import EXTERNAL, SPEC
from support.runs import honest, rules

from dag_factory.evidence.statement import Undone, moment_of
from dag_factory.evidence.verify import verify

UX = "foundation/ux-designer"
APPROVED = SPEC + "phases: {foundation: {gate: {approval: {people: [erin], need: 1}}}}\n"


@pytest.fixture
def cycle(tmp_path):
    """The first fix cycle of a phase in which who is outside brought an empty file, up to where that is to be brought anew."""
    run = honest(tmp_path, text=EXTERNAL)
    run.work("foundation", without=(UX,))
    item = run.contract.tasks[UX].items[0].id
    run.contents[UX, item] = b""
    run.deliver(UX, runner="external", principals=("login:ann",), base=None, sealed=None)
    run.converge("foundation")
    assert {finding.task for finding in run.answer("foundation").findings} == {UX}
    begun = Cycle(run, "foundation")
    begun.triage()
    del run.contents[UX, item]
    return begun


def brought(cycle):
    cycle.mend(UX, runner="external", principals=("login:ann",), base=None, sealed=None)


def test_what_is_to_be_mended_outside_is_waited_for_while_it_is_as_it_was(cycle):
    cycle.merge()
    judgement = cycle.ask(may_wait=True)
    assert "statement-missing" in rules(judgement)
    assert rules(judgement) - {"statement-missing"}, "and what was found before"
    assert judgement.word == "INCONCLUSIVE"
    assert cycle.ask().word == "FAILED"


def test_what_was_not_found_before_is_not_waited_for(cycle):
    cycle.merge(undone=(Undone(task=UX, path="docs/flows.md"),))
    judgement = cycle.ask(may_wait=True)
    assert {"statement-missing", "evidence-undone"} <= rules(judgement)
    assert judgement.word == "FAILED"


def test_what_was_brought_and_is_no_better_is_not_waited_for(cycle):
    run = cycle.run
    run.contents[UX, run.contract.tasks[UX].items[0].id] = b""
    brought(cycle)
    cycle.merge()
    judgement = cycle.ask(may_wait=True)
    assert "statement-missing" not in rules(judgement)
    assert judgement.word == "FAILED"


def test_what_was_brought_is_judged(cycle):
    brought(cycle)
    cycle.merge()
    assert cycle.ask(may_wait=True).word == "PASSED"


def test_people_who_must_agree_may_be_left_out(tmp_path):
    run = honest(tmp_path, text=APPROVED, worked="foundation")
    now = pendulum.now("UTC")
    assert rules(verify(run.record, "foundation", run.store.blob, now)) == {"approval-missing"}
    assert verify(run.record, "foundation", run.store.blob, now, consent=False).word == "PASSED"


@pytest.mark.parametrize(("written", "seconds"), [("", 3 * 3600), (", timeout: 2h", 2 * 3600)])
def test_who_is_outside_is_waited_for_as_long_as_the_gate_where_they_have_no_time_of_their_own(tmp_path, written, seconds):
    text = EXTERNAL.replace(", timeout: 2h", written) + "phases: {foundation: {gate: {timeout: 3h}}}\n"
    run = honest(tmp_path, text=text)
    run.work("foundation", without=(UX,))
    run.converge("foundation")
    opened = moment_of(run.record.charter.says.written_at)
    words = [
        verify(run.record, "foundation", run.store.blob, opened + timedelta(seconds=seconds + more), may_wait=True).word for more in (-1, 1)
    ]
    assert words == ["INCONCLUSIVE", "FAILED"]
