"""Plan -> DAG.

::

    kickoff -> for each phase [ open -> tasks -> converge -> gate ] -> complete

`open` is an EmptyOperator with `one_success` over the gates of the phase before. `converge` and the gate run whatever became of the tasks
(`all_done_min_one_success`, with `open` among their upstreams): a missing statement is a red flag, not the end of the run. `complete` is
`all_done`, and the only leaf: a run is as green as its last word. Fix phases take their place behind each gate, and `open` of the next
phase then follows any of them.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, TaskGroup, TriggerRule

from dag_factory.evidence.contract import PhaseContract, TaskContract
from dag_factory.operators.complete import CompleteOperator
from dag_factory.operators.converge import ConvergeOperator
from dag_factory.operators.kickoff import KickoffOperator
from dag_factory.operators.persona import PersonaOperator
from dag_factory.plan import Plan
from dag_factory.sensors.gate import GateSensor

__all__ = ["build_dag"]

# One colour a kind of work, light enough for dark text in both of Airflow's themes.
_COLOURS = {
    "foundation": "#ddd6fe", "implementation": "#bfdbfe", "testing": "#a5f3fc", "validation": "#fed7aa", "documentation": "#e9d5ff",
    "integration": "#fbcfe8", "architecture-update": "#ddd6fe", "deployment": "#d9f99d",
}  # fmt: skip


def build_dag(plan: Plan, folder: Path) -> DAG:
    """Build the DAG of a plan.

    Parameters
    ----------
    plan: the plan.
    folder: where the spec lies; programs find it as ``$PHASEGATE_SPEC_DIR``.

    """
    shown = plan.presentation
    dag = DAG(
        dag_id=plan.workflow,
        description=plan.mission,
        doc_md=_dag_doc(plan),
        tags={"phasegate", *shown.tags},
        params={name: _param(param) for name, param in plan.params.items()},
        default_args={"owner": shown.owner},
        max_active_runs=plan.max_active_runs,
        dagrun_timeout=timedelta(seconds=plan.timeout) if plan.timeout else None,
        **_when(plan),
    )
    with dag:
        gate: Any = KickoffOperator(
            task_id="kickoff", plan=plan, folder=folder, task_display_name="Kickoff",
            doc_md="Freezes the plan and writes the charter: what the run is held to, from which commit, under which keys.",
        )  # fmt: skip
        gates = [gate]
        for number, phase in enumerate(plan.contract.phases, start=1):
            gate = _phase(plan, folder, phase, number, gate)
            gates.append(gate)
        complete = CompleteOperator(
            task_id="complete", plan=plan, folder=folder, trigger_rule=TriggerRule.ALL_DONE, task_display_name="Complete",
            doc_md="Judges every phase again, answers both checklists, and leaves the approved commit as a branch. Fails unless every verdict holds.",
        )  # fmt: skip
        gates >> complete
    return dag


def _param(written: dict[str, Any]) -> Param:
    schema = written.get("schema", {})
    if schema:
        from jsonschema.validators import validator_for

        # Airflow finds a broken schema only when it serialises the DAG, and then drops every DAG of the loader's file.
        validator_for(schema).check_schema(schema)
    return Param(written.get("default"), description=written.get("description"), schema=schema)


def _phase(plan: Plan, folder: Path, phase: PhaseContract, number: int, before: Any) -> Any:
    who = sorted({f"@{task.persona}" for task in phase.tasks})
    with TaskGroup(
        group_id=phase.id, group_display_name=f"{number} · {phase.title}", tooltip=f"{', '.join(who)}. Gate {number}: {phase.says}",
        ui_color="#f1f5f9", ui_fgcolor="#0f172a",
    ):  # fmt: skip
        opened = EmptyOperator(
            task_id="open",
            trigger_rule=TriggerRule.ONE_SUCCESS,
            task_display_name="Open",
            doc_md="Starts the phase once the gate before it let it through.",
        )
        before >> opened
        tasks: list[Any] = [_task(plan, folder, task) for task in phase.tasks]
        opened >> tasks
        due = [opened, *tasks]
        if phase.converges:
            converge = ConvergeOperator(
                task_id="converge", plan=plan, folder=folder, phase=phase.id, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, task_display_name="Converge",
                doc_md="Merges the sealed commits of the phase, in plan order, and runs on the whole what needs the whole.",
            )  # fmt: skip
            due >> converge
            due = [*due, converge]
        gate = GateSensor(
            task_id="gate", plan=plan, phase=phase.id, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, task_display_name=f"Gate {number}",
            doc_md=_gate_doc(plan, phase, number),
        )  # fmt: skip
        due >> gate
    return gate


def _task(plan: Plan, folder: Path, task: TaskContract) -> PersonaOperator:
    execution = plan.executions[task.id]
    asked = {
        "pool": execution.pool,
        "queue": execution.queue,
        "executor": execution.executor,
        "priority_weight": execution.priority,
    }
    operator = PersonaOperator(
        task_id=task.task, plan=plan, folder=folder, contract=task, doc_md=_task_doc(plan, task),
        task_display_name=f"@{task.persona} · {task.feature}" if task.feature else f"@{task.persona}",
        owner=f"@{task.persona}", retries=execution.retries, retry_delay=timedelta(seconds=execution.retry_delay),
        **{name: value for name, value in asked.items() if value is not None},
    )  # fmt: skip
    operator.ui_color = _COLOURS.get(task.duty, "#e2e8f0")
    return operator


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
    return "\n".join(lines)


def _task_doc(plan: Plan, task: TaskContract) -> str:
    owed = [f"- **{item.id}**: `{item.place}` ({item.kind}, counts when {item.needs})" for item in task.items]
    title = plan.presentation.titles.get(task.persona, task.persona)
    checks = [
        f"- `{check.run if isinstance(check.run, str) else ' '.join(check.run)}` ({check.name}, at {check.at})" for check in task.checks
    ]
    parts = [f"### {title}", plan.executions[task.id].does, "", "Owes:", *owed]
    parts += ["", "Phasegate runs:", *checks] if checks else []
    parts += ["", f"May write: {', '.join(f'`{glob}`' for glob in task.writes) or 'nothing in the repository'}."]
    return "\n".join(parts)


def _gate_doc(plan: Plan, phase: PhaseContract, number: int) -> str:
    due = [question.says for question in plan.contract.questions if phase.id in question.due]
    return "\n".join([f"### Gate {number}: {phase.title}", phase.says, "", *[f"- {says}" for says in due]])
