"""BroughtTrigger: waits in the triggerer for what is mended outside, and ends its task there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pendulum
from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from dag_factory.errors import PhasegateError
from dag_factory.evidence.asked import mends_outside
from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.scope import Scope
from dag_factory.triggers.watch import Watcher, in_one_thread, names_in, seconds_to

__all__ = ["BroughtTrigger", "awaited"]

_AGAIN = 60.0
"""Seconds after which it looks anew though nothing came: a cycle may have been begun anew, and a clock be ahead."""


def awaited(scope: Scope, plan: str, phase: str, cycle: int) -> tuple[Case, tuple[TaskContract, ...]]:
    """A fix cycle as it stands, and the tasks of those who are still to bring what they mend.

    Raises
    ------
    EnvelopeError, StoreError, KeyFolderError: the run cannot be read.

    """
    case = Case(scope.record(plan, upto=phase), phase, scope.run.blob, pendulum.now("UTC"), cycle)
    return case, mends_outside(case)


class BroughtTrigger(BaseTrigger):
    """Watches the places where fixes are submitted, until all are there or their time is over.

    Parameters
    ----------
    dag_id, run_id: the run.
    charter: the digest of the charter under which the cycle was opened.
    plan: the digest of the plan.
    phase: the phase that is mended.
    cycle: the fix cycle.
    folders: the folders of the run's store to watch.
    deadlines: when waiting for one of them is over, as RFC 3339, the earliest first.

    """

    def __init__(
        self, dag_id: str, run_id: str, charter: str, plan: str, phase: str, cycle: int, folders: list[str], deadlines: list[str]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow has no types here
        self.dag_id, self.run_id, self.charter, self.plan = dag_id, run_id, charter, plan
        self.phase, self.cycle, self.folders, self.deadlines = phase, cycle, folders, deadlines

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the triggerer needs to make this trigger again."""
        names = ("dag_id", "run_id", "charter", "plan", "phase", "cycle", "folders", "deadlines")
        return "dag_factory.triggers.brought.BroughtTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and end the task."""
        try:
            scope = await in_one_thread(lambda: Scope.of(self.dag_id, self.run_id, self.charter))
            while True:
                seen = await in_one_thread(lambda: names_in(scope.run, self.folders))
                _, missing = await in_one_thread(lambda: awaited(scope, self.plan, self.phase, self.cycle))
                if not missing:
                    break
                left = min(seconds_to(self.deadlines, otherwise=_AGAIN), _AGAIN)
                await Watcher.here().changed(lambda: names_in(scope.run, self.folders), seen, at_most=left)
        except PhasegateError as error:
            self.log.error("%s", error)  # noqa: TRY400 # the message says it all; a traceback would bury it
            yield TaskFailedEvent()
            return
        self.log.info("Nothing more is brought from outside.")
        yield TaskSuccessEvent()
