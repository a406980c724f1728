"""What Phasegate costs: the sample's run beside a plain DAG that runs the same commands, in one Airflow, turn by turn.

Tells the seconds of each, the median of the rounds' ratios, and Phasegate's own part of a task as its operators log it.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.on_airflow import processor_time, running, seconds_of_run
from benchmarks.table import Row, Section
from benchmarks.timing import ratio
from dag_factory.cli.demo.home import WORKFLOW, DemoHome, fresh_home, without_slip
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

__all__ = ["measure"]

PLAIN = "plain_orders"
NAMED = ("prepare", "seal", "collect", "attest", "drop")
OWN_PART = re.compile(r"Phasegate's own part of this task: (\d+) ms, (\d+) ms of the processor \(([^)]*)\)")


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
    """Phasegate's own part of every task, in milliseconds, from the task logs of the counted rounds.

    `all` of it; `named`, the parts that were named when a limit was set: workspace (prepare and drop), seal, collect and attest; the
    processor's time in all of it; and each step.
    """
    found: dict[str, list[float]] = {}
    for log in (home.logs / "tasks" / f"dag_id={WORKFLOW}").glob("run_id=bench-[1-9]*/**/*.log"):
        match = OWN_PART.search(log.read_text(errors="replace"))
        if match:
            steps = {step: float(cost) for step, cost in re.findall(r"(\w+) (\d+) ms", match[3])}
            named = sum(steps.get(step, 0) for step in NAMED)
            for part, cost in {"all": float(match[1]), "named": named, "processor": float(match[2]), **steps}.items():
                found.setdefault(part, []).append(cost)
    return found


def measure(rounds: int) -> Section:
    """Run both, turn by turn, on one Airflow."""
    section = Section(
        "Overhead: the whole sample beside a plain DAG that runs the same commands",
        "One Airflow, one warm-up each, then turn by turn. The plain DAG has the sample's shape, BashOperators and PythonSensor "
        "gates; it has no workspaces, seals, evidence, "
        "signatures or verdicts, and all its tasks work in one folder. Seconds of the clock, as Airflow tells them; the processor's "
        "time is that of all of Airflow, the tasks and their programs meanwhile.",
    )
    clock: dict[str, list[float]] = {WORKFLOW: [], PLAIN: []}
    processor: dict[str, list[float]] = {WORKFLOW: [], PLAIN: []}
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder, fresh_home(Path(folder) / "home") as home:
        bench = Path(folder) / "bench"
        bench.mkdir()
        without_slip(home.personas)
        furnish(home, bench)
        extra = {
            # A task's standard input is a socket. A bash that no shell started takes that for a remote login and reads ~/.bashrc, which costs
            # the plain DAG time, and may put another Python first.
            "SHLVL": "1",
            "PHASEGATE_BENCH": str(bench),
            "PHASEGATE_BENCH_SPECS": str(home.spec.parent),
            "PHASEGATE_BENCH_REPOSITORY": str(home.product),
        }
        with running(home, (WORKFLOW, PLAIN), extra) as api:
            for number in range(rounds + 1):
                for dag_id in (PLAIN, WORKFLOW):
                    before = processor_time() or 0
                    seconds = seconds_of_run(api, dag_id, f"bench-{number}")
                    print(f"{'warm-up' if number == 0 else f'run {number}':8} {dag_id:14} {seconds:6.1f} s", file=sys.stderr, flush=True)
                    if number:
                        clock[dag_id].append(seconds)
                        processor[dag_id].append((processor_time() or 0) - before)
            costs = own_costs(home)
    show(section, clock, processor, costs)
    return section


def show(section: Section, clock: dict[str, list[float]], processor: dict[str, list[float]], costs: dict[str, list[float]]) -> None:
    """Fill the table."""
    for what, taken, asked in (("", clock, "at most 1.40"), (", processor", processor, "")):
        if not min(taken[PLAIN]):  # where /proc does not tell
            continue
        for name, values in taken.items():
            said = f"median {statistics.median(values):.1f} s, min {min(values):.1f}, max {max(values):.1f}"
            beside = f"{ratio(values, taken[PLAIN]):.2f} x plain" if name == WORKFLOW else "1.00"
            section.rows.append(Row(name + what, said, beside, asked if name == WORKFLOW else ""))
    each = ", ".join(f"{ours / theirs:.2f}" for ours, theirs in zip(clock[WORKFLOW], clock[PLAIN], strict=True))
    section.more = [
        f"The rounds' ratios on the clock: {each}. Phasegate's own part of a task (ms), not the persona, not its checks nor their clean",
        "checkouts; asked: a median of at most 200 ms of `named`, which is workspace (prepare and drop), seal, collect and attest. `all` has",
        "begin in it too: loading the code, and reading and verifying the run so far. `processor` is what the cores did for all of it, which is",
        "less than the time on the clock where tasks share them:",
        *(
            f"  {step:9} median {statistics.median(values):5.0f}   max {max(values):5.0f}   over {len(values)} tasks"
            for step, values in costs.items()
        ),
    ]
