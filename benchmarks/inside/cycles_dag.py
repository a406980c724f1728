"""The peer: plain Airflow, written by hand with loops, of the shape that `benchmarks/cycles.py` has Phasegate make: 4 phases, 40 tasks, 3 fix cycles a gate.

It is copied into the DAG folder; its last line is written there, and says how many DAGs it makes.
"""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, TaskGroup, TriggerRule

PHASES = {"plan": 10, "build": 15, "check": 10, "ship": 5}
DONE = TriggerRule.ALL_DONE_MIN_ONE_SUCCESS


def orders():
    return ["true"]


def there():
    return True


def work(name, persona, **how):
    return BashOperator(task_id=name, bash_command=f"work {name}", owner=f"@{persona}", doc_md=f"### {persona}\nOwes: {name}.txt", **how)


def gate_of(due):
    gate = PythonSensor(task_id="gate", python_callable=there, trigger_rule=DONE, retries=0, doc_md="### Gate\nAll is there.")
    due >> gate
    return gate


def fix_of(phase, number, gates):
    with TaskGroup(f"fix_{number}", tooltip="Opens where the gate finds red flags."):
        triage = PythonOperator(
            task_id="triage", python_callable=orders, trigger_rule=TriggerRule.ALL_FAILED, doc_md="Says who mends what."
        )
        settled = EmptyOperator(task_id="settled", trigger_rule=TriggerRule.ALL_DONE, doc_md="Follows every fix task.")
        mend = BashOperator.partial(task_id="fix", owner="fixers", doc_md="Mends what was found.").expand(bash_command=triage.output)
        converge = BashOperator(task_id="converge", bash_command="merge", doc_md="Merges what was sealed.")
        gates >> triage >> [settled, converge]
        triage >> mend >> settled >> converge
        due = [triage, converge]
        if phase in ("check", "ship"):
            before = "check." if phase == "ship" else ""
            judges = [work(f"{before}check-{at}", "checker", trigger_rule=DONE) for at in range(PHASES["check"])]
            triage >> judges
            converge >> judges
            due += judges
        return gate_of(due)


def phase_of(phase, count, before):
    with TaskGroup(phase, tooltip=f"{phase}: {count} tasks"):
        opened = EmptyOperator(task_id="open", trigger_rule=TriggerRule.ONE_SUCCESS, doc_md="Starts the phase.")
        before >> opened
        tasks = [work(f"{phase}-{at}", f"{phase}er") for at in range(count)]
        opened >> tasks
        due = [opened, *tasks]
        converge = BashOperator(task_id="converge", bash_command="merge", trigger_rule=DONE, doc_md="Merges what was sealed.")
        due >> converge
        gates = [gate_of([*due, converge])]
        for number in (1, 2, 3):
            gates.append(fix_of(phase, number, gates))
    return gates


def make(name):
    with DAG(name, description="Many cycles", schedule=None, catchup=False, doc_md="Four phases.", tags=["bench"]) as dag:
        kickoff = BashOperator(task_id="kickoff", bash_command="begin", doc_md="Begins.")
        gates, ends = [kickoff], [kickoff]
        for phase, count in PHASES.items():
            gates = phase_of(phase, count, gates)
            ends += gates
        complete = BashOperator(task_id="complete", bash_command="judge", trigger_rule=TriggerRule.ALL_DONE, doc_md="Judges.")
        ends >> complete
    return dag
