"""DecideOperator: when the last fix cycle has failed too, a person waives, allows one more, or stops the run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from dag_factory.links import VerdictLink
from dag_factory.operators.asking import AskOperator, Question
from dag_factory.operators.base import NothingToDo, judged_by
from dag_factory.operators.wording import field, quoted

if TYPE_CHECKING:
    from dag_factory.evidence.decisions import Decision
    from dag_factory.evidence.policies.case import Case
    from dag_factory.evidence.run import Stored
    from dag_factory.evidence.statement import Binding
    from dag_factory.evidence.verdict import Finding, Verdict
    from dag_factory.scope import Scope

__all__ = ["DecideOperator"]

_WAIVE, _MORE, _STOP = "Waive", "One more cycle", "Stop"
_ALL = "all"  # no finding's id: those have a colon
_SHOWN, _SIGNS = 50, 300  # findings, and signs of the text of each: some databases keep 64 kB of a question
_ANSWERS: dict[str, Any] = {_WAIVE: "waive", _MORE: "cycle", _STOP: "stop"}


class DecideOperator(AskOperator):
    """Asks what becomes of a phase whose fix cycles are used up.

    Parameters
    ----------
    gate: the task id of the gate that failed last.
    more: whether there is another cycle to allow.

    """

    def __init__(self, *, gate: str, more: bool, **kwargs: Any) -> None:
        kwargs["params"] = _form([])  # Airflow hands in those of the DAG
        super().__init__(options=[_WAIVE, _MORE, _STOP] if more else [_WAIVE, _STOP], **kwargs)
        self._gate = gate

    def question(self, scope: Scope, case: Case, ti: Any) -> Question:  # noqa: ARG002 # the base's signature
        """Every finding that is left, and what each answer does."""
        from dag_factory.evidence.waiving import waivable

        verdict = self._failed(case)
        if verdict is None or judged_by(ti, self._gate) != verdict.digest:
            raise NothingToDo(f"The gate {self._gate} left no FAILED verdict in this try: there is nothing to decide.")
        findings = verdict.says.phasegate.findings
        may = [finding.id for finding in findings if waivable(case, finding)]
        cycles = f"{case.at} fix cycle{'' if case.at == 1 else 's'}"
        lines = [
            f"**{case.phase.title}** failed after {cycles}. {len(findings)} red flag{' is' if len(findings) == 1 else 's are'} left:",
            "",
        ]
        lines += [
            f"- {quoted(finding.id)}{'' if finding.id in may else ' (may not be waived)'}: {quoted(finding.text, _SIGNS)}"
            for finding in findings[:_SHOWN]
        ]
        if len(findings) > _SHOWN:
            lines.append(f"- and {len(findings) - _SHOWN} more, which the verdict tells.")
        lines += ["", f"[The verdict, and what it rests on]({VerdictLink.to(ti, case.phase_id, verdict.digest)})"]
        days = case.contract.fix.max_waiver / 86400
        lines += ["", f"*{_WAIVE}* lets the chosen ones pass until a date, at most {days:g} days from now, and needs a reason."]
        lines += [f"None is chosen unless you choose it: `{_ALL}` is every one that may be waived, those that are not told here too."]
        lines += [f"*{_STOP}*, or no answer, ends the run as failed.", ""]
        asked = self._digest(case)
        lines += [f"You are asked about the verdict `{verdict.digest}`, with what it rests on: together they have the digest `{asked}`."]
        subject = f"{case.contract.workflow}: {case.phase.title} failed; waive, go on or stop?"
        found = tuple((finding.id, finding.text) for finding in findings)
        return Question(subject, "\n".join(lines), asked, _form(may), found)

    def decision(self, case: Case, event: dict[str, Any], *, asked: str, by: str, name: str, ti: Any) -> Decision:
        """What was chosen."""
        from dag_factory.evidence.decisions import Decision
        from dag_factory.evidence.statement import now

        chosen = _ANSWERS[event["chosen_options"][0]]
        return Decision(
            binding=self.binding(case, ti), asked=asked, answer=chosen, by=by, name=name,
            reason=field(event, "reason"),
            findings=tuple(finding.id for finding in self._chosen(case, event)) if chosen == "waive" else (), decided_at=now(),
        )  # fmt: skip

    def unfit(self, case: Case, event: dict[str, Any], by: str, name: str) -> str:
        """A waiver names findings that are there, or all that may be waived, and can be given as it was meant."""
        from dag_factory.errors import EvidenceError
        from dag_factory.evidence.giving import drawn_up

        if _ANSWERS[event["chosen_options"][0]] != "waive":
            return ""
        known, named = {_ALL, *(finding.id for finding in self._found(case))}, _named(event)
        wrong = ""
        if not named:
            wrong = f"no finding is chosen. Choose those to waive, or `{_ALL}` for every one that may be waived."
        elif strange := [name for name in named if name not in known]:
            wrong = f"the verdict has no finding {', '.join(strange)}."
        elif not self._chosen(case, event):
            wrong = "nothing that was found may be waived. Allow one more cycle, or stop."
        else:
            try:
                drawn_up(case, self._chosen(case, event), reason=field(event, "reason"), by=by, until=field(event, "expires"), name=name)
            except EvidenceError as error:
                wrong = str(error)
        return f"The answer does not count: {wrong}" if wrong else ""

    def binding(self, case: Case, ti: Any) -> Binding:
        """The verdict that was asked about belongs to it, though there be a newer one now."""
        return super().binding(case, ti).model_copy(update={"previous_verdict": self.judged or None})

    def answered(self, scope: Scope, case: Case, answer: Decision, event: dict[str, Any]) -> None:
        """Write the waiver, or end the run."""
        from dag_factory.evidence.giving import waive
        from dag_factory.evidence.keys import AUTHORITY

        if answer.answer == "stop":
            raise AirflowFailException(f"{answer.by} stopped the run: {answer.reason or 'no reason was given'}.")
        if answer.answer != "waive":
            return
        chosen = [finding for finding in self._found(case) if finding.id in set(answer.findings)]
        until, signer = field(event, "expires"), scope.keys.signer(AUTHORITY)
        number = waive(scope.run, case, chosen, reason=answer.reason, by=answer.by, name=answer.name, until=until, signer=signer)
        self.log.info("Waiver %s is written; the gate judges again.", number)

    def _found(self, case: Case) -> tuple[Finding, ...]:
        verdict = self._failed(case)
        return verdict.says.phasegate.findings if verdict else ()

    def _chosen(self, case: Case, event: dict[str, Any]) -> list[Finding]:
        """The findings that were named, or all that may be waived."""
        from dag_factory.evidence.waiving import waivable

        named = set(_named(event))
        return [finding for finding in self._found(case) if finding.id in named or (_ALL in named and waivable(case, finding))]

    def _failed(self, case: Case) -> Stored[Verdict] | None:
        verdict = case.record.verdict(self.phase)
        said = verdict.says.phasegate if verdict else None
        return verdict if said and said.word == "FAILED" and said.binding.cycle == self.cycle else None

    def _digest(self, case: Case) -> str:
        """The verdict, and all that it rests on."""
        verdict = self._failed(case)
        return hashlib.sha256(f"{verdict.digest if verdict else ''}\n{super()._digest(case)}".encode()).hexdigest()


def _named(event: dict[str, Any]) -> list[str]:
    """The findings that were named, whatever Airflow's API let in."""
    written = (event.get("params_input") or {}).get("findings") or ()
    return [str(one) for one in (written if isinstance(written, list | tuple) else [written])]


def _form(may: list[str]) -> dict[str, Any]:
    from airflow.sdk import Param

    chosen = f"For a waiver: each that is to pass, or `{_ALL}` for every one that may be waived."
    until = "For a waiver: a date such as 2026-12-24, which ends in UTC, or a time with its zone."
    return {
        "findings": Param(
            [], type="array", items={"type": "string"}, examples=[_ALL, *may] if may else [], title="Findings to waive", description=chosen
        ),
        "reason": Param("", type="string", title="Reason", description="Needed for a waiver."),
        "expires": Param("", type="string", title="Until", description=until),
    }
