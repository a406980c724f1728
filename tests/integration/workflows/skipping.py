"""A persona that would like to be skipped."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowSkipException


def work(task: dict[str, object]) -> None:
    """Do nothing, in the manner of Airflow's own tasks."""
    raise AirflowSkipException(f"nothing to do for {task['persona']}")
