"""PersonaOperator: has one persona do one task, and attests what it left."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dag_factory.links import EvidenceLink
from dag_factory.operators.base import PlanOperator
from dag_factory.operators.stopwatch import Stopwatch

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dag_factory.evidence.contract import TaskContract
    from dag_factory.operators.attempt import Attempt
    from dag_factory.runners import Outcome

__all__ = ["PersonaOperator"]


class PersonaOperator(PlanOperator):
    """One persona, one task, one attempt.

    0. Refuses to start unless the store holds the signed PASSED verdict of the phase before, for this charter and plan.
    1. Prepares a workspace: a private repository on the base that the gate before approved.
    2. Runs the persona.
    3. Seals what it left in the workspace.
    4. Collects evidence into the store, by digest.
    5. Verifies: runs the plan's own checks in a clean checkout of the sealed commit, and collects what they report.
    6. Attests: signs the statement, after the persona's processes have ended.

    The task is green when its statement is stored, whatever its checks say: the gate alone judges. A persona whose program fails is
    attested as failed, retried as Airflow was told, and then red. What was killed is never attested.

    Parameters
    ----------
    contract: what the task owes.
    phase: the phase in which it is worked on; its own if None.
    cycle: the fix cycle of that phase; 0 for ordinary work.

    """

    template_fields: tuple[str, ...] = ("plan_digest", "runner")
    operator_extra_links = (EvidenceLink(),)

    def __init__(self, *, contract: TaskContract, phase: str | None = None, cycle: int = 0, **kwargs: Any) -> None:
        plan = kwargs["plan"]
        execution = plan.executions[contract.id]
        checks = sum(check.timeout for check in contract.checks)
        kwargs.setdefault("execution_timeout", timedelta(seconds=execution.timeout + checks + 300))
        super().__init__(**kwargs)
        self.persona = contract.persona
        self.runner = contract.runner
        self.cycle = cycle
        self.contract_id = contract.id
        self._contract = contract
        self._phase = phase or contract.phase
        self._stop = threading.Event()

    def execute(self, context: Context) -> None:
        """Do the six steps above."""
        with self._told():
            attempt = self._begun(context)
            failed = self._delivered(attempt, self._work(attempt)) if attempt else None
        if failed and attempt:
            raise (AirflowFailException if attempt.hopeless else AirflowException)(failed)

    def on_kill(self) -> None:
        """End the persona's whole process tree; `execute` goes on, and refuses to attest."""
        self._stop.set()

    def _begun(self, context: Context, *, again: bool = False) -> Attempt | None:
        """Steps 0 and 1; None where there is nothing to do here.

        Parameters
        ----------
        again: whether another process of this attempt began it, and waited: its place is found, or made anew where another worker goes on.

        """
        own = self._own = Stopwatch()
        with own.time("begin"):
            from dag_factory.evidence.handing import submit_command
            from dag_factory.operators.attempt import Attempt
            from dag_factory.operators.resuming import finished
            from dag_factory.operators.stopping import Stop

            stop = Stop(self._stop)
            attempt = Attempt.begin(self._plan, self._contract, self._phase, self.cycle, context["ti"], stop, self.log.info)  # 0
        if not attempt.wanted:
            self.log.info("The product is the one that @%s validated: there is nothing to validate again.", self.persona)
            return None
        if self._contract.external:
            attempt.assign()
            command = submit_command(str(attempt.scope.run.path), self._contract)
            self.log.info("@%s works outside; the gate waits for: %s", self.persona, command)
            return None
        if done := finished(attempt, context["ti"], self.retries or 0):
            self.log.info("Attempt %d is in the store: %s. Nothing is done again.", done.says.binding.attempt, done.says.outcome)
            if done.says.outcome == "failed":
                raise AirflowException(f"@{self.persona} failed in attempt {done.says.binding.attempt}, as its statement says.")
            return None
        with own.time("prepare"):
            attempt.prepare(self._origin(), self._folder, again=again)  # 1
        return attempt

    def _work(self, attempt: Attempt) -> Outcome:
        """Step 2. Who works in another way, over a deferral for one, has its outcome given to `_delivered` when it is there."""
        return attempt.run()

    def _delivered(self, attempt: Attempt, outcome: Outcome) -> str | None:
        """Steps 3 to 6, with whatever came of the work; why it failed, or None.

        What a failed attempt left is sealed and kept, for people and for the next attempt. It counts for nothing.
        """
        own = self._own
        attempt.take(outcome)
        failed = self._why(outcome)
        with own.time("seal"):
            attempt.seal(failed=failed is not None)  # 3
        if failed is None:
            with own.time("collect"):
                attempt.collect()  # 4
            attempt.verify()  # 5
        with own.time("attest"):
            attempt.attest(failed=failed is not None)  # 6
        self.log.info("Attempt %d is in the store: %s", attempt.number, _left(attempt))
        if failed is None:
            with own.time("drop"):
                attempt.drop()
        else:
            self.log.info("The workspace is kept at %s.", attempt.root)
        self.log.info("Phasegate's own part of this task: %s", own)
        return failed

    def _why(self, outcome: Outcome) -> str | None:
        """Why an attempt failed; None where it did not: what a check found is for the gate to judge."""
        if outcome.flaws:
            return f"@{self.persona} failed: {' '.join(flaw.text for flaw in outcome.flaws)}"
        if outcome.ended != "exited":
            return f"@{self.persona} did not end by itself: {outcome.ended}. {outcome.reason}".strip()
        if outcome.exit_code == 0 or self.runner == "check":
            return None
        return f"@{self.persona} failed with exit code {outcome.exit_code}. {outcome.reason}".strip()


def _left(attempt: Attempt) -> str:
    """What an attempt delivered, how its checks ended, and what was refused, for the log."""
    files = ", ".join(f"{entry.name} ({entry.grade})" for entry in attempt.entries)
    checks = ", ".join(
        f"{check.name}: {check.ended if check.exit_code is None else f'exit code {check.exit_code}'}" for check in attempt.checks
    )
    refused = f"; {len(attempt.refusals)} refused" if attempt.refusals else ""
    return f"{files or 'no evidence'}; {f'checks {checks}' if checks else 'no checks'}{refused}."
