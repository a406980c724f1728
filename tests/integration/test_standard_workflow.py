"""The standard workflow and the folder it lies in, end to end."""

from __future__ import annotations

import pendulum
import pytest
from support.airflow import RealAirflow, Run
from support.house import git

from dag_factory.evidence.verify import verify_run


def test_a_broken_spec_builds_no_dag_and_harms_no_other(airflow: RealAirflow):
    for name in ("again", "changing", "late", "orders_mart", "outside", "skips", "sleeper", "slow"):
        airflow.until(lambda name=name: airflow.dag_exists(name), 60, lambda name=name: f"the DAG {name} is there")
    assert not airflow.dag_exists("broken")
    assert not airflow.dag_exists("unfounded")
    logs = "".join(path.read_text(encoding="utf-8") for path in (airflow.home.airflow / "logs" / "dag_processor").rglob("*.log"))
    assert "workflows/unfounded.yaml:15:1: foundation-missing: " in logs
    assert "workflows/broken.yaml:4:1: yaml-broken: " in logs


@pytest.mark.flies("orders_mart/standard")
def test_the_standard_workflow_is_a_mission_success(run: Run, airflow: RealAirflow):
    product = airflow.home.product
    main = git("rev-parse", "main", cwd=product)
    assert run.end(400) == "success"
    states, record = run.states, run.record
    phases = [phase.id for phase in record.contract.phases]
    names = {task.replace("/", ".", 1) for task in record.contract.tasks}
    names |= {f"{phase}.{name}" for phase in phases for name in ("open", "converge", "gate")} | {"kickoff", "complete"}
    mending = {task for task in states if ".fix_" in task}
    assert {task: state for task, state in states.items() if task not in mending} == dict.fromkeys(names, "success")
    assert {states[task] for task in mending if not task.endswith(".settled")} == {"skipped"}, "nothing was to be mended"

    assert phases == ["foundation", "implementation", "validation", "integration"]
    assert {phase: run.word(phase) for phase in phases} == dict.fromkeys(phases, "PASSED")
    judgements, answers, findings = verify_run(record, run.store.blob, pendulum.now("UTC"))
    assert findings == ()
    assert [judgement.word for judgement in judgements] == ["PASSED"] * 4
    assert len(answers) == 9
    assert all(answer.holds for answer in answers)

    verdict = record.verdict("integration")
    assert verdict is not None
    assert git("rev-parse", "phasegate/orders_mart/standard", cwd=product) == verdict.says.phasegate.approved
    assert git("rev-parse", "main", cwd=product) == main
    assert git("status", "--porcelain", cwd=product) == ""
