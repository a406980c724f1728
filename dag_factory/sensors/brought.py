"""BroughtSensor: in a fix phase, waits for what is mended outside, so that validators judge that and not what was there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException

from dag_factory.errors import PhasegateError
from dag_factory.plan import Plan

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["BroughtSensor"]


class BroughtSensor(BaseSensorOperator):
    """Waits until everybody outside has brought what they were given to mend, or their time is over. It judges nothing: the gate does.

    Parameters
    ----------
    plan: the plan of the workflow.
    phase: the id of the phase that is mended.
    cycle: the fix cycle.

    """

    ui_color = "#fecaca"
    template_fields = ("plan_digest",)

    def __init__(self, *, plan: Plan, phase: str, cycle: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.phase, self.cycle = phase, cycle
        self.plan_digest = plan.digest

    def execute(self, context: Context) -> None:
        """Look once; end, or wait in the triggerer."""
        from dag_factory.evidence.record import fix_folder
        from dag_factory.scope import Scope
        from dag_factory.triggers.brought import BroughtTrigger, awaited

        ti = context["ti"]
        try:
            scope = Scope.of_task(ti)
            case, missing = awaited(scope, self.plan_digest, self.phase, self.cycle)
        except PhasegateError as error:
            raise AirflowFailException(str(error)) from error
        if not missing:
            self.log.info("Nothing more is brought from outside.")
            return
        deadlines = sorted({case.awaited_until(task) for task in missing})
        self.log.info("Waiting for what %s mends outside, until %s.", ", ".join(task.id for task in missing), deadlines[-1])
        charter = case.record.charter.digest
        self.defer(
            trigger=BroughtTrigger(
                ti.dag_id, ti.run_id, charter, self.plan_digest, self.phase, self.cycle,
                [f"{charter[:16]}/{fix_folder(self.phase, self.cycle, task.id)}" for task in missing],
                [str(deadline.isoformat()) for deadline in deadlines],
            ),
            method_name="execute",
        )  # fmt: skip
