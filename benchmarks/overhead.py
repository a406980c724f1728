"""What Phasegate costs: the sample's run beside a plain DAG that runs the same commands, in one Airflow, turn by turn.

Tells the seconds of each, the ratio of the medians, and Phasegate's own part of a task as its operators log it.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.on_airflow import running, seconds_of_run
from benchmarks.table import Row, Section
from dag_factory.cli.demo.home import WORKFLOW, DemoHome, fresh_home
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

__all__ = ["measure"]

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


def measure(rounds: int) -> Section:
    """Run both, turn by turn, on one Airflow."""
    section = Section(
        "Overhead: the whole sample beside a plain DAG that runs the same commands",
        "One Airflow, one warm-up each, then turn by turn. The plain DAG has the sample's shape, BashOperators and PythonSensor "
        "gates; it has no workspaces, seals, evidence, "
        "signatures or verdicts, and all its tasks work in one folder. Seconds of the clock, as Airflow tells them.",
    )
    taken: dict[str, list[float]] = {WORKFLOW: [], PLAIN: []}
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder, fresh_home(Path(folder) / "home") as home:
        bench = Path(folder) / "bench"
        bench.mkdir()
        furnish(home, bench)
        extra = {
            "PHASEGATE_BENCH": str(bench),
            "PHASEGATE_BENCH_SPECS": str(home.spec.parent),
            "PHASEGATE_BENCH_REPOSITORY": str(home.product),
        }
        with running(home, (WORKFLOW, PLAIN), extra) as api:
            for number in range(rounds + 1):
                for dag_id in (PLAIN, WORKFLOW):
                    seconds = seconds_of_run(api, dag_id, f"bench-{number}")
                    print(f"{'warm-up' if number == 0 else f'run {number}':8} {dag_id:14} {seconds:6.1f} s", file=sys.stderr, flush=True)
                    if number:
                        taken[dag_id].append(seconds)
            costs = own_costs(home)
    show(section, taken, costs)
    return section


def show(section: Section, taken: dict[str, list[float]], costs: dict[str, list[float]]) -> None:
    """Fill the table."""
    medians = {name: statistics.median(values) for name, values in taken.items()}
    against = f"ratio of the medians: {medians[WORKFLOW] / medians[PLAIN]:.2f}"
    for name, median in medians.items():
        said = f"median {median:.1f} s, min {min(taken[name]):.1f}, max {max(taken[name]):.1f}"
        section.rows.append(Row(name, said, *((against, "at most 1.40") if name == WORKFLOW else ("1.00", ""))))
    section.more = [
        "Phasegate's own part of a task (ms), not the persona, not its checks nor their clean checkouts; `processor` is what the "
        "cores did for it,",
        "which is less than the time on the clock where tasks share them; asked: a median of at most 200 ms:",
        *(
            f"  {step:9} median {statistics.median(values):5.0f}   max {max(values):5.0f}   over {len(values)} tasks"
            for step, values in costs.items()
        ),
    ]
