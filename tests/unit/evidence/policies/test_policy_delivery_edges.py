"""Policy 2 at its edges: by how much clocks may differ, who need not stand on a commit, and who must say who worked."""

from __future__ import annotations

import pendulum
import pytest
from support.architect import ARCHITECT, about, begun, judged
from support.cycles import Cycle, failing
from support.orders import EXTERNAL
from support.runs import HonestRun, honest, rules, under

from dag_factory.evidence.decisions import Order
from dag_factory.evidence.record import binding_of
from dag_factory.evidence.statement import Refusal
from dag_factory.evidence.verify import verify

INGEST = "implementation/ingest.software-engineer"
TESTER = "validation/test-engineer"


@pytest.fixture
def run(tmp_path):
    return begun(tmp_path)


# How it ended.


def test_a_program_that_ended_badly_has_failed_whatever_its_statement_says(run):
    assert about(judged(run, exit_code=3), "task-failed") == ["@architect failed (exit code 3): done"]


def test_a_check_that_ended_badly_is_told_by_its_result(tmp_path):
    run = honest(tmp_path, worked="validation")
    task = next(task for task in run.contract.phase("validation").tasks if task.runner == "check")
    run.deliver(task.id, exit_code=3)
    run.converge("validation")
    assert run.judge("validation").findings == ()


def test_every_reason_why_work_was_not_sealed_is_told_as_it_was_given(run):
    given = [("workspace-symlink", "x", "x is a symbolic link."), ("workspace-more", "", "and 3 more reasons")]
    judgement = judged(run, refusals=tuple(Refusal(rule=rule, path=path, text=text) for rule, path, text in given), sealed=None)
    found = {(finding.rule, finding.subject, finding.text) for finding in judgement.findings if finding.task == ARCHITECT}
    assert found >= {(rule, f"{ARCHITECT}:{path}", text) for rule, path, text in given}


# What it is bound to.


def test_another_cycle_is_named(run):
    bound = binding_of(run.record, "foundation", "architect", 1).model_copy(update={"cycle": 1})
    assert (
        about(judged(run, binding=bound), "statement-misbound")[0] == "The statement is of another cycle: it was made for something else."
    )


@pytest.mark.parametrize(("index", "wrong"), [(-2, True), (-1, False), (0, False), (1, False)])
def test_who_mends_may_be_one_of_many(tmp_path, index, wrong):
    run = honest(tmp_path, worked="validation")
    cycle = Cycle(failing(run), "validation")
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        bound = binding_of(run.record, "validation", order.task, 1, cycle=1)
        cycle.mend(order.task, binding=bound.model_copy(update={"map_index": index}))
    cycle.merge()
    texts = about(cycle.judged().ask(), "statement-misbound")
    assert bool(texts) is wrong
    assert all("map_index" in text for text in texts)


def test_what_is_of_something_else_is_told_once(run):
    bound = binding_of(run.record, "foundation", "architect", 1).model_copy(update={"run_id": "manual__2"})
    assert len(about(judged(run, binding=bound, base="f" * 40), "statement-misbound")) == 1


@pytest.mark.parametrize(("phase", "task", "what"), [("foundation", ARCHITECT, "The work"), ("validation", TESTER, "What was judged")])
def test_what_stands_on_another_commit_is_named(tmp_path, phase, task, what):
    run = honest(tmp_path, worked=phase)
    run.deliver(task, base="f" * 40)
    run.converge(phase)
    texts = about(run.judge(phase), "statement-misbound")
    assert texts == [f"{what} stands on {'f' * 40}, and not on the one that was approved."]


def test_who_brings_files_from_outside_stands_on_nothing(tmp_path):
    run = honest(tmp_path, text=EXTERNAL)
    run.work("foundation", without=("foundation/ux-designer",))
    run.deliver("foundation/ux-designer", principals=("login:ann",), base=None, sealed=None)
    run.converge("foundation")
    assert run.judge("foundation").findings == ()


