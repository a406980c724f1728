"""People at a real Airflow: each with a token of their own, as its simple auth manager gives one to whoever logs in."""

from __future__ import annotations

import configparser
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jwt

from support.airflow import RealAirflow, Run

__all__ = ["Person"]


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in."""

    airflow: RealAirflow
    login: str

    @property
    def token(self) -> str:
        """What Airflow would give this person: its own claims, for this login, signed with its own secret."""
        written = configparser.RawConfigParser()
        written.read(self.airflow.home.airflow / "airflow.cfg")
        now = int(time.time())
        claims = {
            "sub": self.login,
            "role": "ADMIN",
            "teams": None,
            "aud": "apache-airflow",
            "nbf": now - 5,
            "iat": now - 5,
            "exp": now + 3600,
        }
        return jwt.encode(claims, written["api_auth"]["jwt_secret"], algorithm="HS512")

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask Airflow; its code and what it says. Asked again where its database was locked: then nothing came of it."""
        for pause in (0, 0.5, 1, 2, 4, 8, 8):  # seconds: SQLite may be locked by another writer for a moment
            time.sleep(pause)
            code, said = self._ask(method, path, body)
            if code != 500:
                break
        return code, said

    def _ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.airflow.api.url + path, data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")

    def start(self, run: Run, **conf: Any) -> None:
        """Trigger a run."""
        self.airflow.until(lambda: self.airflow.dag_exists(run.dag_id), 60, lambda: f"the DAG {run.dag_id} is there")
        path = f"/api/v2/dags/{run.dag_id}/dagRuns"
        body, last = {"dag_run_id": run.run_id, "logical_date": None, "conf": conf}, []

        def begun() -> bool:  # SQLite may be locked by another writer for a moment: Airflow answers 500, and one asks again
            last[:] = self.ask("POST", path, body)
            return last[0] != 500

        self.airflow.until(begun, 60, lambda: f"{run.run_id} is begun: {last}")
        assert last[0] in (200, 201, 409), last[1]

    def answer(self, run: Run, task: str, option: str, *, index: int = -1, tries: int = 1, **form: Any) -> int:
        """Answer what a task asks, or one instance of a mapped task, as the UI does, once it asks, be it in a later try; Airflow's code."""
        run.asks(task, tries)
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{quote(run.run_id)}/taskInstances/{quote(task)}/{index}/hitlDetails"
        code, _ = self.ask("PATCH", path, {"chosen_options": [option], "params_input": form})
        return code
