"""The few requests the demo makes of Airflow's REST API (https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dag_factory.errors import PhasegateError

__all__ = ["Api", "ApiError", "TaskState"]


class ApiError(PhasegateError):
    """The API server did not answer, or not as asked. `code` is HTTP's, and 0 where there was no answer."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class TaskState:
    """How one task stands: `state` is Airflow's word, empty before it has one. Of a mapped task, `index` and `label` say which instance it is."""

    task_id: str
    state: str
    index: int = -1
    label: str = ""


class Api:
    """Airflow behind a URL on this machine, where everyone is an admin."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, bool]:
        """Which parts say that they are well; the API server itself is among them. Empty while it does not answer."""
        try:
            said = self._ask("GET", "/api/v2/monitor/health")
        except ApiError:
            return {}
        return {"api-server": True} | {
            name.replace("_", "-"): part.get("status") == "healthy" for name, part in said.items() if isinstance(part, dict)
        }

    def warm(self) -> None:
        """Have the server build the API that tasks talk to: it does so at the first request, which takes seconds a task would wait."""
        try:
            self._ask("GET", "/execution/health", timeout=60)
        except ApiError:
            return

    def knows(self, dag_id: str) -> bool:
        """Whether the DAG is there to be run."""
        try:
            return not self._ask("GET", f"/api/v2/dags/{quote(dag_id)}").get("is_stale", False)
        except ApiError as error:
            if error.code == 404:
                return False
            raise

    def import_errors(self) -> list[str]:
        """What kept DAG files from being loaded: the last line of each."""
        found = self._ask("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{item['filename']}: {item['stack_trace'].strip().splitlines()[-1]}" for item in found]

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Start a run."""
        self._ask("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", {"dag_run_id": run_id, "logical_date": None})

    def run_state(self, dag_id: str, run_id: str) -> str:
        """How the run stands, in Airflow's word."""
        return str(self._ask("GET", f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """How every task of the run stands."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances?limit=100"
        found: list[TaskState] = []
        while True:
            said = self._ask("GET", f"{path}&offset={len(found)}")
            page = [
                TaskState(item["task_id"], item["state"] or "", item.get("map_index", -1), item.get("rendered_map_index") or "")
                for item in said["task_instances"]
            ]
            found += page
            if not page or len(found) >= said["total_entries"]:
                return found

    def _ask(self, method: str, path: str, body: Any = None, *, timeout: float = 20) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - http, our own
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                said = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            words = error.read(500).decode("utf-8", "replace")
            raise ApiError(f"Airflow answered {error.code} to {method} {path}: {words}", error.code) from error
        except (OSError, ValueError) as error:
            raise ApiError(f"Airflow did not answer {method} {path}: {error}", 0) from error
        if not isinstance(said, dict):
            raise ApiError(f"Airflow answered {method} {path} with something else than an object.", 0)
        return said
