"""What people do to a run by hand, by Airflow's own REST API, and how parts of Airflow are lost; and that a store only ever grows."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pendulum

from dag_factory.cli.submit import submit
from dag_factory.evidence.verify import verify_run
from dag_factory.runners import warden
from support.airflow import RealAirflow, Run, alive

__all__ = ["attempts", "backfill", "bring", "clear", "clear_run", "files", "grown", "lost", "mark_run", "pause", "refused", "sound"]


def clear(run: Run, *tasks: str | tuple[str, int], downstream: bool = False) -> None:
    """Clear tasks of a run, with all that follows them if asked."""
    asked = {
        "dry_run": False, "only_failed": False, "dag_run_id": run.run_id, "task_ids": list(tasks), "include_downstream": downstream,
    }  # fmt: skip
    run.airflow.api.insist("POST", f"/api/v2/dags/{run.dag_id}/clearTaskInstances", asked)


def clear_run(run: Run, *, failed: bool = False) -> None:
    """Clear a whole run, or what failed of it: Airflow runs it again under its old name."""
    run.airflow.api.insist("POST", f"{_path(run)}/clear", {"dry_run": False, "only_failed": failed})


def mark_run(run: Run, state: str) -> None:
    """Set the state of a whole run by hand."""
    run.airflow.api.insist("PATCH", _path(run), {"state": state})


def pause(airflow: RealAirflow, dag_id: str, *, paused: bool) -> None:
    """Pause a DAG, or have it go on."""
    airflow.api.insist("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": paused})


def backfill(airflow: RealAirflow, dag_id: str, since: str, until: str, again: str = "none") -> None:
    """Have runs of the past made up for; `again` is Airflow's reprocess behaviour."""
    asked = {"dag_id": dag_id, "from_date": f"{since}T00:00:00Z", "to_date": f"{until}T00:00:00Z", "reprocess_behavior": again}
    airflow.until(lambda: not airflow.api.filling(dag_id), 120, lambda: "Airflow closes the backfill before, some time after its last run")
    airflow.api.insist("POST", "/api/v2/backfills", asked)


def bring(run: Run, task: str, **files: str) -> None:
    """Submit evidence from outside, each file by its item and its text."""
    folder = run.airflow.lab / f"{run.dag_id}-{run.run_id}"
    folder.mkdir(exist_ok=True)
    by = files.pop("by", "maria")
    for item, text in files.items():
        (folder / item).write_text(text, encoding="utf-8")
    home = run.airflow.home
    submit(
        run.name,
        task,
        [f"{item}={folder / item}" for item in files],
        root=home.evidence,
        keys=home.airflow / "phasegate" / "keys",
        by=by,
        as_is=True,
    )


def files(run: Run) -> dict[str, str]:
    """Every file of a run's place in the store, with the digest of its bytes."""
    root = Path(run.store.path)
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(root.rglob("*")) if path.is_file()
    }


def grown(before: dict[str, str], run: Run) -> set[str]:
    """What was added since; fails where anything was changed or taken away."""
    now = files(run)
    assert {name: now.get(name) for name in before} == before, "evidence was replaced or lost"
    return set(now) - set(before)


def sound(run: Run) -> bool:
    """Whether everything verifies, as `complete` and an auditor see it."""
    return verify_run(run.record, run.store.blob, pendulum.now("UTC"))[2] == ()


def attempts(run: Run, task: str) -> list[str]:
    """How each attempt of a task's ordinary work ended, the oldest first."""
    return [stored.says.outcome for stored in run.record.statements[task]]


def refused(run: Run, task: str, why: str) -> bool:
    """Whether a task began, and found its phase shut."""
    return run.states[task] == "failed" and "is not open" in run.log(task) and why in run.log(task)


@contextlib.contextmanager
def lost(airflow: RealAirflow, name: str, **settings: str) -> Iterator[None]:
    """Kill a component without a word, as if its machine had lost it, and start it anew at the end; what it had started goes on meanwhile."""
    components = airflow.components
    [component] = [one for one in components._components if one.name == name]
    held = warden.below(component.process.pid)
    programs = [pid for pid in held if (facts := warden.facts(pid)) and facts[0] == component.process.pid]
    components._components.remove(component)
    component.process.kill()  # the kernel then kills the program: see the warden
    component.process.wait()
    component.release()
    try:
        airflow.until(lambda: not any(map(alive, programs)), 10, lambda: f"{name} is gone")
        yield
    finally:
        components.begin(name, **settings)
        airflow.orphans.update(held)


def _path(run: Run) -> str:
    return f"/api/v2/dags/{quote(run.dag_id)}/dagRuns/{quote(run.run_id)}"
