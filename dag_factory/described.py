"""What Airflow shows beside a task: what it does, what it owes, what Phasegate runs, and what a gate asks."""

from __future__ import annotations

from dag_factory.evidence.contract import PhaseContract, TaskContract
from dag_factory.plan import Plan

__all__ = ["gate_doc", "task_doc"]


def task_doc(plan: Plan, task: TaskContract) -> str:
    """The page of a task."""
    owed = [f"- **{item.id}**: `{item.place}` ({item.kind}, counts when {item.needs})" for item in task.items]
    title = plan.presentation.titles.get(task.persona, task.persona)
    checks = [
        f"- `{check.run if isinstance(check.run, str) else ' '.join(check.run)}` ({check.name}, at {check.at})" for check in task.checks
    ]
    parts = [f"### {title}", plan.executions[task.id].does, "", "Owes:", *owed]
    parts += ["", "Phasegate runs:", *checks] if checks else []
    parts += ["", f"Asks: {', '.join(task.people)}."] if task.people else []
    parts += ["", f"May write: {', '.join(f'`{glob}`' for glob in task.writes) or 'nothing in the repository'}."]
    return "\n".join(parts)


def gate_doc(plan: Plan, phase: PhaseContract, number: int) -> str:
    """The page of a gate.

    Parameters
    ----------
    number: the phase's place, from 1.

    """
    due = [question.says for question in plan.contract.questions if phase.id in question.due]
    return "\n".join([f"### Gate {number}: {phase.title}", phase.says, "", *[f"- {says}" for says in due]])
