"""Policy 7: nobody validated their own work, not by persona, not by key, not by principal."""

from __future__ import annotations

import pytest
from support.cycles import Cycle, failing
from support.runs import honest, rules

from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.independence import planned

TESTER = "validation/test-engineer"
WRITER = "validation/documentation-writer"
ENGINEER = "implementation/ingest.software-engineer"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, through="implementation")


def findings(run, rule, phase="validation"):
    return [finding for finding in run.judge(phase).findings if finding.rule == rule]


def with_keys(run, **same):
    """A run in which personas have the key of another from the beginning."""
    for name, other in same.items():
        (run.keys.path / f"{name.replace('_', '-')}.pem").write_bytes((run.keys.path / f"{other}.pem").read_bytes())
    run.kickoff(previous=run.record.charter.digest)
    return run


def test_an_honest_run_is_independent(run):
    run.work("validation")
    assert run.judge("validation").word == "PASSED"


def test_one_principal_under_two_personas(run):
    run.principals[WRITER] = run.record.newest(ENGINEER).says.principals
    run.work("validation")
    found = findings(run, "principal-shared")
    assert {finding.task for finding in found} == {WRITER}
    assert f"{WRITER}:{ENGINEER}" in {finding.subject for finding in found}
    assert "validated its own work" in found[0].text


def test_one_of_several_principals_is_enough(run):
    run.principals[WRITER] = ("login:maria", *run.record.newest(ENGINEER).says.principals)
    run.work("validation")
    assert findings(run, "principal-shared")


def test_one_principal_who_mended_for_an_older_triage(tmp_path):
    """What they mended counts no more; that they did is not forgotten."""
    cycle = Cycle(failing(honest(tmp_path, worked="validation")), "validation")
    run = cycle.run
    cycle.triage()
    mended, *others = cycle.case().rounds[-1].triage.says.orders
    run.principals |= {mended.task: ("login:lea",), WRITER: ("login:Lea",)}
    cycle.mend(mended.task)
    cycle.triage(orders=tuple(others))
    cycle.merge()
    cycle.judged()
    assert f"principal-shared:{WRITER}:{mended.task}" in cycle.told()


def test_one_session_under_two_personas_that_validate_nothing(tmp_path):
    run = honest(tmp_path)
    run.principals |= {"foundation/architect": ("agent:session-1",), "foundation/ux-designer": ("agent:session-1",)}
    run.work("foundation")
    found = findings(run, "principal-shared", "foundation")
    assert {finding.task for finding in found} == {"foundation/architect", "foundation/ux-designer"}
    assert "One principal worked under two names" in found[0].text


def test_one_persona_may_be_the_same_principal_twice(run):
    run.principals["validation/product-manager"] = run.record.newest("foundation/product-manager").says.principals
    run.work("validation")
    assert not findings(run, "principal-shared")


def test_two_personas_that_sign_with_one_key(tmp_path):
    run = with_keys(honest(tmp_path), ux_designer="architect")
    run.work("foundation")
    found = findings(run, "key-shared", "foundation")
    assert {finding.subject for finding in found} == {"foundation/architect:ux-designer", "foundation/ux-designer:architect"}
    assert rules(run.judge("foundation")) == {"key-shared"}


def test_a_persona_that_signs_with_the_key_of_the_gate(tmp_path):
    run = with_keys(honest(tmp_path), architect=AUTHORITY)
    run.work("foundation")
    found = findings(run, "key-shared", "foundation")
    assert [finding.text for finding in found] == ["@architect signs with Phasegate's own key."]


def test_a_key_copied_after_the_charter_signs_nothing(tmp_path):
    run = honest(tmp_path)
    (run.keys.path / "architect.pem").write_bytes((run.keys.path / "ux-designer.pem").read_bytes())
    run.work("foundation")
    assert "persona-mismatch" in rules(run.judge("foundation"))


def test_the_persona_that_built_it_signs_for_the_validator(run):
    run.work("validation", without=(WRITER,))
    run.deliver(WRITER, persona="software-engineer", signer="software-engineer")
    run.converge("validation")
    assert {"persona-mismatch", "validator-implements"} <= rules(run.judge("validation"))


def test_a_validator_that_delivered_nothing_shares_nothing(run):
    run.work("validation", without=(TESTER,))
    assert rules(run.judge("validation")) == {"statement-missing"}


def test_the_plan_itself_is_held_against_the_rule(run):
    contract = run.contract
    assert list(planned(contract)) == []

    def mixed(**changes):
        tasks = {**contract.tasks, TESTER: contract.tasks[TESTER].model_copy(update=changes)}
        phases = tuple(phase.model_copy(update={"tasks": tuple(tasks[task.id] for task in phase.tasks)}) for phase in contract.phases)
        return list(planned(RunContract(workflow="mixed", phases=phases)))

    assert {made.id for _, made in mixed(persona="software-engineer")} == {ENGINEER, ENGINEER.replace("ingest", "daily_mart")}
    assert {made.id for _, made in mixed(principals=contract.tasks[ENGINEER].principals)} >= {ENGINEER}
    assert mixed(principals=("script:sha256:other",)) == []
