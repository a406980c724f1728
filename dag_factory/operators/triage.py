"""TriageOperator: opens a fix phase, and says who mends what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dag_factory.links import VerdictLink
from dag_factory.notices import Notice
from dag_factory.operators.base import NothingToDo, PlanOperator, judged_by, refuse_unless_open
from dag_factory.telling import Telling, callbacks

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dag_factory.evidence.policies.case import Case

__all__ = ["TriageOperator"]


class TriageOperator(Telling, PlanOperator):
    """Turns the findings of a FAILED verdict into fix orders, signs them, and returns them for `fix` to be mapped over.

    It skips itself, and with it the fix phase, unless the very try of the gate before left a FAILED verdict: a gate that crashed, was
    marked by hand or was never asked has found nothing. Behind the ordinary cycles it also needs the decision of a person.

    Parameters
    ----------
    phase: the phase whose gate is mended.
    cycle: the fix cycle, from 1.
    gate: the task id of the gate before it.

    """

    ui_color = "#fecaca"
    operator_extra_links = (VerdictLink(),)

    def __init__(self, *, phase: str, cycle: int, gate: str, **kwargs: Any) -> None:
        super().__init__(**callbacks(kwargs["plan"], success="fix-opened"), **kwargs)
        self.phase, self.cycle = phase, cycle
        self._gate = gate

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Route the findings; answers one order a task, each named by the task's id alone."""
        with self._told():
            return self._triage(context)

    def _triage(self, context: Context) -> list[dict[str, str]]:
        import pendulum

        from dag_factory.evidence.decisions import Triage
        from dag_factory.evidence.keys import AUTHORITY
        from dag_factory.evidence.policies.case import Case
        from dag_factory.evidence.routing import route
        from dag_factory.evidence.run import binding_of
        from dag_factory.evidence.statement import now, sign
        from dag_factory.scope import Scope

        ti = context["ti"]
        scope = Scope.of_task(ti)
        if not scope.charter and scope.empty():
            raise NothingToDo("`kickoff` wrote no charter, so no phase of this run has begun: there is nothing to mend.")
        record = scope.record(self.plan_digest, upto=self.phase)
        case = Case(record, self.phase, scope.run.blob, pendulum.now("UTC"), self.cycle - 1)
        self._wanted(case, ti)
        verdict = record.verdict(self.phase)
        assert verdict is not None  # noqa: S101 # `_wanted` saw it
        made = route(case, verdict.says.phasegate.findings)
        tasks = record.contract.tasks
        triage = Triage(
            binding=binding_of(record, self.phase, "triage", ti.try_number, cycle=self.cycle),
            orders=made.told(made.orders, tasks), again=made.told(made.again, tasks),
            left=tuple(made.left), unowned=tuple(made.unowned), written_at=now(),
        )  # fmt: skip
        folder = f"{record.charter.digest[:16]}/triages/{self.phase}"
        scope.run.append(folder, sign(triage, {"verdict": {"sha256": verdict.digest}}, scope.keys.signer(AUTHORITY)))
        self.judged = verdict.digest  # for the link beside the task
        self._tell(triage)
        mends = tuple((order.task, ", ".join(order.findings)) for order in triage.orders)
        self.said = Notice(
            "fix-opened", ti.dag_id, ti.run_id, "FAILED", VerdictLink.to(ti, self.phase, verdict.digest), case.phase.title, self.cycle, mends
        )  # fmt: skip
        return [{"task": order.task} for order in triage.orders]

    def _wanted(self, case: Case, ti: Any) -> None:
        """Skip unless there is something to mend, and refuse where nothing of this phase may be worked on."""
        from dag_factory.evidence.decided import decided

        verdict = case.record.verdict(self.phase)
        if verdict is None or verdict.digest != judged_by(ti, self._gate) or verdict.says.phasegate.word != "FAILED":
            raise NothingToDo(f"The gate {self._gate} left no FAILED verdict in this try: there is nothing to mend.")
        if self.cycle > case.contract.fix.max_cycles:
            answer = decided(case.record, self.phase, verdict.digest)
            if answer is None or answer.answer != "cycle":
                raise NothingToDo("Nobody allowed one more cycle.")
        refuse_unless_open(case)

    def _tell(self, triage: Any) -> None:
        for order in triage.orders:
            self.log.info("%s mends: %s", order.task, ", ".join(order.findings))
        for order in triage.again:
            self.log.info("%s judges again%s", order.task, f", and owes: {', '.join(order.findings)}" if order.findings else "")
        for name in triage.unowned:
            self.log.warning("Nobody in this plan can mend %s.", name)
        for name in triage.left:
            self.log.warning("Left for the next cycle: %s", name)
