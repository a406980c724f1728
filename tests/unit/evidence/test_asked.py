"""What is asked of a task now: ordinary work, a fix cycle, or nothing."""

from __future__ import annotations

import pendulum
import pytest
from support.orders import EXTERNAL
from support.runs import honest

from dag_factory.errors import EvidenceError
from dag_factory.evidence.asked import asked_now
from dag_factory.evidence.decisions import Order, Triage
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import binding_of
from dag_factory.evidence.statement import now, sign

UX, STORIES = "foundation/ux-designer", "foundation/product-manager"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, text=EXTERNAL)


def ask(run, task=UX):
    return asked_now(run.record, run.contract.tasks[task], pendulum.now("UTC"))


def triage(run, *tasks, phase="foundation", cycle=1):
    record = run.record
    verdict = record.verdict_in(phase, cycle - 1)
    orders = tuple(Order(task=task, findings=(f"evidence-missing:{task}/it",)) for task in tasks)
    said = Triage(
        binding=binding_of(record, phase, "triage", cycle, cycle=cycle), orders=orders, again=(), left=(), unowned=(), written_at=now()
    )
    digest = {"verdict": {"sha256": verdict.digest}}
    run.store.append(f"{record.charter.digest[:16]}/triages/{phase}", sign(said, digest, run.keys.signer(AUTHORITY)))


def failed(run):
    run.work("foundation", without=(UX,))
    assert run.answer("foundation").word == "FAILED"
    return run


def test_first_its_ordinary_work_is_asked_for(run):
    assert ask(run) == ("foundation", 0)


def test_after_a_failed_gate_still_until_a_triage_says_otherwise(run):
    assert ask(failed(run)) == ("foundation", 0)


def test_the_newest_fix_cycle_that_asks_it(run):
    triage(failed(run), UX)
    assert ask(run) == ("foundation", 1)


def test_a_cycle_that_gives_it_nothing_asks_nothing(run):
    triage(failed(run), STORIES)
    with pytest.raises(EvidenceError, match=r"Nothing is asked of foundation/ux-designer in fix cycle 1 of phase foundation.*status"):
        ask(run)


def test_a_cycle_about_an_older_verdict_asks_nothing(run):
    triage(failed(run), STORIES)
    run.answer("foundation")
    assert ask(run) == ("foundation", 0)


def test_what_was_passed_is_closed(tmp_path):
    run = honest(
        tmp_path, through="foundation", text=EXTERNAL.replace("ux-designer: {external: true, timeout: 2h}", "ux-designer: {command: x}")
    )
    with pytest.raises(EvidenceError, match=r"The gate of phase foundation has answered already: PASSED\."):
        ask(run)


def test_what_was_done_again_after_its_verdict_is_open(tmp_path):
    run = honest(tmp_path, through="foundation")
    run.deliver(UX)
    assert ask(run) == ("foundation", 0)


def test_a_fix_cycle_of_a_later_phase_asks_those_whose_work_is_reopened(tmp_path):
    run = honest(tmp_path, through="implementation")
    maker = next(name for name in run.contract.tasks if name.endswith("software-engineer"))
    run.work("validation", without=("validation/test-engineer",))
    run.answer("validation")
    triage(run, maker, phase="validation")
    assert ask(run, maker) == ("validation", 1)


def test_a_whole_run_that_passed_asks_nothing_of_anybody(tmp_path):
    run = honest(tmp_path, through="integration")
    for task in run.contract.tasks:
        with pytest.raises(EvidenceError, match="has answered already: PASSED"):
            ask(run, task)
