"""PassedOperator: an event of an asset for a phase that was passed, so that other DAGs can be scheduled on a gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException

from dag_factory.links import VerdictLink
from dag_factory.operators.base import PlanOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["PassedOperator", "asset_of"]


def asset_of(workflow: str, phase: str) -> Asset:
    """The asset that stands for a phase of a workflow."""
    return Asset(f"phasegate://{workflow}/{phase}")


class PassedOperator(PlanOperator):
    """Emits the event once any gate of the phase let it through, with the verdict's digest, word and cycle in its extra.

    It is a task of a worker, since a gate that ends in the triggerer registers no event. Nothing of the run follows it but `complete`, which runs
    whatever became of it. It reads the verdict from the store: a gate that somebody marked green is no event.

    Parameters
    ----------
    phase: the phase's id.

    """

    ui_color = "#d9f99d"
    operator_extra_links = (VerdictLink(),)

    def __init__(self, *, phase: str, **kwargs: Any) -> None:
        super().__init__(outlets=[asset_of(kwargs["plan"].workflow, phase)], **kwargs)
        self.phase = phase

    def execute(self, context: Context) -> None:
        """Emit, if the newest verdict passes now, and all before it."""
        import pendulum

        from dag_factory.evidence.policies.case import Case
        from dag_factory.evidence.policies.chain import not_closed, not_open
        from dag_factory.scope import Scope

        with self._told():
            scope, now = Scope.of_task(context["ti"]), pendulum.now("UTC")
            record = scope.record(self.plan_digest, upto=self.phase)
            reason = not_open(Case(record, self.phase, scope.run.blob, now)) or not_closed(record, record.contract.phase(self.phase), now)
            verdict = record.verdict(self.phase)
            if reason or verdict is None:
                raise AirflowFailException(f"There is no event: {reason}")
            said = verdict.says.phasegate
            extra: dict[str, Any] = {"verdict": verdict.digest, "word": said.word, "cycle": said.binding.cycle, "run": said.binding.run_id}
            context["outlet_events"][self.outlets[0]].extra = extra
            self.log.info("The event of %s names the verdict %s.", self.outlets[0].uri, verdict.digest)
