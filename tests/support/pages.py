"""Airflow's API server as far as the pages need it: its metadata tables, its auth manager with real users and teams, and a mount with a prefix.

Nothing of the pages is replaced: users come with Airflow's own tokens, and the rights are those of the SimpleAuthManager, all-admins off.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pendulum
import pytest
from airflow import settings

with warnings.catch_warnings():  # Airflow itself imports a test client whose makers want another library beneath it
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from airflow.api_fastapi.app import _AuthManagerState, create_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models import DagModel, DagRun, TaskInstance, import_all_models
from airflow.models.base import Base
from airflow.models.dag import _team_name_cache
from airflow.models.dagbundle import DagBundleModel
from airflow.models.team import Team, dag_bundle_team_association_table
from airflow.models.xcom import XComModel
from fastapi import FastAPI
from phasegate_plugin.pages.app import make_app
from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

from support.runs import HonestRun

PREFIX = "/airflow"
USERS = {
    "ann": SimpleAuthManagerUser(username="ann", role="viewer", teams=["red"]),
    "ben": SimpleAuthManagerUser(username="ben", role="viewer", teams=["blue"]),
    "eve": SimpleAuthManagerUser(username="eve", role=None, teams=["red"]),
}
"""ann may read the DAGs of team red, where the honest run is; ben is of another team; eve has no role at all."""


@dataclass
class Server:
    """The mounted pages, and the tables behind them."""

    client: TestClient
    engine: Any

    def tokens(self, who: str) -> dict[str, str]:
        """Airflow's cookie of a user."""
        return {"_token": create_auth_manager().generate_jwt(USERS[who])}

    def get(self, path: str, who: str | None = "ann", **kwargs: Any) -> Any:
        """Ask as a user; None is somebody who has not logged in."""
        self.client.cookies.clear()
        if who:
            self.client.cookies.update(self.tokens(who))
        return self.client.get(path, follow_redirects=False, **kwargs)

    def add(self, table: Any, **values: Any) -> None:
        """Put a row into a table."""
        with self.engine.begin() as connection:
            connection.execute(getattr(table, "__table__", table).insert().values(**values))

    def dag(self, dag_id: str, team: str, folder: Path | None = None) -> None:
        """A DAG that Airflow knows, of a team."""
        self.add(Team, name=team)
        self.add(DagBundleModel, name=f"bundle-{team}", active=True)
        self.add(dag_bundle_team_association_table, dag_bundle_name=f"bundle-{team}", team_name=team)
        self.add(
            DagModel, dag_id=dag_id, is_paused=False, is_stale=False, bundle_name=f"bundle-{team}", fileloc=str(folder / "w.yaml") if folder else None,
            max_active_tasks=16, max_consecutive_failed_dag_runs=0, has_task_concurrency_limits=False, fail_fast=False, timetable_type="",
        )  # fmt: skip
        _team_name_cache.clear()

    def run(self, dag_id: str, run_id: str, *, charter: str | None = None, operator: str = "KickoffOperator", number: int = 1) -> None:
        """A run that Airflow knows; with what its kickoff pushed."""
        at = pendulum.now("UTC")
        self.add(DagRun, id=number, dag_id=dag_id, run_id=run_id, run_type="manual", state="running", run_after=at, clear_number=0)
        self.add(
            TaskInstance, id=UUID(int=number), task_id="kickoff", dag_id=dag_id, run_id=run_id, map_index=-1, operator=operator, pool="default_pool",
            pool_slots=1, try_number=1, max_tries=0, dag_version_id=None, updated_at=at, span_status="not_started",
        )  # fmt: skip
        if charter:
            self.add(
                XComModel, dag_run_id=number, task_id="kickoff", map_index=-1, key="charter", dag_id=dag_id, run_id=run_id, value=json.dumps(charter),
                timestamp=at,
            )  # fmt: skip

    def knows(self, run: HonestRun, team: str = "red") -> str:
        """Make Airflow know an honest run; returns the address of its page."""
        self.dag(run.plan.workflow, team, run.tmp_path)
        self.run(run.plan.workflow, run.run_id, charter=run.record.charter.digest)
        return address(run.plan.workflow, run.run_id)


def address(dag_id: str, run_id: str) -> str:
    """Where the page of a run lies, as the links beside Airflow's tasks have it."""
    return f"{PREFIX}/phasegate/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Server]:
    """Serve the pages over a store and keys below `home`, as `HonestRun` lays them out."""
    for name, value in {
        "AIRFLOW__PHASEGATE__EVIDENCE_ROOT": str(home / "evidence"),
        "AIRFLOW__PHASEGATE__KEYS_ROOT": str(home / "keys"),
        "AIRFLOW__PHASEGATE__WORK_ROOT": str(home / "work"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__MULTI_TEAM": "True",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret for the tests alone, and long enough to sign with " * 2,
    }.items():
        monkeypatch.setenv(name, value)
    import_all_models()
    engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
    Base.metadata.create_all(engine)
    made = sessionmaker(engine, expire_on_commit=False)
    monkeypatch.setattr(settings, "engine", engine)
    monkeypatch.setattr(settings, "Session", scoped_session(made))
    _forget()
    create_auth_manager()
    outer = FastAPI(root_path=PREFIX)
    outer.mount("/phasegate", make_app())
    try:
        with TestClient(outer, raise_server_exceptions=False) as client:
            yield Server(client, engine)
    finally:
        _forget()
        engine.dispose()


def _forget() -> None:
    """Airflow keeps its auth manager, signer and teams for the life of a process; a test has its own."""
    _AuthManagerState.instance = None
    BaseAuthManager._get_token_signer.cache_clear()
    BaseAuthManager._get_token_validator.cache_clear()
    _team_name_cache.clear()
