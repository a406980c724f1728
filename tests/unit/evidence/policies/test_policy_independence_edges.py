"""Policy 7 at its edges: who worked at any time, under any spelling; and what its families of rules are."""

from __future__ import annotations

import pendulum
import pytest
from support.cycles import Cycle, failing
from support.runs import honest, under

from dag_factory.evidence.policies.independence import INDEPENDENCE, ONE_PERSONA
from dag_factory.evidence.verify import verify

SECURITY, TESTER = "validation/security-engineer", "validation/test-engineer"
INGEST = "implementation/ingest.software-engineer"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="validation")


def about(judgement, rule):
    return [finding.id for finding in judgement.findings if finding.rule == rule]


def test_the_families_by_which_checklists_are_answered():
    assert {"validator-implements", "key-shared", "principal-shared"} == INDEPENDENCE
    assert {"persona-mismatch"} == ONE_PERSONA


def test_a_plan_that_has_one_persona_judge_itself_is_found_before_anybody_signs_otherwise(run):
    def same(contract):
        task = next(task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == TESTER)
        task["persona"] = "software-engineer"

    judgement = verify(under(run, same), "validation", run.store.blob, pendulum.now("UTC"))
    assert f"validator-implements:{TESTER}:{INGEST}" in about(judgement, "validator-implements")


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
