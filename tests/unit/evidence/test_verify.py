"""The gate's judgement as a whole: honest runs pass, missing work does not, both checklists are answered item by item."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import failing, given
from support.orders import SPEC
from support.runs import HonestRun, honest, place, rules

from dag_factory.evidence.statement import Refusal
from dag_factory.evidence.verify import verify, verify_run

PHASES = ("foundation", "implementation", "validation", "integration")


def holds(judgement):
    return {answer.id: answer.holds for answer in judgement.answers}


def test_an_honest_run_passes_every_gate(tmp_path):
    run = HonestRun(tmp_path).through("integration")
    assert [run.record.verdict(phase).says.phasegate.word for phase in PHASES] == ["PASSED"] * 4
    judgements, answers, findings = verify_run(run.record, run.store.blob, pendulum.now("UTC"))
    assert not findings
    assert len(answers) == 9
    assert all(answer.holds for answer in answers)
    assert len(judgements) == 4


def test_the_same_input_gives_the_same_judgement(tmp_path):
    run, moment = HonestRun(tmp_path).before("implementation"), pendulum.now("UTC")
    run.work("implementation", without=("implementation/ingest.sdet",))
    assert verify(run.record, "implementation", run.store.blob, moment) == verify(run.record, "implementation", run.store.blob, moment)


@pytest.mark.parametrize("phase", PHASES)
def test_every_task_must_deliver(tmp_path, phase):
    run = HonestRun(tmp_path).before(phase)
    for task in run.contract.phase(phase).tasks[1:]:
        run.deliver(task.id)
    run.converge(phase)
    judgement = run.judge(phase)
    missing = run.contract.phase(phase).tasks[0].id
    assert judgement.word == "FAILED"
    assert ("statement-missing", missing) in {(finding.rule, finding.task) for finding in judgement.findings}


def test_nothing_at_all_is_not_a_pass(tmp_path):
    judgement = HonestRun(tmp_path).judge("foundation")
    assert judgement.word == "FAILED"
    assert not holds(judgement)["evidence-verified"]


def test_a_failed_persona_is_told_once(tmp_path):
    run = HonestRun(tmp_path)
    run.work("foundation", without=("foundation/architect",))
    run.deliver("foundation/architect", outcome="failed", exit_code=3, excerpt="no pencil", evidence=(), checks=(), sealed=None)
    run.converge("foundation")
    judgement = run.judge("foundation")
    assert rules(judgement) == {"task-failed"}
    assert "no pencil" in judgement.findings[0].text


def test_the_newest_attempt_counts(tmp_path):
    run = HonestRun(tmp_path)
    run.deliver("foundation/architect", outcome="failed", exit_code=3, evidence=(), checks=(), sealed=None)
    run.work("foundation")
    assert run.judge("foundation").word == "PASSED"


def test_a_refusal_of_the_seal_is_a_finding(tmp_path):
    run = HonestRun(tmp_path)
    run.work("foundation", without=("foundation/architect",))
    refusal = Refusal(rule="workspace-symlink", path="x", text="x is a symbolic link.")
    run.deliver("foundation/architect", refusals=(refusal,), sealed=None)
    run.converge("foundation")
    assert "workspace-symlink" in rules(run.judge("foundation"))


# one way to make each question false, and the questions that then cannot hold either, because they ask for it too
QUESTIONS = {
    "architect-complete": ("foundation", lambda run: run.work("foundation", without=("foundation/architect",)), {"evidence-verified"}),
    "ux-designer-complete": ("foundation", lambda run: run.work("foundation", without=("foundation/ux-designer",)), {"evidence-verified"}),
    "evidence-verified": ("foundation", lambda run: run.work("foundation", without=("foundation/product-manager",)), set()),
    "experience-validated": (
        "validation",
        lambda run: run.work("validation", without=("validation/product-manager",)),
        {"evidence-verified"},
    ),
    "technically-validated": (
        "validation",
        lambda run: run.work("validation", without=("validation/test-engineer",)),
        {"evidence-verified"},
    ),
    "compatible": (
        "integration",
        lambda run: run.work("integration", without=("integration/integration-engineer",)),
        {"evidence-verified"},
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_can_be_false_by_itself(tmp_path, question):
    phase, spoil, implied = QUESTIONS[question]
    run = HonestRun(tmp_path).before(phase)
    spoil(run)
    judgement = run.judge(phase)
    assert judgement.word == "FAILED"
    assert {name for name, answer in holds(judgement).items() if not answer} == {question} | implied


def test_one_persona_per_task_is_false_when_another_signs(tmp_path):
    run = HonestRun(tmp_path)
    run.work("foundation", without=("foundation/product-manager",))
    run.deliver("foundation/product-manager", persona="architect and product-manager")
    run.converge("foundation")
    judgement = run.judge("foundation")
    assert rules(judgement) == {"persona-mismatch"}
    assert {name for name, answer in holds(judgement).items() if not answer} == {"one-persona-per-task"}


def test_nobody_validated_their_own_work_is_false_when_one_principal_did_both(tmp_path):
    run = HonestRun(tmp_path).before("validation")
    run.principals["validation/documentation-writer"] = ("script:sha256:software-engineer-implementation",)
    run.work("validation")
    judgement = run.judge("validation")
    assert rules(judgement) == {"principal-shared"}
    assert {name for name, answer in holds(judgement).items() if not answer} == {"nobody-validated-own-work"}


def test_validators_differ_is_false_when_the_plan_itself_mixes_them(tmp_path, monkeypatch):
    # The linter refuses such a plan; a plan that got past it is still caught at the first gate.
    monkeypatch.setattr("dag_factory.plan.compile.PLAN_RULES", ())
    text = SPEC.replace("test-engineer: {check: make e2e}", "test-engineer: {command: python engineer.py, verify: make e2e}")
    run = HonestRun(tmp_path, text=text)
    run.work("foundation")
    judgement = run.judge("foundation")
    assert judgement.word == "FAILED"
    assert {finding.id for finding in judgement.findings} == {"checklist-unanswered:validators-differ"}
    assert {name for name, answer in holds(judgement).items() if not answer} == {"validators-differ"}


def test_waiting_is_only_for_external_tasks_and_only_in_time(tmp_path):
    text = SPEC.replace("ux-designer: {command: python ux.py}", "ux-designer: {external: true, timeout: 2h}")
    run = HonestRun(tmp_path, text=text)
    run.work("foundation", without=("foundation/ux-designer",))
    assert run.judge("foundation", may_wait=True).word == "INCONCLUSIVE"
    assert run.judge("foundation").word == "FAILED"
    late = verify(run.record, "foundation", run.store.blob, pendulum.now("UTC").add(hours=3), may_wait=True)
    assert late.word == "FAILED"
    run.deliver("foundation/ux-designer", runner="external")
    run.converge("foundation")
    assert run.judge("foundation", may_wait=True).word == "PASSED"


def test_what_fails_already_does_not_wait(tmp_path):
    text = SPEC.replace("ux-designer: {command: python ux.py}", "ux-designer: {external: true, timeout: 2h}")
    run = HonestRun(tmp_path, text=text)
    run.work("foundation", without=("foundation/ux-designer", "foundation/architect"))
    assert run.judge("foundation", may_wait=True).word == "FAILED"


def test_each_gate_answers_the_questions_that_are_due_at_it(tmp_path):
    run = honest(tmp_path, through="integration")
    for phase in run.contract.phases:
        due = [question.id for question in run.contract.questions if phase.id in question.due]
        assert [answer.id for answer in run.judge(phase.id).answers] == due
    assert len({answer.id for phase in run.contract.phases for answer in run.judge(phase.id).answers}) > 5


def test_what_is_let_pass_leaves_a_question_open_and_stops_no_gate(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    given(run, "validation")
    judgement = run.judge("validation")
    assert (judgement.word, judgement.findings) == ("PASSED_WITH_WAIVER", ())
    left = [answer for answer in judgement.answers if not answer.holds]
    assert left
    assert all(answer.waived for answer in left)


# A whole run again.


def told(run):
    """What is found in a whole run that is judged again."""
    *_, findings = verify_run(run.record, run.store.blob, pendulum.now("UTC"))
    return [finding.id for finding in findings]


def test_a_phase_that_nobody_has_signed_is_not_passed_however_good_its_work(tmp_path):
    assert told(honest(tmp_path, worked="integration")) == ["verdict-missing:integration"]


def test_a_signed_failed_stands_until_the_gate_is_asked_again(tmp_path):
    run = failing(honest(tmp_path, worked="integration"), "integration/integration-engineer")
    run.deliver("integration/integration-engineer")
    assert told(run) == ["verdict-failed:integration"]
    assert run.answer("integration").word == "PASSED"
    assert told(run) == []


def test_a_signed_passed_of_which_the_work_is_gone_is_as_good_as_none(tmp_path):
    run = honest(tmp_path, through="integration")
    place(run, "statements/integration/integration-engineer").unlink()
    assert told(run)[0] == "verdict-missing:integration"
    assert "statement-missing:integration/integration-engineer" in told(run)
