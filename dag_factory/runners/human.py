"""A person: asked in Airflow's UI, which knows who answers. Nothing is run here; see `dag_factory.operators.human`."""

from __future__ import annotations

from threading import Event
from typing import Any

from dag_factory.errors import RunnerError
from dag_factory.runners.base import Outcome, Request

__all__ = ["HELD", "HumanRunner"]

HELD = ("file", "interface", "json", "markdown", "stories")
"""The kinds of evidence that a form can hold: texts, and documents that can be written as text."""


class HumanRunner:
    """Asks people. Who acted is the login that answered, and is not known before."""

    name = "human"
    reexecutes = False
    waits = False

    def reports(self, value: Any) -> frozenset[str]:  # noqa: ARG002 # the same whatever is bound
        """Tell nothing: people are not measured."""
        return frozenset()

    def principals(self, request: Request) -> tuple[str, ...]:  # noqa: ARG002 # the Protocol asks with a request
        """Name nobody: it is known when somebody has answered."""
        return ()

    def run(self, request: Request, stop: Event) -> Outcome:  # noqa: ARG002 # the Protocol's signature
        """Refuse: a person is asked by Airflow, and no process waits for the answer.

        Raises
        ------
        RunnerError: always.

        """
        raise RunnerError("A person is asked in Airflow's UI, and nowhere else.", remedy="Run this task in Airflow.")
