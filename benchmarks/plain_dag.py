"""The peer: a plain Airflow DAG of the same shape as the sample, running the same commands with BashOperator and PythonSensor gates.

It is copied into the DAG folder by `benchmarks/overhead.py`. It has no workspaces, seals, evidence, signatures or verdicts: all tasks work in one
folder, and a gate is open when the files are there.
"""

import json
import os
import shlex
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, TaskGroup, TriggerRule

BENCH = Path(os.environ["PHASEGATE_BENCH"])
PLAN = json.loads((BENCH / "plan.json").read_text())
CONTRACT = PLAN["contract"]
RUN = f"{BENCH}/plain/{{{{ run_id }}}}"


def there(files, run_id):
    return all((BENCH / "plain" / run_id / file).exists() for file in files)


def environment(task, **more):
    return {
        "PHASEGATE_TASK": f"{BENCH}/tasks/{task['id'].replace('/', '__')}.json",
        "PHASEGATE_INPUTS": f"{RUN}/inputs",
        "PHASEGATE_EVIDENCE": f"{RUN}/inputs/{task['id']}",
        "PHASEGATE_SPEC_DIR": os.environ["PHASEGATE_BENCH_SPECS"],
        "PHASEGATE_FEATURE": task["feature"] or "",
        **more,
    }


def command(task, checks):
    files = [item["path"] for item in task["items"] if item.get("path")]
    lines = [f"mkdir -p $PHASEGATE_EVIDENCE && cd {RUN}/product"]
    if task["runner"] != "check":
        lines.append(PLAN["executions"][task["id"]]["work"])
    lines += [check["run"] for check in checks]
    lines += [f"cp --parents {' '.join(shlex.quote(file) for file in files)} $PHASEGATE_EVIDENCE" if files else "true"]
    return " && ".join(lines)


with DAG("plain_orders", schedule=None, catchup=False) as dag:
    gate = BashOperator(
        task_id="kickoff", bash_command=f"mkdir -p {RUN} && git clone -q {os.environ['PHASEGATE_BENCH_REPOSITORY']} {RUN}/product"
    )
    gates = [gate]
    for phase in CONTRACT["phases"]:
        with TaskGroup(phase["id"]):
            opened = EmptyOperator(task_id="open", trigger_rule=TriggerRule.ONE_SUCCESS)
            gate >> opened
            tasks, late, due = [], [], []
            for task in phase["tasks"]:
                at_once = [check for check in task["checks"] if check["at"] == "seal"]
                late += [(task, check) for check in task["checks"] if check["at"] == "converge"]
                tasks.append(
                    BashOperator(task_id=task["task"], bash_command=command(task, at_once), env=environment(task), append_env=True)
                )
                due += [f"inputs/{task['id']}/{item['path']}" for item in task["items"] if item.get("path")]
            commit = f"cd {RUN}/product && git add -A && (git -c user.name=x -c user.email=x@localhost commit -q -m {phase['id']} || true)"
            again = [
                " ".join(f"{name}={shlex.quote(value)}" for name, value in environment(task).items())
                + f" sh -c {shlex.quote('mkdir -p $PHASEGATE_EVIDENCE && ' + check['run'])}"
                for task, check in late
            ]
            converge = BashOperator(task_id="converge", bash_command=" && ".join([commit, *again]), append_env=True, env={})
            gate = PythonSensor(task_id="gate", python_callable=there, op_kwargs={"files": due, "run_id": "{{ run_id }}"}, poke_interval=1)
            opened >> tasks
            [opened, *tasks] >> converge
            [opened, *tasks, converge] >> gate
            gates.append(gate)
    gates >> BashOperator(task_id="complete", bash_command=f"cd {RUN}/product && git branch done")
