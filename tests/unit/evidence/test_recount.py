"""A run told from its store: words, tasks, who checked whom, times, checklists."""

from __future__ import annotations

import pendulum
import pytest
from support.orders import SPEC
from support.runs import honest, place
from support.telling import FINDING, TESTER, decided, failed, waived

from dag_factory.evidence.recount import account_of


def told(run, *, after=0):
    return account_of(run.record, pendulum.now("UTC").add(days=after))


def phase_of(account, name):
    return next(phase for phase in account.phases if phase.id == name)


def task_of(account, name):
    return next(task for phase in account.phases for task in phase.tasks if task.id == name)


def test_an_honest_run(tmp_path):
    run = honest(tmp_path, through="integration")
    account = told(run)
    assert (account.word, account.waits) == ("PASSED", ())
    assert [phase.word for phase in account.phases] == ["PASSED"] * 4
    assert {item.now for item in account.checklists} == {"holds"}
    assert len(account.checklists) == 9
    assert (account.plan, account.charter, account.keyid) == (run.plan.digest, run.record.charter.digest, run.record.charter.keyid)
    assert all(task.state == "delivered" and task.attempts == 1 for phase in account.phases for task in phase.tasks)


def test_who_made_it_and_who_checked_it(tmp_path):
    run = honest(tmp_path, through="integration")
    task = task_of(told(run), "implementation/ingest.software-engineer")
    assert TESTER in task.checked_by
    assert task.keyid == run.record.keyids["software-engineer"]
    assert task.principals == ("script:sha256:software-engineer-implementation",)
    assert task.statement == run.record.newest(task.id).digest
    assert [(item.item, item.grade) for item in task.evidence] == [("code", "observed"), ("interface", "observed")]
    assert [check.name for check in task_of(told(run), "implementation/ingest.sdet").checks] == ["unit", "integration", "hollow"]


def test_what_has_not_begun(tmp_path):
    account = told(honest(tmp_path, through="foundation"))
    assert account.word == "OPEN"
    phase = phase_of(account, "validation")
    assert (phase.word, phase.opened_at, phase.seconds, phase.doubt) == ("", "", None, "")
    assert {task.state for task in phase.tasks} == {"missing"}
    assert {item.now for item in account.checklists if item.checklist == "before-phase-closes"} == {"open"}
    assert {item.now for item in account.checklists if item.checklist == "before-implementation"} == {"holds"}


def test_times(tmp_path):
    run = honest(tmp_path)
    began = pendulum.parse(run.record.charter.says.written_at)
    task = "foundation/architect"
    run.deliver(task, started_at=began.to_iso8601_string(), finished_at=began.add(seconds=30).to_iso8601_string())
    run.deliver(task, started_at=began.add(seconds=40).to_iso8601_string(), finished_at=began.add(seconds=45).to_iso8601_string())
    found = task_of(told(run), task)
    assert (found.attempts, found.seconds) == (2, 35.0), "all of its attempts"
    phase = phase_of(told(run), "foundation")
    assert (phase.opened_at, phase.seconds) == (run.record.charter.says.written_at, 45.0)


def test_clocks_that_disagree_make_no_time_negative(tmp_path):
    run = honest(tmp_path)
    began = pendulum.parse(run.record.charter.says.written_at)
    run.deliver("foundation/architect", started_at=began.to_iso8601_string(), finished_at=began.subtract(seconds=9).to_iso8601_string())
    assert task_of(told(run), "foundation/architect").seconds == 0.0
    assert phase_of(told(run), "foundation").seconds == 0.0


def test_what_failed(tmp_path):
    account = told(failed(tmp_path))
    phase = phase_of(account, "validation")
    assert (account.word, phase.word, phase.doubt) == ("OPEN", "FAILED", "")
    assert [(story.finding.id, story.now) for story in phase.findings] == [(FINDING, "open")]
    assert {item.id for item in account.checklists if item.now == "fails"} == {"evidence-verified", "technically-validated"}
    assert task_of(account, TESTER).attempts == 2


