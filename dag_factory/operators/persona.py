"""PersonaOperator: has one persona do one task, and attests what it left."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException

from dag_factory.links import EvidenceLink
from dag_factory.operators.base import PlanOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dag_factory.evidence.contract import TaskContract
    from dag_factory.runners import Outcome

__all__ = ["PersonaOperator"]


class PersonaOperator(PlanOperator):
    """One persona, one task, one attempt.

    0. Refuses to start unless the store holds the signed PASSED verdict of the phase before, for this charter and plan.
    1. Prepares a workspace: a private repository on the base that the gate before approved.
    2. Runs the persona.
    3. Seals what it left in the workspace.
    4. Verifies: runs the plan's own checks in a clean checkout of the sealed commit.
    5. Collects evidence into the store, by digest.
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
            failed = self._attempt(context)
        if failed:
            raise AirflowException(failed)

    def on_kill(self) -> None:
        """End the persona's whole process tree; `execute` goes on, and refuses to attest."""
        self._stop.set()

    def _attempt(self, context: Context) -> str | None:
        own = _Stopwatch()
        with own.time("begin"):
            from dag_factory.operators.attempt import Attempt

            attempt = Attempt.begin(self._plan, self._contract, self._phase, self.cycle, context["ti"], self._stop, self.log.info)  # 0
        if not attempt.wanted:
            self.log.info("The product is the one that @%s validated: there is nothing to validate again.", self.persona)
            return None
        if self._contract.external:
            attempt.assign()
            self.log.info("@%s works outside: the gate waits for `phasegate submit`.", self.persona)
            return None
        with own.time("prepare"):
            place = attempt.prepare(self._origin(), self._folder)  # 1
        outcome = attempt.run()  # 2
        failed = None if outcome.ended == "exited" and (outcome.exit_code == 0 or self.runner == "check") else self._why(outcome)
        if failed is None:
            with own.time("seal"):
                attempt.seal()  # 3
            attempt.verify()  # 4
            with own.time("collect"):
                attempt.collect()  # 5
        with own.time("attest"):
            attempt.attest(failed=failed is not None)  # 6
        if failed is None:
            with own.time("drop"):
                place.drop()
        else:
            self.log.info("The workspace is kept at %s.", place.root)
        self.log.info("Phasegate's own part of this task: %s", own)
        return failed

    def _why(self, outcome: Outcome) -> str:
        if outcome.ended == "exited":
            return f"@{self.persona} failed with exit code {outcome.exit_code}. {outcome.reason}".strip()
        return f"@{self.persona} did not end by itself: {outcome.ended}. {outcome.reason}".strip()


class _Stopwatch:
    """How long Phasegate's own steps took: what a team pays for the evidence, beside the persona and its checks.

    Loading the code is part of it. The clean checkout that each check runs in is not: it is made as part of running the check. The
    processor's time, of this process and the gits it started, says what the steps cost where tasks share the cores.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._busy = 0.0

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        """Time one step."""
        began, busy = time.perf_counter(), _processor_time()
        try:
            yield
        finally:
            self._seconds[step] = time.perf_counter() - began
            self._busy += _processor_time() - busy

    def __str__(self) -> str:
        parts = ", ".join(f"{step} {seconds * 1000:.0f} ms" for step, seconds in self._seconds.items())
        return f"{sum(self._seconds.values()) * 1000:.0f} ms, {self._busy * 1000:.0f} ms of the processor ({parts})"


def _processor_time() -> float:
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)
