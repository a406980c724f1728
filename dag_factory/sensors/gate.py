"""GateSensor: closes a phase. Looks once in the worker; defers only if evidence may still come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException

from dag_factory.errors import PhasegateError
from dag_factory.links import VerdictLink
from dag_factory.plan import Plan

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["GateSensor"]


class GateSensor(BaseSensorOperator):
    """Waits for the evidence of a phase, verifies it, and keeps a signed verdict.

    PASSED is success, FAILED is a failed task. While an external persona's evidence may still come, the gate defers to `GateTrigger`, holds
    no worker slot, and ends from the triggerer.

    Parameters
    ----------
    plan: the plan of the workflow.
    phase: the id of the phase it closes.

    """

    ui_color = "#fde68a"
    template_fields = ("phase", "plan_digest")
    operator_extra_links = (VerdictLink(),)

    def __init__(self, *, plan: Plan, phase: str, **kwargs: Any) -> None:
        kwargs["retries"] = 0
        super().__init__(**kwargs)
        self.phase = phase
        self.plan_digest = plan.digest
        self._plan = plan

    def execute(self, context: Context) -> None:
        """Look once; end with the verdict, or defer."""
        from dag_factory.scope import Scope
        from dag_factory.triggers.judge import ask, told

        ti, contract = context["ti"], self._plan.contract.phase(self.phase)
        try:
            scope = Scope.of_task(ti)
            judgement = ask(scope, self.plan_digest, self.phase, ti.try_number)
        except PhasegateError as error:
            raise AirflowFailException(str(error)) from error
        for line in told(judgement, f"Gate of phase {contract.title}"):
            self.log.info(line)
        if judgement.word == "INCONCLUSIVE":
            self._defer(context, scope)
        if judgement.word != "PASSED":
            raise AirflowFailException(
                f"{contract.title}: FAILED, {len(judgement.findings)} red flags. The first: {judgement.findings[0].id}: {judgement.findings[0].text}"
            )

    def _defer(self, context: Context, scope: Any) -> None:
        import pendulum

        from dag_factory.evidence.policies.case import Case
        from dag_factory.evidence.statement import moment_of
        from dag_factory.triggers.gate import GateTrigger

        ti, contract = context["ti"], self._plan.contract.phase(self.phase)
        record = scope.record(self.plan_digest, upto=self.phase)
        opened = moment_of(Case(record, self.phase, scope.run.blob, pendulum.now("UTC")).opened_at())
        external = [task for task in contract.tasks if task.external]
        deadlines = sorted({opened + timedelta(seconds=task.wait or contract.timeout) for task in external})
        self.log.info("Waiting for evidence of %s until %s.", ", ".join(task.id for task in external), deadlines[-1])
        folders = [f"{record.charter.digest[:16]}/statements/{task.id}" for task in external]
        self.defer(
            trigger=GateTrigger(
                ti.dag_id,
                ti.run_id,
                record.charter.digest,
                self.plan_digest,
                self.phase,
                ti.try_number,
                folders,
                [str(deadline.isoformat()) for deadline in deadlines],
                contract.title,
            ),
            method_name="execute",
        )
