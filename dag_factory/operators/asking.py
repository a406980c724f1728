"""AskOperator: asks a person in Airflow's UI, holding no slot, and keeps the answer as a signed decision.

Airflow authenticates who answers and tells the login; it does not stop the one who started the run, or who made the work, from answering. That is
done here when the answer comes, and again by every gate that counts it. One try of a task is one question: its answer is compared with the digest of
what was asked, so an answer to something that has changed since is none. After an answer that is none somebody is asked again, a few times;
silence is not asked twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskAwaitingInput

from dag_factory.errors import PhasegateError
from dag_factory.links import VerdictLink, question_page
from dag_factory.notices import Notice
from dag_factory.operators.base import refuse_unless_open
from dag_factory.operators.wording import plain, quoted, typed
from dag_factory.plan import Plan
from dag_factory.telling import Tell, Telling

if TYPE_CHECKING:
    from airflow.sdk import Context, Param

    from dag_factory.evidence.decisions import Decision
    from dag_factory.evidence.policies.case import Case
    from dag_factory.evidence.statement import Binding
    from dag_factory.scope import Scope

__all__ = ["ASKED_AGAIN", "AskOperator", "Question"]

ASKED_AGAIN = 3
"""How often a question is put again, by itself, after an answer that does not count."""


@dataclass(frozen=True)
class Question:
    """What a person reads, the digest of what it is about, the form they fill in, and what was found: an id and a text each."""

    subject: str
    body: str
    asked: str
    form: dict[str, Param] = field(default_factory=dict)
    findings: tuple[tuple[str, str], ...] = ()


class AskOperator(Telling, HITLOperator):
    """Asks one of some people; what comes back is a decision or a failure.

    Parameters
    ----------
    plan: the plan of the workflow.
    phase: the phase in question.
    cycle: the fix cycle whose gate it is about; 0 for the ordinary work.
    people: the logins who may answer.
    wait: seconds to wait for an answer.

    """

    ui_color = "#fbcfe8"
    template_fields = ("plan_digest",)  # never the question: it quotes what others wrote
    operator_extra_links = (VerdictLink(),)
    renewed = True  # whether it can be asked at once about what has changed since; where a gate must look first it cannot

    def __init__(self, *, plan: Plan, phase: str, cycle: int, people: Sequence[str], wait: int, options: list[str], **kwargs: Any) -> None:
        kwargs |= {"retries": ASKED_AGAIN, "retry_delay": timedelta(0)}
        told = plan.presentation.notify.get("decision-needed", ())
        super().__init__(
            notifiers=[Tell("decision-needed", told)] if told else [],  # type: ignore[list-item] # Airflow only calls it
            subject=f"{plan.workflow}: {plan.contract.phase(phase).title}", options=options, response_timeout=timedelta(seconds=wait),
            assigned_users=[{"id": login, "name": login} for login in people], **kwargs,
        )  # fmt: skip
        self.plan_digest = plan.digest
        self.phase, self.cycle, self.people = phase, cycle, list(people)
        self.judged = ""  # the digest of the verdict it asks about, for its link
        self._plan = plan

    def question(self, scope: Scope, case: Case, ti: Any) -> Question:
        """What is asked; a subclass says, and may end the task instead."""
        raise NotImplementedError

    def answered(self, scope: Scope, case: Case, answer: Decision, event: dict[str, Any]) -> None:
        """What follows from an answer that counts; a subclass says."""
        raise NotImplementedError

    def decision(self, case: Case, event: dict[str, Any], *, asked: str, by: str, name: str, ti: Any) -> Decision:
        """The answer as it will be signed; a subclass says what an option means."""
        raise NotImplementedError

    def needed(self, case: Case) -> int:  # noqa: ARG002 # for a subclass to look at
        """How many people must answer, be it elsewhere; a subclass says."""
        return 1

    def binding(self, case: Case, ti: Any) -> Binding:
        """What an answer belongs to."""
        from dag_factory.evidence.run import binding_of

        return binding_of(case.record, self.phase, ti.task_id.rpartition(".")[2], ti.try_number, cycle=self.cycle)

    def execute(self, context: Context) -> Any:
        """Ask, and wait without a worker."""
        try:
            scope, case = self._look(context["ti"])
            question = self.question(scope, case, context["ti"])
            refuse_unless_open(case)
            self.judged = _judged(case)
            closing = self._able(case)
        except PhasegateError as error:
            raise AirflowFailException(str(error)) from error
        self.subject, self.body = question.subject, "\n\n".join([*_before(case, context["ti"]), question.body, *closing])
        self.params = ParamsDict(question.form)
        self.said = self._notice(context["ti"], question)
        self.log.info("Asking %s: %s", ", ".join(self.people), question.subject)
        try:
            return super().execute(context)
        except TaskAwaitingInput as parked:
            parked.kwargs = {"asked": question.asked, "after": self.judged}
            raise

    def execute_complete(self, context: Context, event: dict[str, Any], asked: str = "", after: str | None = None) -> Any:
        """Take the answer, if it is one: given in time, by somebody, who has no part in the run, about what still is as it was.

        Parameters
        ----------
        asked: the digest of what was asked about.
        after: the newest verdict on the phase when it was asked; a gate that answered since has closed that round.

        """
        self.judged = after or ""
        try:
            scope, case = self._look(context["ti"])
            refuse_unless_open(case)
            by, name = _who(event)
            moved = self._moved(case, asked)
            over = self._silent(event, by) or _closed(case, after) or ("" if self.renewed else moved)
            void = over or self._nobody(case, by, name) or self._strange(event) or moved or self.unfit(case, event, by, name)
            if void:
                void = typed(void)
                self._keep(scope, case, self._void(case, void, asked=asked, by=by, name=name, ti=context["ti"]))
                raise _failure(void, context["ti"], again=not over)
            answer = self.decision(case, event, asked=asked, by=by, name=name, ti=context["ti"])
            self._keep(scope, case, answer)
            self.answered(scope, case, answer, event)
        except PhasegateError as error:
            raise AirflowFailException(str(error)) from error
        self.log.info("%s answered: %s. %s", by, answer.answer, answer.reason)
        return {"answer": answer.answer, "by": by}

    def _able(self, case: Case) -> list[str]:
        """Ask those alone who have no part in the run, as far as their logins tell; why the others may not answer, a line each.

        Raises
        ------
        AirflowFailException: too few are left. There is nothing to wait for, and no answer that could take back an earlier one.

        """
        from dag_factory.evidence.policies.consent import partial, same

        refused = {login: reason for login in self.people if (reason := partial(case.record, login))}
        self.people = [login for login in self.people if login not in refused]
        need = self.needed(case)
        if len({same(login) for login in self.people}) < need:
            who = f"Of those who are asked only {', '.join(self.people)} may" if self.people else "None of those who are asked may"
            more = f", and {need} people must" if need > 1 else ""
            raise AirflowFailException(f"{who} answer{more}: {'; '.join(refused.values())}. Name somebody else in the spec.")
        self.assigned_users = [{"id": login, "name": login} for login in self.people]
        return [f"{plain(login)} may not answer: {plain(reason)}." for login, reason in refused.items()]

    def _notice(self, ti: Any, question: Question) -> Notice:
        """What those are told who answer."""
        word = "FAILED" if question.findings else "waits for approval"
        return Notice(
            "decision-needed", ti.dag_id, ti.run_id, word, question_page(ti), self._plan.contract.phase(self.phase).title, self.cycle,
            question.findings, tuple(self.people),
        )  # fmt: skip

    def _digest(self, case: Case) -> str:
        """The digest of what is asked about: a subclass may ask about more than the statements."""
        from dag_factory.evidence.policies.consent import asked_of

        return asked_of(case)

    def _look(self, ti: Any) -> tuple[Scope, Case]:
        import pendulum

        from dag_factory.evidence.policies.case import Case
        from dag_factory.scope import Scope

        scope = Scope.of_task(ti)
        record = scope.record(self.plan_digest, upto=self.phase)
        return scope, Case(record, self.phase, scope.run.blob, pendulum.now("UTC"), self.cycle)

    def unfit(self, case: Case, event: dict[str, Any], by: str, name: str) -> str:  # noqa: ARG002 # for a subclass to look at
        """Why an answer cannot be taken as it was given; empty if it can. A subclass says."""
        return ""

    def _silent(self, event: dict[str, Any], by: str) -> str:
        """That nobody answered; empty if somebody did."""
        if "error" in event or event.get("timedout"):
            return f"Nobody answered in time; asked: {', '.join(self.people)}. Silence is a stop."
        return "" if by else "The answer does not count: nobody is known to have given it. That is a stop."

    def _nobody(self, case: Case, by: str, name: str) -> str:
        """Why who answered may not; empty if they may."""
        from dag_factory.evidence.policies.consent import partial

        reason = partial(case.record, by, name)
        if reason is None and not {by, name} & set(self.people):
            reason = f"{by} is none of those who may answer: {', '.join(self.people)}"
        return f"The answer does not count: {reason}." if reason else ""

    def _strange(self, event: dict[str, Any]) -> str:
        """Why it is no answer to what was asked, whatever Airflow's API let in; empty if it is one."""
        chosen = event.get("chosen_options") or []
        if len(chosen) == 1 and chosen[0] in self.options:
            return ""
        return f"The answer does not count: it is none of {', '.join(self.options)}."

    def _moved(self, case: Case, asked: str) -> str:
        """That it is about what lies here no more; empty if it is not."""
        if self._digest(case) == asked:
            return ""
        more = "" if self.renewed else " Clear the task before this one that looks at the evidence, with what comes after it."
        return f"The answer does not count: what was asked about has changed since.{more}"

    def _void(self, case: Case, reason: str, *, asked: str, by: str, name: str, ti: Any) -> Decision:
        """That there is no answer, and why."""
        from dag_factory.evidence.decisions import Decision
        from dag_factory.evidence.statement import now

        return Decision(
            binding=self.binding(case, ti), asked=asked, answer="void", by=by, name=name, reason=reason, findings=(),
            decided_at=now(),
        )  # fmt: skip

    def _keep(self, scope: Scope, case: Case, answer: Decision) -> None:
        from dag_factory.evidence.keys import AUTHORITY
        from dag_factory.evidence.statement import sign

        folder = f"{case.record.charter.digest[:16]}/decisions/{self.phase}"
        scope.run.append(folder, sign(answer, {"asked": {"sha256": answer.asked}}, scope.keys.signer(AUTHORITY)))


