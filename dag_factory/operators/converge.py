"""ConvergeOperator: merges what a phase sealed, and runs on the whole what needs the whole."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dag_factory.links import EvidenceLink
from dag_factory.operators.base import PlanOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["ConvergeOperator"]


class ConvergeOperator(PlanOperator):
    """Merges the sealed commits of a phase, in plan order, onto the base that was approved, and re-executes checks on the merge.

    The merge is deterministic: the same sealed commits give the same commit. What does not fit is left out, and is a finding. The
    task is green when its statement is stored; the gate alone judges.

    Parameters
    ----------
    phase: the phase whose work is merged.
    cycle: the fix cycle whose work is merged; 0 for ordinary work.
    step: `converge` merges what was made or mended, `join` what validators wrote after it.

    """

    ui_color = "#bae6fd"
    operator_extra_links = (EvidenceLink(),)

    def __init__(self, *, phase: str, cycle: int = 0, step: str = "converge", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.phase, self.cycle, self.step = phase, cycle, step
        self._stop = threading.Event()

    def on_kill(self) -> None:
        """End the check that runs."""
        self._stop.set()

    def execute(self, context: Context) -> None:
        """Merge, check, attest."""
        from dag_factory.errors import RunnerError
        from dag_factory.operators.merging import Merging
        from dag_factory.operators.stopping import Stop

        with self._told():
            stop = Stop(self._stop)
            merging = Merging.begin(self._plan, self.phase, self.cycle, self.step, context["ti"], self._origin())
            merged = merging.merge()
            self.log.info("Merged %d of %d sealed commits: %s", len(merged.merged), len(merging.sealed), merged.commit)
            for conflict in merged.conflicts:
                self.log.warning("%s does not fit: %s", conflict.name, conflict.text)
            merging.keep(merged)
            merging.check(merged.commit, self._folder, lambda line: self.log.info("%s", line), stop)
            if stop.is_set():
                raise RunnerError("The merge was stopped; nothing of it is attested.", remedy="Clear the task to have it done again.")
            merging.attest(merged)
            merging.place.drop()
