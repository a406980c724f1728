"""The same DAG in every dialect: four phases of three tasks, each opened by an EmptyOperator and closed by a gate; 22 tasks in 4 groups.

A peer's gate is a FileSensor, and its tasks are BashOperators. Nobody gets more than its own documentation asks for; the plain Python file is a loop, which
is the least that Python can be made to read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

__all__ = ["DAG_FACTORY_LOADER", "DIALECTS", "write"]

PHASES = ("design", "build", "check", "ship")
TASKS = ("first", "second", "third")

_PHASEGATE_LOADER = """\
# An Airflow DAG of every workflow spec.
from dag_factory import load_workflows

broken = load_workflows(globals(), "workflows")
assert not broken, broken
"""

_PLAIN = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import DAG, TaskGroup, TriggerRule
{more}
for number in range({count}):
    name = f"bench_{{number:04d}}"{skip}
    with DAG(name, description=f"The mart of partner {{number}}", schedule="@daily", catchup=False, tags=["bench"]) as dag:
        gate = BashOperator(task_id="kickoff", bash_command="true")
        gates = [gate]
        for phase in ("design", "build", "check", "ship"):
            with TaskGroup(phase):
                opened = EmptyOperator(task_id="open", trigger_rule=TriggerRule.ONE_SUCCESS)
                tasks = [
                    BashOperator(task_id=task, bash_command=f"work {{number}} {{phase}} {{task}}", owner="worker", doc_md=f"Leaves {{task}}.txt")
                    for task in ("first", "second", "third")
                ]
                gate >> opened >> tasks
                gate = FileSensor(task_id="gate", filepath=f"{{name}}/{{phase}}", trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
                [opened, *tasks] >> gate
                gates.append(gate)
        gates >> BashOperator(task_id="complete", bash_command="true", trigger_rule=TriggerRule.ALL_DONE)
    globals()[name] = dag
"""

DAG_FACTORY_LOADER = """\
# An Airflow DAG of every YAML file.
from pathlib import Path

from dagfactory import load_yaml_dags

load_yaml_dags(globals(), dags_folder=str(Path(__file__).parent / "workflows"), defaults_config_path=str(Path(__file__).parent / "workflows"))
"""

_BLUEPRINT_LOADER = """\
# An Airflow DAG of every YAML file.
from pathlib import Path

from blueprint import build_all_airflow_dags

build_all_airflow_dags(Path(__file__).parent / "workflows", register_globals=globals(), discover_entry_points=False)
"""

_BLUEPRINT_TEMPLATES = '''\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import TaskGroup, TriggerRule
from blueprint import BaseModel, Blueprint


class CommandConfig(BaseModel):
    command: str


class Command(Blueprint[CommandConfig]):
    """One command."""

    def render(self, config):
        return BashOperator(task_id=self.step_id, bash_command=config.command)


class PhaseConfig(BaseModel):
    commands: dict[str, str]
    waits_for: str


class Phase(Blueprint[PhaseConfig]):
    """A phase: its tasks in parallel, closed by a gate."""

    def render(self, config):
        with TaskGroup(group_id=self.step_id) as group:
            opened = EmptyOperator(task_id="open", trigger_rule=TriggerRule.ONE_SUCCESS)
            tasks = [
                BashOperator(task_id=name, bash_command=command, owner="worker", doc_md=f"Leaves {name}.txt")
                for name, command in config.commands.items()
            ]
            gate = FileSensor(task_id="gate", filepath=config.waits_for, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
            opened >> tasks
            [opened, *tasks] >> gate
        return group
'''


def write(dialect: str, folder: Path, count: int) -> Path:
    """Write `count` DAGs in a dialect; answers the file of the DAG folder that loads them."""
    (folder / "workflows").mkdir(parents=True)
    return DIALECTS[dialect](folder, count)


def _phasegate(folder: Path, count: int) -> Path:
    tasks = ", ".join(f"{task}: {{persona: worker, duty: work}}" for task in TASKS)
    phases = "".join(f"  {phase}: {{tasks: {{{tasks}}}, gate: {{}}}}\n" for phase in PHASES)
    for number in range(count):
        (folder / "workflows" / f"bench_{number:04d}.yaml").write_text(
            f"workflow: bench_{number:04d}\npattern: false\nmission: The mart of partner {number}\nschedule: daily\ntags: [bench]\n"
            "fix: {max_cycles: 0}\n"  # the peers have no fix phases
            f"personas: {{default: {{command: work {number}}}}}\n"
            "catalogue:\n  worker:\n    title: Worker\n    instructions: Leaves a file.\n"
            "    contracts: {work: {does: Leaves a file., evidence: {left: {report: left.txt, kind: file}}}}\n"
            f"phases:\n{phases}",
            encoding="utf-8",
        )
    return _loader(folder, _PHASEGATE_LOADER)