def test_a_program_that_failed_and_evidence_that_is_missing(tmp_path):
    run = honest(tmp_path)
    run.contents["foundation/architect", "architecture"] = None
    run.deliver("foundation/architect", outcome="failed", exit_code=3)
    task = task_of(told(run), "foundation/architect")
    assert task.state == "failed"
    assert [(item.item, item.name, item.digest) for item in task.evidence] == [("architecture", "", "")]


def test_nothing_comes_any_more(tmp_path):
    assert told(failed(tmp_path, text=SPEC + "fix: {max_cycles: 0}\n")).word == "FAILED"


def test_waivers_through_their_life(tmp_path):
    run = failed(tmp_path)
    number = waived(run)
    [waiver] = phase_of(told(run), "validation").waivers
    assert (waiver.number, waiver.state, waiver.findings, waiver.by) == (number, "not asked yet", (FINDING,), "erin")
    run.answer("validation")
    account = told(run)
    phase = phase_of(account, "validation")
    assert (phase.word, phase.waivers[0].state, phase.findings[0].now) == ("PASSED_WITH_WAIVER", "counts", "waived")
    assert {item.id for item in account.checklists if item.now == "waived"} == {"technically-validated"}
    late = told(run, after=60)
    assert phase_of(late, "validation").waivers[0].state == "ran out"
    assert "ran out" in phase_of(late, "validation").doubt
    assert late.word == "OPEN"


def test_a_waiver_for_other_work_does_not_count(tmp_path):
    run = failed(tmp_path)
    waived(run)
    run.deliver(TESTER)
    assert run.answer("validation").word == "FAILED"
    assert phase_of(told(run), "validation").waivers[0].state == "does not count"


def test_a_whole_run_that_passed_with_a_waiver_is_no_passed_run(tmp_path):
    run = failed(tmp_path)
    waived(run)
    run.answer("validation")
    run.work("integration")
    assert run.answer("integration").word == "PASSED"
    account = told(run)
    assert account.word == "PASSED_WITH_WAIVER"
    assert {item.now for item in account.checklists} == {"holds", "waived"}


def test_decisions_and_those_that_cannot_count(tmp_path):
    run = failed(tmp_path)
    decided(run, "stop")
    run.principals["validation/documentation-writer"] = ("login:mallory",)
    run.deliver("validation/documentation-writer")
    decided(run, "waive", by="mallory", findings=(FINDING,))
    good, bad = phase_of(told(run), "validation").decisions
    assert (good.answer, good.by, good.reason, good.doubt, good.cycle) == ("stop", "erin", "It can wait.", "", 0)
    assert (bad.answer, bad.doubt) == ("waive", "mallory worked on validation/documentation-writer")
    decided(run, "waive", by="7", name="Mallory", findings=(FINDING,))
    assert "7 worked on" in phase_of(told(run), "validation").decisions[-1].doubt, "accounts have names, too"


def test_a_verdict_that_opens_nothing_any_more(tmp_path):
    run = honest(tmp_path, through="integration")
    run.deliver("foundation/architect")
    account = told(run)
    assert account.word == "OPEN"
    assert "was done again" in phase_of(account, "foundation").doubt
    assert {item.now for item in account.checklists if item.id == "architect-complete"} == {"open"}


def test_what_is_no_statement(tmp_path):
    run = honest(tmp_path, worked="foundation")
    place(run, "statements/foundation/architect").write_bytes(b"{}")
    [broken] = phase_of(told(run), "foundation").broken
    assert broken.startswith("architect/0001.json: ")


@pytest.mark.parametrize("asked", ["", "phases: {foundation: {gate: {approval: {people: [erin, frank], need: 2}}}}\n"])
def test_whose_approval_a_gate_asks_for(tmp_path, asked):
    run = honest(tmp_path, text=SPEC + asked)
    assert phase_of(told(run), "foundation").approval == ("2 of erin, frank" if asked else "")
