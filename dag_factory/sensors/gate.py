"""GateSensor: closes a phase. Looks once in the worker; defers only if evidence may still come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped

from dag_factory.errors import PhasegateError
from dag_factory.links import VerdictLink
from dag_factory.notices import Notice
from dag_factory.plan import Plan
from dag_factory.telling import Telling, callbacks

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dag_factory.scope import Scope

__all__ = ["GateSensor"]


class GateSensor(Telling, BaseSensorOperator):
    """Waits for the evidence of a phase, verifies it, and keeps a signed verdict.

    PASSED and PASSED_WITH_WAIVER are success, FAILED is a failed task. While an external persona's evidence may still come, the gate defers to
    `GateTrigger`, holds no worker slot, and ends from the triggerer.

    Parameters
    ----------
    plan: the plan of the workflow.
    phase: the id of the phase it closes.
    cycle: the fix cycle it closes; 0 for the ordinary work.
    consent: whether the people who must agree are asked for too. Without, the evidence alone is judged and nothing is signed: that comes before people
        are asked.
    decided: whether it is asked only where a person has waived something after the verdict of its cycle; else it skips itself.

    """

    ui_color = "#fde68a"
    template_fields = ("plan_digest",)
    operator_extra_links = (VerdictLink(),)

    def __init__(self, *, plan: Plan, phase: str, cycle: int = 0, consent: bool = True, decided: bool = False, **kwargs: Any) -> None:
        kwargs["retries"] = 0
        asked = callbacks(plan, success="gate-passed", failure="gate-failed") if consent else {}
        super().__init__(**asked, **kwargs)
        self.phase, self.cycle, self.consent, self.decided = phase, cycle, consent, decided
        self.judged = ""  # the digest of the verdict it gives, for its link
        self.plan_digest = plan.digest
        self._plan = plan

    def execute(self, context: Context) -> None:
        """Look once; end with the verdict, or defer.

        Raises
        ------
        DownstreamTasksSkipped: it passed, and there are fix phases behind it; for Airflow that is a success.

        """
        from dag_factory.scope import Scope
        from dag_factory.triggers.judge import ask, notice_of, told

        ti, contract = context["ti"], self._plan.contract.phase(self.phase)
        try:
            scope = Scope.of_task(ti)
            if self.decided and not self._waived(scope):
                raise AirflowSkipException("Nothing was waived here.")
            judgement, kept = ask(scope, self.plan_digest, self.phase, ti.try_number, cycle=self.cycle, consent=self.consent)
        except PhasegateError as error:
            raise AirflowFailException(str(error)) from error
        for line in told(judgement, f"Gate of phase {contract.title}"):
            self.log.info(line)
        if judgement.word == "INCONCLUSIVE":
            self._defer(context, scope)
        self.said = notice_of(judgement, ti, contract.title, kept)
        self.judged = kept
        ti.xcom_push(key="judged", value=kept)
        if found := judgement.findings:
            many = "one red flag" if len(found) == 1 else f"{len(found)} red flags. The first"
            raise AirflowFailException(f"{contract.title}: FAILED, {many}: {found[0].id}: {found[0].text}")
        if spared := self._spared():
            raise DownstreamTasksSkipped(tasks=spared)  # type: ignore[no-untyped-call] # Airflow has no types here

    def _spared(self) -> list[str]:
        """The fix phases and decisions behind this gate: Airflow would skip them too, but one after the other, a turn of its scheduler each.

        It skips none that works or has ended: a gate that is asked again changes nothing of what was mended before.
        """
        if not self.consent:
            return []
        behind = tuple(f"{self.phase}.{name}_" for name in ("fix", "decide", "waived"))
        return sorted(name for name in self.get_flat_relative_ids(upstream=False) if name.startswith(behind))

    def notice(self, event: str, context: Mapping[str, Any]) -> Notice | None:
        """What is told of the gate's end; nothing where the triggerer ended it, and told itself: Airflow then calls in the dag-processor."""
        ti = context["ti"]
        if self.said is None and not context.get("exception") and ti.xcom_pull(task_ids=self.task_id, key="verdict") is not None:
            return None
        return super().notice(event, context)

    def unsaid(self, event: str, ti: Any, reason: str) -> Notice:
        """A gate that could not judge at all."""
        title = self._plan.contract.phase(self.phase).title
        return Notice(
            event, ti.dag_id, ti.run_id, "has no verdict", VerdictLink.to(ti, self.phase), title, self.cycle, (("error", reason),)
        )

    def _waived(self, scope: Scope) -> bool:
        """Whether the newest answer about this cycle is a waiver, be it about a verdict that this very gate has given another since."""
        from dag_factory.evidence.decided import is_about_a_verdict

        record = scope.record(self.plan_digest, upto=self.phase)
        said = [stored.says for stored in record.decisions.get(self.phase, ()) if is_about_a_verdict(stored)]
        answers = [one.answer for one in said if one.binding.cycle == self.cycle]
        return answers[-1:] == ["waive"]

    def _defer(self, context: Context, scope: Scope) -> None:
        import pendulum

        from dag_factory.evidence.policies.case import Case
        from dag_factory.evidence.record import fix_folder
        from dag_factory.triggers.gate import GateTrigger

        ti, contract = context["ti"], self._plan.contract.phase(self.phase)
        record = scope.record(self.plan_digest, upto=self.phase)
        case = Case(record, self.phase, scope.run.blob, pendulum.now("UTC"), self.cycle)
        external = [task for task in case.due if task.external]
        deadlines = sorted({case.awaited_until(task) for task in external})
        self.log.info("Waiting for evidence of %s until %s.", ", ".join(task.id for task in external), deadlines[-1])
        place = [f"statements/{task.id}" for task in external]
        place += [fix_folder(self.phase, self.cycle, task.id) for task in external if self.cycle]
        self.defer(
            trigger=GateTrigger(
                ti.dag_id,
                ti.run_id,
                record.charter.digest,
                self.plan_digest,
                self.phase,
                ti.try_number,
                [f"{record.charter.digest[:16]}/{folder}" for folder in place],
                [str(deadline.isoformat()) for deadline in deadlines],
                contract.title,
                self.cycle,
                consent=self.consent,
                notify=self._notify(),
            ),
            method_name="execute",
        )

    def _notify(self) -> dict[str, list[dict[str, Any]]]:
        """Whom the triggerer is to tell: it knows no plan but what it is given."""
        asked = self._plan.presentation.notify if self.consent else {}
        return {
            event: [notifier.model_dump(mode="json") for notifier in asked[event]]
            for event in ("gate-passed", "gate-failed")
            if event in asked
        }
