"""What a gate costs a run when its evidence is there: beside a PythonSensor that is true at once, and a deferrable FileSensor whose "
"file is there."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import chain
from benchmarks.on_airflow import processor_time, running, seconds_of_run, seconds_of_tasks
from benchmarks.table import Row, Section
from benchmarks.timing import ROOT, ratio
from dag_factory.cli.demo.home import fresh_home

__all__ = ["measure"]

_NAMES = {
    "gates_phasegate": "Phasegate's gate",
    "gates_python": "PythonSensor, true at once",
    "gates_file": "FileSensor, deferrable, its file there",
}


def measure(rounds: int) -> Section:
    """Run all three, turn by turn, on one Airflow."""
    section = Section(
        "Gate overhead: 12 small tasks in 4 phases, each closed by a gate",
        "One Airflow (SQLite, LocalExecutor), one warm-up each, then turn by turn. The tasks are the same in all three DAGs: each "
        "leaves a file and a signed statement. "
        "Phasegate's gate reads and verifies what was signed so far and signs a verdict; the sensors only look. `run` is what "
        "Airflow says the run took on the clock; the processor's "
        "time is that of all of Airflow during it; `gate` is how long the gates' own tasks ran.",
    )
    took: dict[str, dict[str, list[float]]] = {name: {"run": [], "processor": [], "gate": []} for name in _NAMES}
    with tempfile.TemporaryDirectory(prefix="phasegate-bench-") as folder, fresh_home(Path(folder) / "home") as home:
        bench = Path(folder) / "bench"
        bench.mkdir()
        (bench / "there").touch()
        chain.plan_of(bench, "gates_phasegate", 4, 3)
        (home.dags / "phasegate.py").unlink()
        for name in _NAMES:
            shutil.copy(ROOT / "benchmarks" / "inside" / "gate_dag.py", home.dags / f"{name}.py")
        extra = {"PHASEGATE_BENCH": str(bench), "PYTHONPATH": str(ROOT), "AIRFLOW_CONN_FS_DEFAULT": '{"conn_type": "fs"}'}
        with running(home, tuple(_NAMES), extra) as api:
            for number in range(rounds + 1):
                for name, values in took.items():
                    before, run_id = processor_time(), f"bench-{number}"
                    run = seconds_of_run(api, name, run_id)
                    after = processor_time()
                    print(f"  {'warm-up' if number == 0 else f'run {number}'} {name} {run:.1f} s", file=sys.stderr, flush=True)
                    if number:
                        values["run"].append(run)
                        values["gate"] += seconds_of_tasks(api, name, run_id, ".gate")
                        if before is not None and after is not None:
                            values["processor"].append(after - before)
    peer = took["gates_python"]
    for name, values in took.items():
        asked = "run at most 1.15 x PythonSensor" if name == "gates_phasegate" else ""
        section.rows.append(Row(_NAMES[name], _said(values), _beside(values, peer), asked))
    return section


def _said(values: dict[str, list[float]]) -> str:
    processor = f", {min(values['processor']):.1f} s of the processor" if values["processor"] else ""
    return f"run {statistics.median(values['run']):.1f} s{processor}, gate {statistics.median(values['gate']):.2f} s (medians)"


def _beside(values: dict[str, list[float]], peer: dict[str, list[float]]) -> str:
    processor = f", {ratio(values['processor'], peer['processor']):.2f} x the processor" if values["processor"] else ""
    return f"run {ratio(values['run'], peer['run']):.2f} x PythonSensor{processor}"
