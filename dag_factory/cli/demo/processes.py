"""The four components of Airflow as processes, and their end.

Each runs below a warden (see `dag_factory.runners.warden`), which ends everything the component has started when it is told to, and
also when this process dies without a word: the warden's lifeline then closes by itself.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dag_factory.errors import PhasegateError
from dag_factory.runners import warden

__all__ = ["Airflow", "Component"]

_PATIENCE = warden.GRACE + warden.KILL_PATIENCE + 1.0
_PARTS = {
    "api-server": ("api-server",),
    "dag-processor": ("dag-processor",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


@dataclass(frozen=True)
class Component:
    """A program below its warden."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ended(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.process.poll()

    def release(self) -> None:
        """Let go of the warden's lifeline: it ends whatever still runs below it."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]

    def last_words(self) -> str:
        """The last thing it printed."""
        lines = [line.strip() for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"


class Airflow:
    """Airflow's components, started together and ended together.

    Parameters
    ----------
    environment: what they see.
    folder: where they run.
    logs: the folder for what they print, one file each.
    airflow: the command of Airflow.

    """

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        logs: Path,
        airflow: Sequence[str] = (sys.executable, "-m", "airflow"),
    ) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._logs = logs
        self._airflow = tuple(airflow)
        self._migration: Component | None = None
        self._components: list[Component] = []

    def start(self) -> None:
        """Start the API server and, beside it, the making of the database: the server takes three times as long, and needs none until asked."""
        self._migration = self._begin("db-migrate", "db", "migrate")
        self.begin("api-server", AIRFLOW__DATABASE__CHECK_MIGRATIONS="False")

    def begin(self, name: str, **extra: str) -> None:
        """Start one component.

        Parameters
        ----------
        name: api-server, dag-processor, scheduler or triggerer.
        extra: what it sees beyond what all of them do.

        """
        if name == "api-server":
            # Its audit log writes on its event loop: while a task's request holds SQLite's lock, that request cannot end before the loop goes on,
            # and the loop waits for the lock. So it waits for a short time only, and whoever asked asks again.
            extra |= {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self._folder}/airflow.db?timeout=3"}
        self._components.append(self._begin(name, *_PARTS[name], **extra))

    def look(self) -> None:
        """Start what waits for the database once that is there, and see that nothing has ended.

        Raises
        ------
        PhasegateError: a component has ended.

        """
        if self._migration is not None and self._migration.ended is not None:
            if self._migration.ended:
                raise _ended(self._migration)
            self._migration.release()
            self._migration = None
            for name in _PARTS:
                if name != "api-server":
                    self.begin(name)
        for component in self._components:
            if component.ended is not None:
                raise _ended(component)

    def stop(self) -> None:
        """End every component and everything it has started, whatever state it is in; done within five seconds."""
        running = [*self._components, *([self._migration] if self._migration else [])]
        for component in running:
            component.release()
        deadline = time.monotonic() + _PATIENCE
        for component in running:
            try:
                component.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                component.process.kill()
                component.process.wait()
        self._components, self._migration = [], None

    def _begin(self, name: str, *args: str, **extra: str) -> Component:
        log = self._logs / f"{name}.log"
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", warden.__file__, *self._airflow, *args],
                cwd=self._folder,
                env=self._environment | extra,
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Component(name, process, log)


def _ended(component: Component) -> PhasegateError:
    return PhasegateError(
        f"Airflow's {component.name} ended with code {component.ended}: {component.last_words()}", remedy=f"Its log is {component.log}."
    )
