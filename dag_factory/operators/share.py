"""ShareOperator: picks out of a triage's orders those for one pool, queue and executor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dag_factory.operators.base import PlanOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["ShareOperator"]


class ShareOperator(PlanOperator):
    """Returns a part of what another task returned. It decides nothing: each fix task asks the signed triage what it is to mend.

    Parameters
    ----------
    source: the task id of the triage.
    tasks: the ids of the tasks whose orders are meant.

    """

    template_fields = ("plan_digest", "tasks")

    def __init__(self, *, source: str, tasks: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tasks = tasks
        self._source = source

    def execute(self, context: Context) -> list[dict[str, str]]:
        """The orders of these tasks, in the order in which they were given."""
        orders = context["ti"].xcom_pull(task_ids=self._source) or []
        return [order for order in orders if order["task"] in self.tasks]
