"""Makes Airflow's database, with one run in it as if it had been kicked off, and prints a token of somebody who may see it.

Arguments: dag_id, run_id, digest of the charter.
"""

import json
import sys
from uuid import UUID

import pendulum
from airflow import settings
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models import DagModel, DagRun, TaskInstance, import_all_models
from airflow.models.base import Base
from airflow.models.dagbundle import DagBundleModel
from airflow.models.xcom import XComModel

dag_id, run_id, charter = sys.argv[1:]
import_all_models()
Base.metadata.create_all(settings.engine)
with settings.engine.begin() as connection:

    def add(table, **values):
        """Put a row into a table."""
        connection.execute(getattr(table, "__table__", table).insert().values(**values))

    at = pendulum.now("UTC")
    add(DagBundleModel, name="bench", active=True)
    add(
        DagModel, dag_id=dag_id, is_paused=False, is_stale=False, bundle_name="bench", fileloc=None, max_active_tasks=16,
        max_consecutive_failed_dag_runs=0, has_task_concurrency_limits=False, fail_fast=False, timetable_type="",
    )  # fmt: skip
    add(DagRun, id=1, dag_id=dag_id, run_id=run_id, run_type="manual", state="running", run_after=at, clear_number=0)
    add(
        TaskInstance, id=UUID(int=1), task_id="kickoff", dag_id=dag_id, run_id=run_id, map_index=-1, operator="KickoffOperator", pool="default_pool",
        pool_slots=1, try_number=1, max_tries=0, dag_version_id=None, updated_at=at, span_status="not_started",
    )  # fmt: skip
    add(
        XComModel,
        dag_run_id=1,
        task_id="kickoff",
        map_index=-1,
        key="charter",
        dag_id=dag_id,
        run_id=run_id,
        value=json.dumps(charter),
        timestamp=at,
    )
print(json.dumps({"token": create_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ann", role="admin"))}))