def _who(event: dict[str, Any]) -> tuple[str, str]:
    """Who answered, by id and by name; empty where nobody did."""
    user = event.get("responded_by_user") or {}
    return str(user.get("id") or ""), str(user.get("name") or "")


def _closed(case: Case, after: str | None) -> str:
    """Why there is no such question any more; empty if there is."""
    if after is None or _judged(case) == after:
        return ""
    return (
        "This question is of an old round: a gate of the phase has answered since it was asked, and the answer counts for nothing. "
        "`phasegate status` tells what is asked now, and of whom."
    )


def _failure(void: str, ti: Any, *, again: bool) -> AirflowException:
    """What ends a try whose answer is none."""
    if not again:
        return AirflowFailException(void)
    if ti.try_number > ti.max_tries:
        return AirflowFailException(f"{void} Clear this task to be asked again.")
    return AirflowException(f"{void} It is asked again.")


def _before(case: Case, ti: Any) -> list[str]:
    """What came of the try before this one, where its answer did not count."""
    this = case.cycle, ti.task_id.rpartition(".")[2]
    given = [stored.says for stored in case.record.decisions.get(case.phase_id, ())]
    last = [said for said in given if (said.binding.cycle, said.binding.task) == this]
    if not last or last[-1].answer != "void" or not last[-1].by or last[-1].binding.attempt != ti.try_number - 1:
        return []
    return [f"**You are asked again.** {quoted(last[-1].reason)}"]


def _judged(case: Case) -> str:
    """The newest verdict on the phase, whichever cycle's gate gave it."""
    verdict = case.record.verdict(case.phase_id)
    return verdict.digest if verdict else ""
