"""What tests ask of a real Airflow beyond what the demo asks: what marks, deletes, and looks closer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from dag_factory.cli.demo.api import Api, ApiError

__all__ = ["Rest"]


class Rest(Api):
    """Airflow's REST API, asked again where it did not answer (see `dag_factory.cli.demo.processes`)."""

    def task(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """One task instance, as Airflow tells it."""
        return self._ask("GET", self._path(dag_id, run_id, task_id))

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Start a run."""
        self._insist(409, super().trigger, dag_id, run_id)

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Set a task's state by hand, as a person does in the UI."""
        self._insist(409, self._ask, "PATCH", self._path(dag_id, run_id, task_id), {"new_state": state})

    def delete(self, dag_id: str, run_id: str) -> None:
        """Delete a run. The answer has no body, which counts as none: it is asked until there is no such run."""
        self._insist(404, self._ask, "DELETE", self._path(dag_id, run_id))

    def verdict(self, dag_id: str, run_id: str, task_id: str) -> str:
        """What a gate says in the XCom it leaves when it ends from the triggerer."""
        value = self._ask("GET", f"{self._path(dag_id, run_id, task_id)}/xcomEntries/verdict")["value"]
        return str(json.loads(json.loads(value))["verdict"])

    def insist(self, method: str, path: str, body: Any = None) -> None:
        """Have something changed that is the same when it is asked twice."""
        self._insist(409, self._ask, method, path, body)

    def pool(self) -> dict[str, Any]:
        """The default pool and its slots."""
        return self._ask("GET", "/api/v2/pools/default_pool")

    def filling(self, dag_id: str) -> bool:
        """Whether a backfill of this DAG is not closed: the scheduler looks every 30 seconds for those whose runs have ended."""
        return any(one["completed_at"] is None for one in self._ask("GET", f"/api/v2/backfills?dag_id={quote(dag_id)}")["backfills"])

    @staticmethod
    def _insist(done: int, ask: Callable[..., object], *args: object) -> None:
        """Ask again where there was no answer (see `Rest`); `done` is HTTP's code for what is done already."""
        said: list[ApiError] = []
        for pause in (0, 0.5, 1, 2, 4, 8, 8):  # seconds: SQLite may be locked by another writer for a moment
            time.sleep(pause)
            try:
                ask(*args)
            except ApiError as error:
                if error.code == done and said:
                    return
                if error.code and error.code < 500:
                    raise
                said.append(error)
            else:
                return
        raise AssertionError(f"no answer to {args}: {said}")

    @staticmethod
    def _path(dag_id: str, run_id: str, task_id: str | None = None) -> str:
        run = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}"
        return run if task_id is None else f"{run}/taskInstances/{quote(task_id)}"  # of a mapped one also its index, after a slash
