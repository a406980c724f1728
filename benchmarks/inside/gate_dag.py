"""Twelve small tasks in four phases, each closed by a gate; the file's name says by which: `gates_phasegate`, `gates_python`, `gates_file`.

`benchmarks/gates.py` copies it into the DAG folder. The tasks are the same in all three: each leaves a file of evidence and a signed statement.
"""

import os
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, TaskGroup

NAME = Path(__file__).stem
BENCH = Path(os.environ["PHASEGATE_BENCH"])
PHASES = tuple(f"phase-{number:02d}" for number in range(4))


def begin(ti):
    from benchmarks.chain import begin as write_charter
    from benchmarks.chain import plan_of
    from dag_factory.scope import Scope

    folder = BENCH / ti.run_id / NAME
    folder.mkdir(parents=True)
    scope = Scope.of(ti.dag_id, ti.run_id)
    ti.xcom_push(key="charter", value=write_charter(plan_of(folder, NAME, 4, 3), scope.run, scope.keys, ti.run_id))


def work(ti):
    from benchmarks.chain import leave
    from dag_factory.evidence.record import read_record
    from dag_factory.scope import Scope

    scope = Scope.of(ti.dag_id, ti.run_id)
    phase, _, task = ti.task_id.partition(".")
    leave(read_record(scope.run, upto=phase), scope.run, scope.keys, phase, task)


def gate_of(phase):
    if NAME == "gates_phasegate":
        from dag_factory.plan import PlanCache
        from dag_factory.sensors.gate import GateSensor
        from dag_factory.settings import cache_root

        return GateSensor(task_id="gate", plan=PlanCache(cache_root(), ("none",)).plan_of(BENCH / f"{NAME}.yaml"), phase=phase)
    if NAME == "gates_python":
        from airflow.providers.standard.sensors.python import PythonSensor

        return PythonSensor(task_id="gate", python_callable=lambda: True)
    from airflow.providers.standard.sensors.filesystem import FileSensor

    return FileSensor(task_id="gate", filepath=str(BENCH / "there"), deferrable=True)


with DAG(NAME, schedule=None, catchup=False) as dag:
    before = PythonOperator(task_id="kickoff", python_callable=begin)
    for phase in PHASES:
        with TaskGroup(phase):
            tasks = [PythonOperator(task_id=f"task-{number}", python_callable=work) for number in range(3)]
            before >> tasks
            before = gate_of(phase)
            tasks >> before
