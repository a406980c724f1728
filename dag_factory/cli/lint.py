"""`phasegate lint`: holds specs against every rule, without Airflow."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dag_factory.cli.patterns import allowed
from dag_factory.cli.wording import counted
from dag_factory.errors import Diagnostic, SpecError
from dag_factory.plan import Plan, compile_plan, read_plan
from dag_factory.plan.foreseen import env_elsewhere, scripts_missing, templates_unread, unwritten
from dag_factory.plan.operators import written_at
from dag_factory.plan.schemas import param_invalid, schema_broken
from dag_factory.spec import examine

__all__ = ["Patterns", "lint", "load"]

_WORKFLOW = re.compile(rb"""^["']?workflow["']?[^\S\n]*:""", re.MULTILINE)

Patterns = Annotated[
    str | None,
    typer.Option(
        help="The patterns the platform allows, separated by commas; none lets a workflow go without. If not given: as the variable "
        "AIRFLOW__PHASEGATE__PATTERNS or airflow.cfg says, else standard."
    ),
]


def load(path: Path, patterns: str | None) -> Plan:
    """Read a spec and plan it.

    Raises
    ------
    SpecError: it breaks rules.

    """
    return read_plan(path, allowed(patterns).names)


def lint(
    paths: Annotated[
        list[Path], typer.Argument(help="Spec files, or folders of them; deeper in a folder, YAML that names no workflow is passed over.")
    ],
    patterns: Patterns = None,
) -> None:
    """Check specs: every broken rule as file:line:column, rule, reason, remedy. Exits 1 if there is one.

    A script that a binding names and that is not beside its spec is a warning: it may lie elsewhere where the workflow runs. So is a
    variable of a worker's environment that checks of a merge need on other workers, and a template of Airflow's in a command.

    Example: phasegate lint dags/workflows
    """
    found: list[Diagnostic] = []
    names: dict[str, Path] = {}
    files = [file for path in paths for file in _files(path)]
    for file in files:
        made, faults = _judged(file, patterns)
        found += faults
        if made is None:
            continue
        first = names.setdefault(made.workflow, file)
        if first != file:
            reason = f"{first} has a workflow {made.workflow} already."
            found.append(Diagnostic("workflow-duplicate", written_at(file, "workflow"), reason, "Give one of them another name."))
    for item in found:
        typer.echo(str(item))
    if not files:
        typer.echo(f"There is no spec in {', '.join(map(str, paths))}; a spec ends in .yaml or .yml.", err=True)
        raise typer.Exit(2)
    typer.echo(f"{counted(len(files), 'spec')}, {counted(len(found), 'broken rule') if found else 'all sound'}.", err=True)
    if allowed(patterns).source not in ("", "--patterns") or any(item.rule == "pattern-forbidden" for item in found):
        typer.echo(allowed(patterns).told, err=True)
    raise typer.Exit(1 if found else 0)


def _judged(file: Path, patterns: str | None) -> tuple[Plan | None, Sequence[Diagnostic]]:
    """The plan of a spec, and all that is wrong with it; None where no run could be made of it. Warnings are told on the way."""
    found: list[Diagnostic] = []
    made = None
    try:
        spec, found = examine(file, patterns=allowed(patterns).names)
        if spec is not None:
            sound = not found
            found += [item for item in param_invalid(spec) if item.where not in {other.where for other in found}]
            plan = compile_plan(spec)
            found += [*_operators(file, plan), *unwritten(spec, plan.contract), *schema_broken(spec, plan.contract)]
            for warning in (*scripts_missing(spec), *templates_unread(spec), *env_elsewhere(spec, plan)):
                typer.echo(f"warning: {warning}", err=True)
            made = plan if sound else None
    except SpecError as error:
        found = [*found, *error.diagnostics]
    return made, SpecError(found).diagnostics if found else ()


def _operators(file: Path, plan: Plan) -> list[Diagnostic]:
    """What is wrong with the operators of a plan: each is made once, where an Airflow is set up; elsewhere only the loader can tell."""
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    if not any(task.runner == "operator" for task in plan.contract.tasks.values()) or not (home / "airflow.cfg").is_file():
        return []
    from dag_factory.plan.operators import unusable

    stock = importlib.import_module("dag_factory.operators.stock")  # by name: nothing else of the command line needs Airflow
    return unusable(file, plan, stock.tried(plan, file.parent))


def _files(path: Path) -> list[Path]:
    """A file, or what of a folder is a spec: all YAML that lies right in it, as for Airflow; deeper, where data lies too, what names a workflow."""
    if not path.is_dir():
        return [path]
    found = (file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and not file.name.startswith("."))
    return sorted(file for file in found if not file.is_dir() and (file.parent == path or _names_a_workflow(file)))


def _names_a_workflow(file: Path) -> bool:
    try:
        return _WORKFLOW.search(file.read_bytes()) is not None
    except OSError:
        return True  # what cannot be read is told as such
