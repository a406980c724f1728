"""A check: Phasegate runs the command itself, so its evidence is re-executed by nature and nobody else acts."""

from __future__ import annotations

from threading import Event
from typing import Any

from dag_factory.runners.base import Outcome, Request
from dag_factory.runners.command import run_command

__all__ = ["CheckRunner"]


class CheckRunner:
    """Runs a check; the value is written like a command's. It has no principals."""

    name = "check"
    reexecutes = True
    waits = False

    def reports(self, value: Any) -> frozenset[str]:  # noqa: ARG002 # the same whatever is bound
        """Tell how long it took, and nothing else."""
        return frozenset({"time"})

    def principals(self, request: Request) -> tuple[str, ...]:  # noqa: ARG002 # the Protocol asks with a request
        """Name nobody: what Phasegate runs on a sealed revision is nobody's claim."""
        return ()

    def run(self, request: Request, stop: Event) -> Outcome:
        """Run the check."""
        return run_command(request, self.name, stop)
