"""A real Airflow for a benchmark: the demo's own way of starting it, with other DAGs in its folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from dag_factory.cli.demo.api import Api, ApiError
from dag_factory.cli.demo.home import DemoHome
from dag_factory.cli.demo.processes import Airflow
from dag_factory.cli.demo.settings import environment, free_port, write_settings

__all__ = ["processor_time", "running", "seconds_of_run", "seconds_of_tasks"]


@contextmanager
def running(home: DemoHome, dags: tuple[str, ...], extra: Mapping[str, str]) -> Iterator[Api]:
    """Start Airflow, wait until it knows the DAGs, and stop it at the end."""
    port = free_port(None)
    write_settings(home, port)
    components = Airflow({**environment(home, os.environ), **extra}, home.airflow, home.logs)
    api = Api(f"http://127.0.0.1:{port}")
    components.start()
    try:
        deadline = time.monotonic() + 300
        needed = ("api-server", "scheduler", "dag-processor", "triggerer")
        while not (all(api.health().get(name) for name in needed) and all(api.knows(dag_id) for dag_id in dags)):
            components.look()
            if time.monotonic() > deadline:
                raise SystemExit(f"Airflow did not come up: {api.import_errors()}")
            time.sleep(1)
        api.warm()
        yield api
    finally:
        components.stop()


def seconds_of_run(api: Api, dag_id: str, run_id: str) -> float:
    """Run a DAG to its end, and tell what Airflow says it took."""
    api.trigger(dag_id, run_id)
    deadline = time.monotonic() + 900
    while _state(api, dag_id, run_id) not in ("success", "failed"):
        if time.monotonic() > deadline:
            raise SystemExit(f"{dag_id} {run_id} did not end within a quarter of an hour.")
        time.sleep(1)
    said = api._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
    if said["state"] != "success":
        failed = [task.task_id for task in api.tasks(dag_id, run_id) if task.state == "failed"]
        raise SystemExit(f"{dag_id} {run_id} ended {said['state']}: {failed}")
    return _between(said["start_date"], said["end_date"])


def _state(api: Api, dag_id: str, run_id: str) -> str:
    """How a run stands; a server too busy to answer in time is asked again."""
    try:
        return api.run_state(dag_id, run_id)
    except ApiError as error:
        if error.code:
            raise
        return ""


def seconds_of_tasks(api: Api, dag_id: str, run_id: str, ending: str) -> list[float]:
    """How long the tasks ran whose ids end so."""
    said = api._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")
    return [_between(task["start_date"], task["end_date"]) for task in said["task_instances"] if task["task_id"].endswith(ending)]


def _between(begun: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def processor_time() -> float | None:
    """Seconds that all processes below this one have spent since they began, and those they waited for; None where /proc does not tell."""
    spent: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            spent[int(stat.parent.name)] = int(fields[1]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    if os.getpid() not in spent:
        return None
    below, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, (parent, _) in spent.items() if parent in below} - below
        below |= more
        grown = bool(more)
    return sum(spent[pid][1] for pid in below - {os.getpid()})
