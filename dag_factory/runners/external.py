"""External: someone outside does the work and delivers it signed, with `phasegate submit`. Nothing is run here."""

from __future__ import annotations

from threading import Event
from typing import Any

from dag_factory.runners.base import Outcome, Request

__all__ = ["ExternalRunner"]


class ExternalRunner:
    """Waits: the gate watches for the statement. Who acted is the pinned key that signed it."""

    name = "external"
    reexecutes = False
    waits = True

    def reports(self, value: Any) -> frozenset[str]:  # noqa: ARG002 # the same whatever is bound
        """Tell nothing: who works outside is not measured."""
        return frozenset()

    def principals(self, request: Request) -> tuple[str, ...]:  # noqa: ARG002 # the Protocol asks with a request
        """Name nobody: an external persona's key is its identity."""
        return ()

    def run(self, request: Request, stop: Event) -> Outcome:
        """Answer at once, with an empty log; a stop that is already set is answered as such."""
        request.log.parent.mkdir(parents=True, exist_ok=True)
        request.log.write_bytes(b"")
        if stop.is_set():
            return Outcome("stopped", None, (), 0, False, "", 0.0)
        return Outcome("exited", 0, (), 0, False, "", 0.0, "The evidence is delivered with `phasegate submit`.")
