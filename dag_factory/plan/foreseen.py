"""What a sound plan will fail of all the same, as far as a look at it and at the folder of its spec tells; for `phasegate lint` alone.

No DAG is refused for it: where the linter runs, the scripts beside the spec may lie elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dag_factory.errors import Diagnostic
from dag_factory.evidence.contract import RunContract
from dag_factory.plan.models import Plan
from dag_factory.plan.rules import binding_place
from dag_factory.spec import Spec

__all__ = ["env_elsewhere", "scripts_missing", "templates_unread", "unwritten"]

_SCRIPT = re.compile(r"\$(?:PHASEGATE_SPEC_DIR|\{PHASEGATE_SPEC_DIR\})/([\w./+-]+)(?![\w./+${*?\[-])")

_TEMPLATE = re.compile(
    r"\{\{-?\s*(?:(?:ds|ts|ds_nodash|ts_nodash|run_id|logical_date|data_interval_(?:start|end))\b|"
    r"(?:params|dag_run|dag|ti|task_instance|macros|conn|phasegate)\.|params\[|var\.(?:value|json)\b)[^{}]*\}\}"
)
"""A template of Airflow's; other programs have templates with other words, and commands are full of them."""


def unwritten(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """A task that has to write into the repository is not done by a check: what a check leaves there is never sealed."""
    told: dict[str, list[str]] = {}
    for task in contract.tasks.values():
        owed = [item.place for item in task.items if item.changed or item.path]
        if task.runner == "check" and spec.workflow.workspace is not None and task.writes and (owed or task.duty == "testing"):
            told.setdefault(binding_place(spec, task)[1], []).append(f"{task.id} ({', '.join(owed) or 'its tests'})")
    for key, tasks in told.items():
        reason = f"personas.{key} binds a check, which cannot write into the repository, to {'; '.join(tasks)}."
        remedy = "Bind each of them to `command`, `agent`, `human` or another runner that works in a workspace."
        yield Diagnostic("check-cannot-write", spec.source.where(("personas", key)), reason, remedy)


def scripts_missing(spec: Spec) -> Iterator[Diagnostic]:
    """A script that a command names below $PHASEGATE_SPEC_DIR lies beside the spec; only paths written out are looked for."""
    for (_, key, *_), text in _bound(spec):
        for path in _SCRIPT.findall(text):
            if not (Path(spec.folder) / path).exists():
                reason = f"personas.{key} names {path}, and {Path(spec.folder) / path} does not exist."
                yield Diagnostic("script-missing", spec.source.where(("personas", key)), reason, "Put it there, or correct the path.")


def templates_unread(spec: Spec) -> Iterator[Diagnostic]:
    """A program is given its command and its variables as they are written; of templates, only those of Airflow's own words are told."""
    env = [
        (("personas", key, "env", name), value)
        for key, binding in spec.workflow.personas.items()
        for name, value in binding.env.items()
        if isinstance(value, str)
    ]
    checks = [(("checks", name, "run"), text) for name, check in spec.workflow.checks.items() for text in _words(check.run)]
    for path, text in (*_bound(spec), *env, *checks):
        if found := _TEMPLATE.search(text):
            reason = f"{'.'.join(path)} has {found[0]}, which no template fills: a program is given what is written."
            remedy = "Read it from the file `$PHASEGATE_TASK`, where the run, its dates and its params stand."
            yield Diagnostic("template-unread", spec.source.where(path), reason, remedy)


def _bound(spec: Spec) -> Iterator[tuple[tuple[str, str, str], str]]:
    """The commands of all bindings, and where each stands."""
    for key, binding in spec.workflow.personas.items():
        for name in ("command", "check", "verify"):
            yield from ((("personas", key, name), text) for text in _words(getattr(binding, name)))


def _words(command: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (command,) if isinstance(command, str) else command or ()


def env_elsewhere(spec: Spec, plan: Plan) -> Iterator[Diagnostic]:
    """A variable of a worker's own environment is asked for where a task's checks run too: those of a merge run in the default queue."""
    told: dict[str, str] = {}
    for task in plan.contract.tasks.values():
        execution = plan.executions[task.id]
        names = [str(value["env"]) for value in execution.env.values() if isinstance(value, dict) and value.get("env")]
        checks = [check.name for check in task.checks if check.at == "converge"]
        if names and checks and (place := execution.queue or execution.executor):
            key = binding_place(spec, task)[1]
            told.setdefault(key, f"personas.{key} works in {place}, and its checks run on the merge ({', '.join(checks)}) do not: "
                                 f"they need {', '.join(names)} too.")  # fmt: skip
    for key, reason in told.items():
        remedy = "Set it on the workers of the default queue too, or use `{var: …}` or `{conn: …}`, which every worker finds."
        yield Diagnostic("env-elsewhere", spec.source.where(("personas", key)), reason, remedy)
