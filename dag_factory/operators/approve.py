"""ApproveOperator: asks one person to agree to a phase, after its evidence was found good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dag_factory.links import RunLink, task_page
from dag_factory.operators.asking import AskOperator, Question
from dag_factory.operators.wording import field, quoted

if TYPE_CHECKING:
    from dag_factory.evidence.decisions import Decision
    from dag_factory.evidence.policies.case import Case
    from dag_factory.scope import Scope

__all__ = ["ApproveOperator"]

_APPROVE, _REFUSE = "Approve", "Refuse"
_SHOWN, _WAIVERS, _FINDINGS, _SIGNS = 50, 5, 10, 200  # some databases keep 64 kB of a question


class ApproveOperator(AskOperator):
    """One of the approvals that a gate asks for; the gate alone counts them, and a refusal is one of its findings."""

    renewed = False

    def __init__(self, **kwargs: Any) -> None:
        kwargs["params"] = _form()  # Airflow hands in those of the DAG
        super().__init__(options=[_APPROVE, _REFUSE], **kwargs)

    def question(self, scope: Scope, case: Case, ti: Any) -> Question:  # noqa: ARG002 # the base's signature
        """What was delivered, by whom, where to look at it, and the digest of it all."""
        digest, run, tasks = self._digest(case), RunLink.to(ti.dag_id, ti.run_id), case.phase.tasks
        waived = _waived(case)
        but = ", but for what is waived" if waived else ""
        lines = [f"**{case.phase.says}**", "", f"Its evidence was verified{but}. Do you agree that the next phase may start?", "", *waived]
        lines += ["| task | persona | evidence |", "|---|---|---|"]
        for task in tasks[:_SHOWN]:
            lines.append(f"| [`{task.task}`]({task_page(run, task.id)}) | @{task.persona} | {', '.join(item.id for item in task.items)} |")
        lines += ["", f"And {len(tasks) - _SHOWN} more, which the page of the run tells."] if len(tasks) > _SHOWN else []
        lines += ["", f"[The whole run]({run})", "", f"You are asked about the statements with the digest `{digest}`."]
        return Question(f"{case.contract.workflow}: approve {case.phase.title}", "\n".join(lines), digest, _form())

    def decision(self, case: Case, event: dict[str, Any], *, asked: str, by: str, name: str, ti: Any) -> Decision:
        """Approve or refuse."""
        from dag_factory.evidence.decisions import Decision
        from dag_factory.evidence.statement import now

        return Decision(
            binding=self.binding(case, ti), asked=asked, answer="approve" if event["chosen_options"] == [_APPROVE] else "refuse", by=by, name=name,
            reason=field(event, "reason"), findings=(), decided_at=now(),
        )  # fmt: skip

    def needed(self, case: Case) -> int:
        """As many as the gate counts: where fewer may answer, no answer lets anything pass."""
        return case.phase.approval.need if case.phase.approval else 1

    def unfit(self, case: Case, event: dict[str, Any], by: str, name: str) -> str:
        """A person agrees once; who has answered another of these questions may only refuse here: that counts, whoever says it."""
        from dag_factory.evidence.policies.consent import called_by

        if event["chosen_options"] == [_REFUSE]:
            return ""
        this, digest, called = self.task_id.rpartition("approve-")[2], self._digest(case), called_by(by, name)
        for stored in case.approvals:
            said = stored.says
            other = said.binding.task
            if other.rpartition("approve-")[2] != this and said.asked == digest and called_by(said.by, said.name) & called:
                told = "approved" if said.answer == "approve" else "refused"
                return f"The answer does not count: {by} {told} in {other} already, and counts once. Somebody else answers here."
        return ""

    def answered(self, scope: Scope, case: Case, answer: Decision, event: dict[str, Any]) -> None:
        """Nothing: the gate reads it."""


def _waived(case: Case) -> list[str]:
    """What passes though it was not mended, the newest first: whoever agrees, agrees to that too."""
    from dag_factory.evidence.statement import moment_of
    from dag_factory.evidence.waiving import revoked

    given = reversed(case.record.waivers.get(case.phase_id, ()))
    found = [stored.says for stored in given if case.now < moment_of(stored.says.expires_at) and not revoked(case, stored)]
    lines = ["**Not everything was mended.** Whoever agrees, agrees to this too:", ""] if found else []
    for said in found[:_WAIVERS]:
        named = ", ".join(quoted(scope.finding, _SIGNS) for scope in said.scope[:_FINDINGS])
        more = f" and {len(said.scope) - _FINDINGS} more" if len(said.scope) > _FINDINGS else ""
        lines.append(f"- waiver {said.number}, by {quoted(said.by)} until {said.expires_at}: {named}{more}. Why: {quoted(said.reason)}")
    lines += [f"- and {len(found) - _WAIVERS} waivers more, which the gate's page tells"] if len(found) > _WAIVERS else []
    return [*lines, ""] if found else []


def _form() -> dict[str, Any]:
    from airflow.sdk import Param

    return {"reason": Param("", type="string", title="Reason", description="Why; needed where you refuse.")}
