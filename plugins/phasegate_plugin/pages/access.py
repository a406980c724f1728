"""Who may ask, and which runs Airflow knows: every read of Airflow's metadata database, in one module, for its tables move with its versions.

Airflow authenticates no app of a plugin, so each route asks here for the user and for the right to the DAG, which must stand in the path.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from airflow.models import DagModel, DagRun, TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from fastapi import Depends
from sqlalchemy import select

from phasegate_plugin.pages.faults import PageError, missing

__all__ = ["RUN", "TASK", "USER", "KnownRun", "known_run"]

USER: Any = Depends(get_user)
"""Somebody who logged in, by Airflow's cookie or a bearer token."""

RUN: Any = Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.RUN))
"""Somebody who may read runs of the DAG in the path."""

TASK: Any = Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.TASK_INSTANCE))
"""Somebody who may read task instances of the DAG in the path."""

_ASK_AGAIN = "Check the address; the links beside Airflow's tasks lead to the right one."


@dataclass(frozen=True)
class KnownRun:
    """A run that Airflow knows: which charter its `kickoff` wrote, as far as Airflow remembers, and where its spec lies."""

    dag_id: str
    run_id: str
    charter: str | None
    folder: Path | None


def known_run(dag_id: str, run_id: str) -> KnownRun:
    """Look a run up in Airflow. Call it only after the right to its DAG was asked for.

    Raises
    ------
    PageError: there is no such DAG any more, no such run, or the DAG is none of Phasegate's.

    """
    with create_session() as session:
        dag = session.execute(select(DagModel.dag_id, DagModel.fileloc).where(DagModel.dag_id == dag_id)).first()
        if dag is None or dag[0] != dag_id:  # some databases compare without regard to case
            raise _deleted(dag_id)
        run = session.scalar(select(DagRun.run_id).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run != run_id:
            raise missing("No such run", f"Airflow knows no run {run_id} of {dag_id}: it was deleted, or never was.", _ASK_AGAIN)
        of_kickoff = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, TaskInstance.task_id == "kickoff")
        operator = session.scalar(select(TaskInstance.operator).where(*of_kickoff))
        if operator != "KickoffOperator":
            raise missing("Not a Phasegate workflow", f"The DAG {dag_id} was not built by Phasegate, so it has no gates and no evidence.")
        asked = (XComModel.dag_id == dag_id, XComModel.run_id == run_id, XComModel.task_id == "kickoff", XComModel.key == "charter")
        kept = session.scalar(select(XComModel.value).where(*asked))
    return KnownRun(dag_id, run_id, _text(kept), Path(dag[1]).parent if dag[1] else None)


def _deleted(dag_id: str) -> PageError:
    return missing(
        "No such DAG",
        f"Airflow knows no DAG {dag_id}: it was deleted, or never was. Who may read it can no longer be asked, so nothing of it is shown here.",
        "Evidence outlives its DAG: whoever may read the store judges it with `phasegate verify`.",
    )


def _text(kept: Any) -> str | None:
    """An XCom's value as text; it is kept as JSON."""
    text = str(kept or "").strip().strip('"')
    return text or None
