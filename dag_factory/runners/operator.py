"""An Airflow operator: it works in the task's own process. Nothing is run here; see `dag_factory.operators.stock`.

The value is `{"path": import path, "arguments": {...}}`. Who acts is what the author wrote: the path and the arguments, by digest.
"""

from __future__ import annotations

from threading import Event
from typing import Any

from dag_factory.errors import RunnerError
from dag_factory.runners.base import Outcome, Request
from dag_factory.runners.principals import static_principals

__all__ = ["OperatorRunner"]


class OperatorRunner:
    """Has one of Airflow's operators work."""

    name = "operator"
    reexecutes = False
    waits = False

    def reports(self, value: Any) -> frozenset[str]:  # noqa: ARG002 # the same whatever is bound
        """Tell nothing: what an operator starts elsewhere, it alone can measure."""
        return frozenset()

    def principals(self, request: Request) -> tuple[str, ...]:
        """Digest what the author wrote."""
        return static_principals(self.name, request.work.get(self.name))

    def run(self, request: Request, stop: Event) -> Outcome:  # noqa: ARG002 # the Protocol's signature
        """Refuse: an operator needs Airflow around it.

        Raises
        ------
        RunnerError: always.

        """
        raise RunnerError("An operator works in a task of Airflow, and nowhere else.", remedy="Run this task in Airflow.")