def _standard(folder: Path, count: int) -> Path:
    for number in range(count):
        (folder / "workflows" / f"bench_{number:04d}.yaml").write_text(
            f"workflow: bench_{number:04d}\nmission: The mart of partner {number}\nschedule: daily\nworkspace: {{git: ./repository}}\n"
            "features: {ingest: Load partner CSVs, mart: Build the mart}\npersonas: {default: {check: make all}}\n",
            encoding="utf-8",
        )
    return _loader(folder, _PHASEGATE_LOADER)


def _plain(folder: Path, count: int) -> Path:
    return _loader(folder, _PLAIN.format(count=count, more="", skip=""))


def _plain_asking(folder: Path, count: int) -> Path:
    """As Airflow's documentation has it for files that make many DAGs."""
    skip = "\n    if wanted not in (None, name):\n        continue"
    return _loader(
        folder,
        _PLAIN.format(count=count, more="from airflow.sdk import get_parsing_context\n\nwanted = get_parsing_context().dag_id", skip=skip),
    )


def _dag_factory(folder: Path, count: int) -> Path:
    standard, last = "airflow.providers.standard", "trigger_rule: all_done"
    for number in range(count):
        name = f"bench_{number:04d}"
        tasks = [f"    - {{task_id: kickoff, operator: {standard}.operators.bash.BashOperator, bash_command: 'true'}}"]
        before = "kickoff"
        for phase in PHASES:
            own, first = f"task_group_name: {phase}", "trigger_rule: one_success"
            tasks.append(
                f"    - {{task_id: open_{phase}, operator: {standard}.operators.empty.EmptyOperator, {first}, {own}, dependencies: [{before}]}}"
            )
            tasks += [
                f"    - {{task_id: {task}_{phase}, operator: {standard}.operators.bash.BashOperator, bash_command: work {number} {phase} {task}, "
                f"owner: worker, doc_md: Leaves {task}.txt, {own}, dependencies: [open_{phase}]}}"
                for task in TASKS
            ]
            due = ", ".join([f"open_{phase}", *(f"{task}_{phase}" for task in TASKS)])
            before = f"gate_{phase}"
            tasks.append(
                f"    - {{task_id: {before}, operator: {standard}.sensors.filesystem.FileSensor, filepath: {name}/{phase}, "
                f"trigger_rule: all_done_min_one_success, {own}, dependencies: [{due}]}}"
            )
        due = ", ".join(["kickoff", *(f"gate_{phase}" for phase in PHASES)])
        tasks.append(
            f"    - {{task_id: complete, operator: {standard}.operators.bash.BashOperator, bash_command: 'true', {last}, dependencies: [{due}]}}"
        )
        groups = "".join(f"    - {{group_name: {phase}}}\n" for phase in PHASES)
        (folder / "workflows" / f"{name}.yaml").write_text(
            f"{name}:\n  description: The mart of partner {number}\n  schedule: '@daily'\n  catchup: false\n  tags: [bench]\n"
            f"  default_args: {{start_date: 2020-01-01}}\n  task_groups:\n{groups}  tasks:\n" + "\n".join(tasks) + "\n",
            encoding="utf-8",
        )
    return _loader(folder, DAG_FACTORY_LOADER)


def _blueprint(folder: Path, count: int) -> Path:
    (folder / "workflows" / "templates.py").write_text(_BLUEPRINT_TEMPLATES, encoding="utf-8")
    for number in range(count):
        name = f"bench_{number:04d}"
        steps = ["  kickoff: {blueprint: command, command: 'true'}"]
        before = "kickoff"
        for phase in PHASES:
            commands = ", ".join(f"{task}: work {number} {phase} {task}" for task in TASKS)
            steps.append(
                f"  {phase}: {{blueprint: phase, depends_on: [{before}], waits_for: {name}/{phase}, commands: {{{commands}}}}}",
            )
            before = phase
        due = ", ".join(["kickoff", *PHASES])
        steps.append(f"  complete: {{blueprint: command, command: 'true', trigger_rule: all_done, depends_on: [{due}]}}")
        (folder / "workflows" / f"{name}.dag.yaml").write_text(
            f"dag_id: {name}\ndescription: The mart of partner {number}\nschedule: '@daily'\nsteps:\n" + "\n".join(steps) + "\n",
            encoding="utf-8",
        )
    return _loader(folder, _BLUEPRINT_LOADER)


def _loader(folder: Path, text: str) -> Path:
    path = folder / "loader.py"
    path.write_text(text, encoding="utf-8")
    return path


DIALECTS: dict[str, Callable[[Path, int], Path]] = {
    "phasegate": _phasegate,
    "standard": _standard,
    "plain": _plain,
    "plain-asking": _plain_asking,
    "dag-factory": _dag_factory,
    "blueprint": _blueprint,
}
