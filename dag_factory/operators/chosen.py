"""Which operator does a task: people are asked by one, an operator of Airflow's works under another, and all others are run by `PersonaOperator`."""

from __future__ import annotations

from typing import TypeVar

from airflow.sdk import get_parsing_context

from dag_factory.errors import OperatorError, RunnerError
from dag_factory.evidence.contract import TaskContract
from dag_factory.operators.fix import FixOperator
from dag_factory.operators.persona import PersonaOperator
from dag_factory.plan import Plan

__all__ = ["mending", "way_of", "working"]

P = TypeVar("P", bound=PersonaOperator)


def way_of(plan: Plan, task: TaskContract) -> str:
    """What must be the same of tasks that one mapped task mends: the import path of an operator, or whether a person is asked."""
    if task.runner == "operator":
        return str(plan.executions[task.id].work["path"])
    return "human" if task.runner == "human" else ""


def working(plan: Plan, task: TaskContract, task_id: str) -> type[PersonaOperator]:
    """The operator of a task's work.

    Parameters
    ----------
    task_id: its whole id in the DAG. Where a worker builds the DAG for another task, nothing is imported for this one.

    Raises
    ------
    OperatorError: what it names cannot be imported, or cannot do a persona's work.

    """
    if task.runner == "human":
        from dag_factory.operators.human import HumanOperator

        return HumanOperator
    if task.runner == "operator" and _built(task_id):
        return _found(plan, task, PersonaOperator)
    return PersonaOperator


def mending(plan: Plan, task: TaskContract, task_id: str) -> type[FixOperator]:
    """The operator that mends a task's work, likewise."""
    if task.runner == "human":
        from dag_factory.operators.human import HumanFixOperator

        return HumanFixOperator
    if task.runner == "operator" and _built(task_id):
        return _found(plan, task, FixOperator)
    return FixOperator


def _built(task_id: str) -> bool:
    return get_parsing_context().task_id in (None, task_id)


def _found(plan: Plan, task: TaskContract, way: type[P]) -> type[P]:
    from dag_factory.operators.stock import stock_operator

    try:
        return stock_operator(way_of(plan, task), way)
    except RunnerError as error:
        raise OperatorError(error.message, remedy=error.remedy, task=task.id, part="operator") from error