def test_who_failed_need_not_have_begun(run):
    judgement = judged(run, outcome="failed", exit_code=1, base=None, sealed=None, evidence=(), checks=())
    assert "task-failed" in rules(judgement)
    assert "statement-misbound" not in rules(judgement)


# Who did it.


@pytest.mark.parametrize("principals", [(), ("",), ("\u200b",), ("conversation:\u3164",), ("agent:anthropic/model/conversation",)])
@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_a_model_says_which_and_in_which_conversation_where_it_completed(run, principals, outcome):
    run.deliver(ARCHITECT, runner="agent", principals=principals, outcome=outcome)
    run.converge("foundation")

    def modelled(contract):
        next(task for task in contract["phases"][0]["tasks"] if task["id"] == ARCHITECT)["runner"] = "agent"

    judgement = verify(under(run, modelled), "foundation", run.store.blob, pendulum.now("UTC"))
    lacking = outcome == "completed" and not any(principal.endswith("/conversation") for principal in principals)
    assert about(judgement, "principal-missing") == (
        ["Nobody says which model worked for @architect, or in which conversation."] if lacking else []
    )


# When.


@pytest.mark.parametrize(("seconds", "early"), [(300, False), (301, True)])
def test_work_may_begin_five_minutes_before_the_verdict_it_follows(tmp_path, seconds, early):
    run = HonestRun(tmp_path)
    run.kickoff(written_at=pendulum.now("UTC").subtract(hours=2).to_iso8601_string())
    run.through("foundation").work("implementation", without=(INGEST,))
    verified = pendulum.parse(run.record.verdict("foundation").says.time_verified)
    run.deliver(INGEST, started_at=verified.subtract(seconds=seconds).to_iso8601_string())
    run.converge("implementation")
    assert bool(about(run.judge("implementation"), "statement-misdated")) is early


@pytest.mark.parametrize(("seconds", "early"), [(300, False), (301, True)])
def test_work_may_begin_five_minutes_before_the_charter(run, seconds, early):
    opened = pendulum.parse(run.record.charter.says.written_at)
    assert bool(about(judged(run, started_at=opened.subtract(seconds=seconds).to_iso8601_string()), "statement-misdated")) is early


@pytest.mark.parametrize(("seconds", "late"), [(300, False), (301, True)])
def test_work_may_end_five_minutes_from_now(run, seconds, late):
    moment = pendulum.now("UTC").add(minutes=1)
    run.deliver(ARCHITECT, finished_at=moment.add(seconds=seconds).to_iso8601_string())
    run.converge("foundation")
    assert bool(about(run.judge("foundation", now=moment), "statement-misdated")) is late


# Who stands on what, in a phase that mends what others made.


def test_each_stands_on_what_its_own_phase_began_with(tmp_path):
    """Asked to mend in the integration, the engineer has not done so yet: what it made before stands where it did."""
    run = failing(honest(tmp_path, worked="integration"), "integration/integration-engineer")
    cycle = Cycle(run, "integration")
    cycle.triage(orders=(Order(task=INGEST, findings=("check-failed:integration/integration-engineer/check",)),))
    cycle.merge()
    judgement = cycle.ask()
    assert f"statement-missing:{INGEST}" in {finding.id for finding in judgement.findings}
    assert about(judgement, "statement-misbound") == []


def test_who_mends_stands_on_the_merge_and_who_has_nothing_to_mend_where_the_phase_began(tmp_path):
    run = honest(tmp_path, through="foundation")
    run.codes["implementation/ingest.sdet", "unit"] = 1
    run.work("implementation")
    assert run.answer("implementation").word == "FAILED"
    run.codes.clear()
    cycle = Cycle(run, "implementation").mended()
    mended = cycle.case().rounds[-1].statements
    assert INGEST in mended
    assert INGEST.replace("ingest", "daily_mart") not in mended
    assert mended[INGEST][-1].says.base != run.record.newest(INGEST).says.base
    judgement = cycle.judged().ask()
    assert (judgement.word, about(judgement, "statement-misbound")) == ("PASSED", [])
