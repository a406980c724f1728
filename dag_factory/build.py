"""Plan -> DAG.

::

    kickoff -> for each phase [ open -> tasks -> converge -> gate -> fix phases ] -> complete

What a phase is made of is in `dag_factory.phases`. `open` of a phase follows any gate of the phase before, be it that of a fix phase. `complete` is
`all_done`, and the only leaf: a run is as green as its last word.

A worker needs one task, whose phase alone is built there: all that its tasks hand one another stays within the phase.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow.sdk import DAG, Param, TriggerRule, get_parsing_context

from dag_factory.operators.complete import CompleteOperator
from dag_factory.operators.kickoff import KickoffOperator
from dag_factory.phases import build_phase
from dag_factory.plan import Plan
from dag_factory.telling import of_run

__all__ = ["build_dag"]


def build_dag(plan: Plan, folder: Path) -> DAG:
    """Build the DAG of a plan.

    Parameters
    ----------
    plan: the plan.
    folder: where the spec lies; programs find it as ``$PHASEGATE_SPEC_DIR``.

    Returns
    -------
    The whole DAG; in a worker, which is asked for one task, what is not in a phase and that task's phase.

    """
    shown = plan.presentation
    asked = get_parsing_context()
    task_id = asked.task_id if asked.dag_id == plan.workflow else None
    dag = DAG(
        dag_id=plan.workflow,
        description=plan.mission,
        doc_md=_dag_doc(plan),
        tags={"phasegate", *shown.tags},
        params={name: _param(param) for name, param in plan.params.items()},
        default_args={"owner": shown.owner},
        max_active_runs=plan.max_active_runs,
        dagrun_timeout=timedelta(seconds=plan.timeout) if plan.timeout else None,
        auto_register=False,  # one that breaks while it is built would be registered as far as it got, and run green
        **_when(plan),
        **of_run(plan),
    )
    with dag:
        gates: list[Any] = [KickoffOperator(
            task_id="kickoff", plan=plan, folder=folder, task_display_name="Kickoff",
            doc_md="Freezes the plan and writes the charter: what the run is held to, from which commit, under which keys.",
        )]  # fmt: skip
        ends = list(gates)
        for number, phase in enumerate(plan.contract.phases, start=1):
            if task_id is not None and task_id.partition(".")[0] != phase.id:
                continue
            built = build_phase(plan, folder, phase, number, gates)
            gates = built.gates
            ends += built.ends
            if phase.id in shown.assets:
                ends.append(_passed(plan, folder, phase.id, gates))
        complete = CompleteOperator(
            task_id="complete", plan=plan, folder=folder, trigger_rule=TriggerRule.ALL_DONE, task_display_name="Complete",
            doc_md="Judges every phase again, answers both checklists, and leaves the approved commit as a branch. Fails unless every verdict holds.",
        )  # fmt: skip
        ends >> complete
    return dag


def _passed(plan: Plan, folder: Path, phase: str, gates: list[Any]) -> Any:
    """The task behind any gate of a phase that makes the asset's event. `complete` follows it, so that it is no second leaf."""
    from airflow.sdk import TaskGroup

    from dag_factory.operators.passed import PassedOperator

    group = gates[0].dag.task_group.children[phase]
    assert isinstance(group, TaskGroup)  # noqa: S101 # `build_phase` made it
    passed = PassedOperator(
        task_id="passed", plan=plan, folder=folder, phase=phase, task_group=group, trigger_rule=TriggerRule.ONE_SUCCESS, task_display_name="Passed",
        doc_md=f"Makes an event of the asset `phasegate://{plan.workflow}/{phase}`, which other DAGs can be scheduled on.",
    )  # fmt: skip
    gates >> passed
    return passed


def _param(written: dict[str, Any]) -> Param:
    schema = written.get("schema", {})
    if schema:
        from jsonschema.validators import validator_for

        # Airflow finds a broken schema only when it serialises the DAG, and then drops every DAG of the loader's file.
        validator_for(schema).check_schema(schema)
    return Param(written.get("default"), description=written.get("description"), schema=schema)


def _when(plan: Plan) -> dict[str, Any]:
    schedule = plan.schedule
    start = pendulum.from_format(schedule.start, "YYYY-MM-DD", tz=schedule.timezone) if schedule.start else None
    timed: Any = None
    if schedule.cron:
        from airflow.sdk import CronTriggerTimetable

        timed = CronTriggerTimetable(schedule.cron, timezone=schedule.timezone)
    elif schedule.preset:
        timed = f"@{schedule.preset}"
    elif schedule.assets:
        from airflow.sdk import Asset

        timed = [Asset(uri) for uri in schedule.assets]
    if start is None and (schedule.cron or schedule.preset):
        start = pendulum.datetime(2020, 1, 1, tz=schedule.timezone)
    return {"schedule": timed, "start_date": start, "catchup": schedule.catchup}


def _dag_doc(plan: Plan) -> str:
    lines = [f"**{plan.mission}**", "", plan.presentation.docs, "", "| phase | personas | gate |", "|---|---|---|"]
    for phase in plan.contract.phases:
        who = ", ".join(dict.fromkeys(f"@{task.persona}" for task in phase.tasks))
        lines.append(f"| {phase.title} | {who} | {phase.says} |")
    lines += [
        "",
        "Fix phases that nobody needs are skipped. A gate that failed stays red, also where what it found was mended and the gate behind it is green.",
    ]
    return "\n".join(lines)
