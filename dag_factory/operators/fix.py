"""FixOperator: has one task's persona mend what was found about its work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from dag_factory.operators.persona import PersonaOperator
from dag_factory.plan import Plan

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["FixOperator"]


class FixOperator(PersonaOperator):
    """One fix order of a fix cycle; mapped over what `triage` returns.

    It is `PersonaOperator` in all but this: the task is named by the order, the workspace begins with all that was merged so far, and the
    task file names the findings. What it leaves is sealed, checked, collected and signed like any other work.

    Parameters
    ----------
    plan, folder: as everywhere.
    order: the id of the task whose work is mended, as ``{"task": "phase/task"}``. What is to be mended stands in the signed triage, and nowhere else.
    phase: the phase whose gate found it.
    cycle: the fix cycle of that phase.

    """

    template_fields = ()  # an order is data: rendered as a template it could say anything

    def __init__(self, *, plan: Plan, folder: Path, order: dict[str, Any], phase: str, cycle: int, **kwargs: Any) -> None:
        contract = plan.contract.tasks[str(order["task"])]
        super().__init__(plan=plan, folder=folder, contract=contract, phase=phase, cycle=cycle, **kwargs)
        self.whose = f"@{contract.persona} · {contract.feature}" if contract.feature else f"@{contract.persona}"

    def execute(self, context: Context) -> None:
        """Mend; refuse what the signed triage does not order."""
        from dag_factory.evidence.policies.case import Case
        from dag_factory.operators.orders import order_of
        from dag_factory.scope import Scope

        with self._told():
            import pendulum

            scope = Scope.of_task(context["ti"])
            record = scope.record(self.plan_digest, upto=self._phase)
            order = order_of(Case(record, self._phase, scope.run.blob, pendulum.now("UTC"), self.cycle), self._contract.id)
            if order is None:
                raise AirflowFailException(f"The triage of fix cycle {self.cycle} orders nothing of {self._contract.id}. Clear `triage`.")
        for name in order.findings:
            self.log.info("To mend: %s", name)
        super().execute(context)
