"""GateTrigger: waits in the triggerer for evidence brought from outside, and ends the gate there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from dag_factory.errors import PhasegateError
from dag_factory.evidence.verify import Judgement
from dag_factory.links import VerdictLink
from dag_factory.notices import Notice
from dag_factory.plan.models import Notifier
from dag_factory.scope import Scope
from dag_factory.telling import deliver
from dag_factory.triggers.judge import ask, notice_of, summary, told
from dag_factory.triggers.watch import Watcher, in_one_thread, names_in, seconds_to

__all__ = ["GateTrigger"]


class GateTrigger(BaseTrigger):
    """Watches the places where evidence is submitted; asks the gate again when something came, and when its time is over.

    The gate ends from here, never on a worker: a task that defers and is resumed within a second can be failed by the scheduler.

    Parameters
    ----------
    dag_id, run_id: the run.
    charter: the digest of the charter under which the gate was opened.
    plan: the digest of the plan the gate was built from.
    phase: the phase's id.
    attempt: the gate's try.
    folders: the folders of the run's store to watch.
    deadlines: when waiting for one of the external tasks is over, as RFC 3339, the earliest first.
    title: the phase's title, for the log.
    cycle: the fix cycle it closes; 0 for the ordinary work.
    consent: whether those who must agree are asked for too.
    notify: whom to tell, by event: Airflow calls nobody in a worker for a task that ends here.

    """

    def __init__(
        self,
        dag_id: str,
        run_id: str,
        charter: str,
        plan: str,
        phase: str,
        attempt: int,
        folders: list[str],
        deadlines: list[str],
        title: str,
        cycle: int = 0,
        *,
        consent: bool = True,
        notify: dict[str, list[dict[str, Any]]] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow has no types here
        self.dag_id, self.run_id, self.charter, self.plan, self.phase = dag_id, run_id, charter, plan, phase
        self.attempt, self.folders, self.deadlines, self.title = attempt, folders, deadlines, title
        self.cycle, self.consent, self.notify = cycle, consent, notify or {}

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger again."""
        names = ("dag_id", "run_id", "charter", "plan", "phase", "attempt", "folders", "deadlines", "title", "cycle", "consent", "notify")
        return "dag_factory.triggers.gate.GateTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, ask, and end the task with the verdict."""
        key = VerdictLink().xcom_key  # no worker will compute it
        try:
            judgement, kept = await self._judged()
        except PhasegateError as error:
            self.log.error("%s", error)  # noqa: TRY400 # the message says it all; a traceback would bury it
            page = VerdictLink.to(self, self.phase)
            found = (("error", str(error)),)
            await self._tell(Notice("gate-failed", self.dag_id, self.run_id, "has no verdict", page, self.title, self.cycle, found))
            yield TaskFailedEvent(xcoms={"verdict": str(error), key: page})
            return
        for line in told(judgement, f"Gate of phase {self.title}"):
            self.log.info(line)
        await self._tell(notice_of(judgement, self, self.title, kept))
        event = TaskFailedEvent if judgement.findings else TaskSuccessEvent
        yield event(xcoms={"verdict": summary(judgement), "judged": kept, key: VerdictLink.to(self, self.phase, kept)})

    async def _tell(self, notice: Notice) -> None:
        """Tell before the end: what comes after it may never run. Who ends a gate again, after a triggerer was lost, tells again."""
        asked = [Notifier.model_validate(one) for one in self.notify.get(notice.event, ())]
        if asked:
            await asyncio.to_thread(deliver, asked, notice, {"run_id": self.run_id})

    async def _judged(self) -> tuple[Judgement, str]:
        scope = await in_one_thread(lambda: Scope.of(self.dag_id, self.run_id, self.charter))
        while True:
            seen = await in_one_thread(lambda: names_in(scope.run, self.folders))
            judgement, kept = await in_one_thread(
                lambda: ask(scope, self.plan, self.phase, self.attempt, cycle=self.cycle, consent=self.consent)
            )
            if judgement.word != "INCONCLUSIVE":
                return judgement, kept
            left = seconds_to(self.deadlines, otherwise=1.0)  # all are over: no gate should see that
            await Watcher.here().changed(lambda: names_in(scope.run, self.folders), seen, at_most=left)
            await asyncio.sleep(0)
