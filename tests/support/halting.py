"""A worker that stops in the middle of a step and stays there, until it is killed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator

__all__ = ["Halting", "halt_at"]


class Halting(BaseOperator):
    """A persona's operator that writes its notes; the worker that runs it first halts at a moment after it.

    Parameters
    ----------
    workspace: where it works.
    lab: a folder; its file `halted-` with the moment says that a worker has halted, and then nobody else does.
    at: the moment, see `halt_at`.

    """

    template_fields = ("workspace", "at")

    def __init__(self, *, workspace: str, lab: str, at: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workspace, self.lab, self.at = workspace, lab, at

    def execute(self, context: Any) -> None:
        """Add a line to the notes: whoever goes on from work that was sealed has two."""
        with Path(self.workspace, "NOTES.md").open("a", encoding="utf-8") as notes:
            notes.write("# Notes\n\n## Notes\n\nThree good words.\n")
        here = Path(self.lab, f"halted-{self.at}")
        if not here.exists():
            halt_at(here, self.at)


def halt_at(here: Path, moment: str) -> None:
    """Have this process halt at a moment: in the middle of a step, when a part of it is done.

    Parameters
    ----------
    here: a file that is made then.
    moment: `running` is no such moment: a persona's program halts by itself.

    """
    from dag_factory.evidence.store import RunStore
    from dag_factory.operators import attempt
    from dag_factory.workspace.private import PrivateRepository

    def after(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def paused(*args: Any, **kwargs: Any) -> Any:
            answer = real(*args, **kwargs)
            answer = list(answer) if isinstance(answer, Iterator) else answer
            _pause(here)
            return answer

        setattr(owner, name, paused)

    def before(owner: Any, name: str) -> None:
        real = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: (_pause(here), real(*args, **kwargs))[1])

    places: dict[str, Callable[[], Any]] = {
        "preparing": lambda: after(PrivateRepository, "create"),
        "sealing": lambda: after(PrivateRepository, "seal"),
        "bundling": lambda: after(PrivateRepository, "bundle"),
        "verifying": lambda: before(attempt, "run_check"),
        "collecting": lambda: [after(attempt, name) for name in ("collect", "collect_sealed")],
        "attesting": lambda: before(attempt, "sign"),
        "attested": lambda: _after_statement(RunStore, here),
        "running": lambda: None,
    }
    places[moment]()


def _after_statement(store: Any, here: Path) -> None:
    real = store.create

    def create(self: Any, name: str, data: bytes) -> None:
        real(self, name, data)
        if "/statements/" in name and "/sealed/" not in name:
            _pause(here)

    store.create = create


def _pause(here: Path) -> None:
    """Stay here until killed; who is only told to end goes on, as a step does that was under way."""
    here.touch()
    told = signal.getsignal(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.sigtimedwait({signal.SIGTERM}, 600)
    if callable(told):
        told(signal.SIGTERM, None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
