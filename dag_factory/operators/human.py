"""HumanOperator: a task that a person does, in Airflow's UI, holding no slot while they think."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, TaskAwaitingInput

from dag_factory.links import question_page
from dag_factory.notices import Notice
from dag_factory.operators.fix import FixOperator
from dag_factory.operators.persona import PersonaOperator
from dag_factory.telling import Tell, Telling

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dag_factory.operators.attempt import Attempt
    from dag_factory.operators.form import Field
    from dag_factory.operators.question import Asked
    from dag_factory.runners import Outcome

__all__ = ["HumanFixOperator", "HumanOperator"]


class HumanOperator(Telling, PersonaOperator):
    """One of some people does one task.

    1. Begins as every persona does, and looks what there is to be changed.
    2. Asks those who have no part in it, and parks: no worker and no triggerer waits. The workspace is dropped meanwhile.
    3. When the answer comes, begins again, holds it against what was asked, and writes its files.
    4. Seals, collects, verifies and attests as everywhere. The principal is the login that Airflow authenticated.

    An answer that does not count, and silence, are an attempt that failed; a retry asks anew.
    """

    ui_color = "#fbcfe8"

    def execute(self, context: Context) -> None:
        """Ask."""
        failed = None
        with self._told():
            attempt = self._begun(context)
            if attempt is not None:
                from dag_factory.operators.question import ask

                asked = ask(attempt)
                if asked.people:
                    attempt.drop()
                    self._park(context, attempt, asked)
                failed = self._delivered(attempt, self._unanswerable(asked))
        if failed:
            raise AirflowException(failed)

    def execute_complete(self, context: Context, event: dict[str, Any], asked: str = "", since: str = "") -> None:
        """Take the answer.

        Parameters
        ----------
        asked: the digest of what was asked.
        since: when it was asked.

        """
        failed = None
        with self._told():
            attempt = self._begun(context, again=True)
            if attempt is not None:
                from dag_factory.operators.answer import take_answer
                from dag_factory.operators.question import ask

                attempt.started_at = since or attempt.started_at
                failed = self._delivered(attempt, take_answer(attempt, ask(attempt), event, asked))
        if failed:
            raise AirflowException(failed)

    def _park(self, context: Context, attempt: Attempt, asked: Asked) -> None:
        """Put the question, tell those who answer, and wait.

        Raises
        ------
        TaskAwaitingInput: always.

        """
        from airflow.sdk.execution_time.hitl import upsert_hitl_detail

        ti = context["ti"]
        timeout = self._plan.executions[self._contract.id].timeout
        end = attempt.case.ends_at()
        if end is not None and end > attempt.case.now:
            timeout = max(1, min(timeout, int((end - attempt.case.now).total_seconds())))
        upsert_hitl_detail(
            ti_id=ti.id, options=list(asked.options), subject=asked.subject, body=asked.body, multiple=False,
            params={field.name: _param(field) for field in asked.fields}, assigned_users=[{"id": login, "name": login} for login in asked.people],
        )  # fmt: skip
        self.said = Notice(
            "decision-needed", ti.dag_id, ti.run_id, "waits for an answer", question_page(ti), self._plan.contract.phase(self._phase).title,
            self.cycle, asked.findings, asked.people,
        )  # fmt: skip
        if told := self._plan.presentation.notify.get("decision-needed"):
            Tell("decision-needed", told)(context)
        self.log.info("Asking %s: %s", ", ".join(asked.people), asked.subject)
        for login, reason in asked.refused.items():
            self.log.info("%s may not answer: %s.", login, reason)
        raise TaskAwaitingInput(
            method_name="execute_complete", kwargs={"asked": asked.digest, "since": attempt.started_at}, timeout=timedelta(seconds=timeout)
        )

    def _unanswerable(self, asked: Asked) -> Outcome:
        """What comes of a question that nobody may answer."""
        from dag_factory.runners import Flaw, Outcome

        why = "; ".join(f"{login}: {reason}" for login, reason in asked.refused.items())
        flaw = Flaw("answer-void", f"None of those who are asked may answer: {why}. Name somebody else in the spec.")
        return Outcome("not-started", None, (), 0, False, "", 0.0, flaws=(flaw,))

    def _why(self, outcome: Outcome) -> str | None:
        """Why an attempt failed, in words for people; None where it did not."""
        return None if outcome.exit_code == 0 and not outcome.flaws else f"@{self.persona}: {outcome.why}"


class HumanFixOperator(FixOperator, HumanOperator):
    """A person mends; each order is a question of its own."""


def _param(field: Field) -> dict[str, Any]:
    """A field as Airflow's forms have it."""
    from airflow.sdk import Param

    schemas: dict[str, dict[str, Any]] = {
        "text": {"type": ["string", "null"], "format": "multiline"},
        "line": {"type": ["string", "null"]},
        "choice": {"type": ["string", "null"], "enum": [*field.choices, None]},
        "document": {"type": ["array" if isinstance(field.begins, list) else "object", "null"]},
        "list": {"type": ["array", "null"], "items": {"type": "string"}},
    }
    begins = list(field.begins) if isinstance(field.begins, tuple) else field.begins
    made: dict[str, Any] = Param(begins, field.says or None, schema={"title": field.title, **schemas[field.holds]}).serialize()
    return made
