"""Policy 7 at its edges: who worked at any time, under any spelling; and which question of the checklists it answers."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import Cycle, failing
from support.runs import honest, under

from dag_factory.evidence.verify import verify

SECURITY, TESTER = "validation/security-engineer", "validation/test-engineer"
INGEST = "implementation/ingest.software-engineer"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="validation")


def about(judgement, rule):
    return [finding.id for finding in judgement.findings if finding.rule == rule]


def unanswered(judgement):
    return {answer.id for answer in judgement.answers if not answer.holds}


def one_key(run):
    (run.keys.path / "ux-designer.pem").write_bytes((run.keys.path / "architect.pem").read_bytes())
    run.kickoff(previous=run.record.charter.digest)
    run.work("foundation")


def one_session(run):
    run.principals |= {"foundation/architect": ("agent:session-1",), "foundation/ux-designer": ("agent:session-1",)}
    run.work("foundation")


def another_persona(run):
    run.work("foundation")
    run.deliver("foundation/architect", persona="ux-designer")
    run.converge("foundation")


@pytest.mark.parametrize(
    ("spoilt", "rule", "question"),
    [
        (one_key, "key-shared", "nobody-validated-own-work"),
        (one_session, "principal-shared", "nobody-validated-own-work"),
        (another_persona, "persona-mismatch", "one-persona-per-task"),
    ],
)
def test_each_is_answered_by_its_own_question_and_the_evidence_is_there_all_the_same(tmp_path, spoilt, rule, question):
    run = honest(tmp_path)
    spoilt(run)
    judgement = run.judge("foundation")
    assert {finding.rule for finding in judgement.findings} == {rule}
    assert {question} <= unanswered(judgement) <= {question, "architect-complete", "ux-designer-complete"}


def test_a_plan_that_has_one_persona_judge_itself_is_found_before_anybody_signs_otherwise(run):
    def same(contract):
        task = next(task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == TESTER)
        task["persona"] = "software-engineer"

    judgement = verify(under(run, same), "validation", run.store.blob, pendulum.now("UTC"))
    assert f"validator-implements:{TESTER}:{INGEST}" in about(judgement, "validator-implements")
    assert "nobody-validated-own-work" in unanswered(judgement)
    assert "evidence-verified" not in unanswered(judgement)


def test_who_validates_what_was_never_delivered_did_not_do_it_themselves(tmp_path):
    run = honest(tmp_path, through="foundation")
    run.work("implementation", without=(INGEST,))
    run.work("validation")
    assert {finding.rule for finding in run.judge("validation").findings} == {"phase-not-open"}


def test_who_mended_and_judges_is_found(run):
    cycle = Cycle(failing(run), "validation")
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task, principals=("login:ann",))
    cycle.merge()
    cycle.judged(without=(SECURITY,))
    cycle.mend(SECURITY, principals=("login:ann",))
    assert about(cycle.ask(), "principal-shared")


def test_who_made_it_first_and_left_it_to_another_is_remembered(run):
    run.deliver(SECURITY, principals=("login:ann",))
    cycle = Cycle(failing(run), "validation")
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task, principals=("login:ann",))
    cycle.merge()
    cycle.judged()
    assert about(cycle.ask(), "principal-shared")


@pytest.mark.parametrize(
    ("maker", "judge", "shared"),
    [
        ("login:ann", "login:Ann", True),
        ("login:ann", " login:ann ", True),
        ("login:ann", "login: ANN", True),
        ("login:ann", "Login:Ann", True),
        ("login:ann", "login:an\u200bn", True),
        ("login:ann", "log\u00adin:ann\u3164", True),
        ("agent:claude:opus:s7", "agent:claude:opus:S7\u2060", True),
        ("script:sha256:Ann", "script:sha256:ann", True),
        ("login:ann", "login:\u0430nn", False),
        ("login:ann", "script:sha256:login:ann", False),
        ("login:ann", "login:anna", False),
        ("", "", False),
        (" ", "", False),
        ("\u200b", "\u200b", False),
    ],
)
def test_a_principal_is_one_however_it_is_spelt_and_nothing_else_is(tmp_path, maker, judge, shared):
    run = honest(tmp_path, through="foundation")
    run.principals[INGEST] = (maker,)
    run.work("implementation")
    run.answer("implementation")
    run.work("validation")
    run.deliver(SECURITY, principals=(judge,))
    run.converge("validation")
    found = about(run.judge("validation"), "principal-shared")
    assert (f"principal-shared:{SECURITY}:{INGEST}" in found) is shared
