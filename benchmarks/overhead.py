"""What Phasegate costs: the sample's run beside a plain DAG that runs the same commands, in one Airflow, turn by turn.

Prints the seconds of each run, the ratio of the medians, and Phasegate's own part of a task as its operators log it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

from dag_factory.cli.demo.api import Api
from dag_factory.cli.demo.home import WORKFLOW, DemoHome, fresh_home
from dag_factory.cli.demo.processes import Airflow
from dag_factory.cli.demo.settings import environment, free_port, write_settings
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

PLAIN = "plain_orders"


def furnish(home: DemoHome, bench: Path) -> Plan:
    """Lay the plain DAG and what its tasks are told beside the sample."""
    plan = compile_plan(read_spec(home.spec))
    (bench / "plan.json").write_bytes(plan.canonical)
    (bench / "tasks").mkdir()
    for task in plan.contract.tasks.values():
        merged = [{"task": name, "commit": "0" * 40} for name in plan.contract.tasks]
        told = {
            "workflow": plan.workflow,
            "mission": plan.mission,
            "features": plan.features,
            "merged": merged,
            "findings": [],
            "attempt": 1,
            "params": {},
        }
        told |= {"phase": task.phase, "task": task.task, "persona": task.persona, "duty": task.duty, "feature": task.feature}
        told |= {
            "does": plan.executions[task.id].does,
            "evidence": [item.model_dump(mode="json", exclude_none=True) for item in task.items],
        }
        (bench / "tasks" / f"{task.id.replace('/', '__')}.json").write_text(json.dumps(told))
    shutil.copy(Path(__file__).parent / "plain_dag.py", home.dags / "plain_dag.py")
    return plan


def seconds_of_run(api: Api, dag_id: str, run_id: str) -> float:
    """Run a DAG to its end, and tell what Airflow says it took."""
    api.trigger(dag_id, run_id)
    while api.run_state(dag_id, run_id) not in ("success", "failed"):
        time.sleep(1)
    said = api._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
    if said["state"] != "success":
        failed = [task.task_id for task in api.tasks(dag_id, run_id) if task.state == "failed"]
        raise SystemExit(f"{dag_id} {run_id} ended {said['state']}: {failed}")
    begun, ended = (datetime.fromisoformat(said[name]) for name in ("start_date", "end_date"))
    return (ended - begun).total_seconds()


def own_costs(home: DemoHome) -> dict[str, list[float]]:
    """Phasegate's own part of every task, in milliseconds, from the task logs: `all`, the processor's time in it, and each step."""
    found: dict[str, list[float]] = {}
    for log in (home.logs / "tasks" / f"dag_id={WORKFLOW}").rglob("*.log"):
        match = re.search(
            r"Phasegate's own part of this task: (\d+) ms, (\d+) ms of the processor \(([^)]*)\)", log.read_text(errors="replace")
        )
        if match:
            found.setdefault("all", []).append(float(match[1]))
            found.setdefault("processor", []).append(float(match[2]))
            for step, cost in re.findall(r"(\w+) (\d+) ms", match[3]):
                found.setdefault(step, []).append(float(cost))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each, after one warm-up")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder, fresh_home(Path(folder) / "home") as home:
        bench = Path(folder) / "bench"
        bench.mkdir()
        furnish(home, bench)
        port = free_port(None)
        write_settings(home, port)
        extra = {
            "PHASEGATE_BENCH": str(bench),
            "PHASEGATE_BENCH_SPECS": str(home.spec.parent),
            "PHASEGATE_BENCH_REPOSITORY": str(home.product),
        }
        components, api = Airflow(environment(home, os.environ) | extra, home.airflow, home.logs), Api(f"http://127.0.0.1:{port}")
        components.start()
        try:
            deadline = time.monotonic() + 300
            while not (
                all(api.health().get(name) for name in ("api-server", "scheduler", "dag-processor"))
                and api.knows(WORKFLOW)
                and api.knows(PLAIN)
            ):
                components.look()
                if time.monotonic() > deadline:
                    raise SystemExit(f"Airflow did not come up: {api.import_errors()}")
                time.sleep(1)
            taken: dict[str, list[float]] = {WORKFLOW: [], PLAIN: []}
            for number in range(runs + 1):
                for dag_id in (PLAIN, WORKFLOW):
                    seconds = seconds_of_run(api, dag_id, f"bench-{number}")
                    print(f"{'warm-up' if number == 0 else f'run {number}':8} {dag_id:14} {seconds:6.1f} s", flush=True)
                    if number:
                        taken[dag_id].append(seconds)
            show(taken, own_costs(home))
        finally:
            components.stop()


def show(taken: dict[str, list[float]], costs: dict[str, list[float]]) -> None:
    """Print the table."""
    medians = {name: statistics.median(values) for name, values in taken.items()}
    print(
        f"\nmachine: {os.cpu_count()} cores, {subprocess.run(['uname', '-sm'], capture_output=True, text=True, check=False).stdout.strip()}"
    )
    for name, median in medians.items():
        print(f"{name:14} median {median:6.1f} s   min {min(taken[name]):6.1f}   max {max(taken[name]):6.1f}")
    print(f"ratio of the medians: {medians[WORKFLOW] / medians[PLAIN]:.2f} (asked: at most 1.40)")
    print(
        "\nPhasegate's own part of a task (ms), not the persona, not its checks nor their clean checkouts; `processor` is what the cores did for it,"
    )
    print("which is less than the time on the clock where tasks share them:")
    for step, values in costs.items():
        print(f"  {step:9} median {statistics.median(values):5.0f}   max {max(values):5.0f}   over {len(values)} tasks")
    print("  asked: a median of at most 200 ms")


if __name__ == "__main__":
    main()
