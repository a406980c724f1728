"""Folder -> DAGs: one broken spec never harms its siblings, and is seen.

Who imports the file of the DAG folder may ask for a report (`reporting`): the plugin's importer does, and turns what is broken into
import errors of the YAML files. Where nobody asks, since the plugin is not installed or another importer took its place, each broken spec
leaves a DAG that says what is wrong with it (see `dag_factory.placeholder`).
"""

from __future__ import annotations

import gc
import logging
import os
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, get_parsing_context
from airflow.sdk.configuration import conf

from dag_factory.build import build_dag
from dag_factory.errors import Diagnostic, OperatorError, PhasegateError, Position, SpecError
from dag_factory.plan import Plan, PlanCache
from dag_factory.plan.operators import bound_at, unusable, written_at
from dag_factory.settings import allowed_patterns, cache_root

__all__ = ["Report", "load_workflows", "reporting", "spec_files"]

_log = logging.getLogger(__name__)
_TELLS = re.compile(r"(^|\.)(gate|triage|complete|approve-\d+|decide_\d+|waived_\d+)$")
"""Tasks that tell people. A notifier is code that a worker runs beside its keys, and no part of the plan's digest: it is read from the spec itself."""
_NAME = re.compile(rb"""^[^\S\n]*["']?workflow["']?\s*:\s*["']?([A-Za-z0-9_-]+)""", re.MULTILINE)


@dataclass
class Report:
    """What a file of the DAG folder made of its specs: the file each DAG is written in, and what is wrong with the others."""

    specs: dict[str, Path] = field(default_factory=dict)
    broken: dict[Path, SpecError] = field(default_factory=dict)


_reports: dict[Path, Report] = {}


@contextmanager
def reporting(file: Path) -> Iterator[Report]:
    """Collect what `load_workflows` finds while this file of the DAG folder is imported."""
    before = _reports.get(file)
    _reports[file] = report = Report()
    try:
        yield report
    finally:
        _reports.pop(file)
        if before is not None:
            _reports[file] = before


def spec_files(folder: Path) -> list[Path]:
    """The specs in a folder, sorted by name; hidden files are none."""
    with os.scandir(folder) as found:
        names = sorted(entry.name for entry in found if _is_spec(entry))
    return [folder / name for name in names]


def _is_spec(entry: os.DirEntry[str]) -> bool:
    """Whether an entry of the folder is a spec by its name; what is no file, nor leads to one, is told when it is read."""
    if not entry.name.endswith((".yaml", ".yml")) or entry.name.startswith("."):
        return False
    try:
        return not entry.is_dir()
    except OSError:  # links that lead round in a circle
        return True


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Let Python look for no garbage while DAGs are built: nearly all that is made stays, and is looked through again and again in vain."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def load_workflows(namespace: MutableMapping[str, Any], folder: str | Path) -> dict[str, SpecError]:
    """Build a DAG for every sound spec in a folder, and put it where Airflow looks for DAGs.

    In a worker only the DAG that is asked for is built. A broken spec builds no DAG; it is logged, and its siblings are not touched.
    Plans are kept between parses (see `dag_factory.plan.cache`); the one that `kickoff` freezes is compiled anew, so that no run rests on
    what lay in the cache.

    Parameters
    ----------
    namespace: ``globals()`` of the file in the DAG folder.
    folder: where the specs lie; a relative one is relative to that file.

    Returns
    -------
    What is wrong, by file; empty if nothing is.

    Raises
    ------
    PhasegateError: there is no such folder.

    """
    file = Path(namespace.get("__file__", "."))
    where = file.parent / folder
    if not where.is_dir():
        raise PhasegateError(f"There is no folder of workflows at {where}.", remedy="Make it, or correct the call of load_workflows.")
    asked = get_parsing_context()
    cache = PlanCache(None if asked.task_id == "kickoff" else cache_root(), allowed_patterns())
    report = Report()
    with _without_collecting():
        for path in spec_files(where) if asked.dag_id is None else _likely(where, asked.dag_id, cache):
            try:
                dag = _load(path, report.specs, cache)
            except SpecError as error:
                report.broken[path] = error
                _log.error("%s", error)
            else:
                namespace[dag.dag_id] = dag
    _tell(report, file, namespace)
    return {str(path): error for path, error in report.broken.items()}


def _tell(report: Report, file: Path, namespace: MutableMapping[str, Any]) -> None:
    """Hand the report to who asked for it; if nobody did, let what is broken be seen as DAGs."""
    if (asked := _reports.get(file)) is not None:
        asked.specs.update(report.specs)
        asked.broken.update(report.broken)
    elif report.broken and get_parsing_context().dag_id is None:
        from dag_factory.placeholder import placeholders

        namespace.update(placeholders(report.broken))


def _likely(where: Path, dag_id: str, cache: PlanCache) -> list[Path]:
    """The specs that may be the wanted one: the file it was found in last, if it still says so, else every one whose text does."""
    last = cache.spec_of(where, dag_id)
    if last is not None and _says(last, dag_id):
        return [last]
    return [path for path in spec_files(where) if _says(path, dag_id) in (True, None)]


def _load(path: Path, made: dict[str, Path], cache: PlanCache) -> DAG:
    try:
        plan = cache.plan_of(path)
        if plan.presentation.notify and _tells(plan, get_parsing_context().task_id or ""):
            plan = PlanCache(None, allowed_patterns()).plan_of(path)
        first = made.setdefault(plan.workflow, path)
        if first != path:
            reason = f"{first} has a workflow {plan.workflow} already."
            raise SpecError([Diagnostic("workflow-duplicate", written_at(path, "workflow"), reason, "Give one of them another name.")])
        _refuse_unknown_executors(path, plan)
        dag = build_dag(plan, path.parent)
    except SpecError:
        raise
    except OperatorError as error:
        raise SpecError(unusable(path, plan, [error])) from error
    except Exception as error:  # what Airflow refuses, it refuses with any exception; none may take the siblings down
        said = (str(error).splitlines() or [""])[0]
        reason = f"No DAG can be built of it: {type(error).__name__}: {said.rstrip('.')}."
        raise SpecError([Diagnostic("dag-refused", Position(str(path), 1, 1), reason, "Correct what it names.")]) from error
    cache.found(path, plan.workflow)
    return dag


def _tells(plan: Plan, task_id: str) -> bool:
    """Whether a task tells people something: one of Phasegate's own, or one that asks them."""
    asks = any(
        task.people and task_id.rpartition(".")[2].startswith((task.task.rpartition(".")[2], "fix"))
        for task in plan.contract.tasks.values()
    )
    return asks or _TELLS.search(task_id) is not None


def _refuse_unknown_executors(path: Path, plan: Plan) -> None:
    """Airflow looks executors up only when the file is loaded, and then drops every DAG of it; a worker's DAG was taken before."""
    asked = {execution.executor: task for task, execution in sorted(plan.executions.items(), reverse=True) if execution.executor}
    if asked and get_parsing_context().dag_id is None and not conf.getboolean("core", "multi_team", fallback=False):
        from airflow.exceptions import UnknownExecutorException
        from airflow.executors.executor_loader import ExecutorLoader

        for name, task in sorted(asked.items()):
            try:
                ExecutorLoader.lookup_executor_name_by_str(name)
            except UnknownExecutorException as error:
                reason = f"No DAG can be built of it: Airflow has no executor {name}; it has {conf.get('core', 'executor')}."
                place = bound_at(path, plan, task, "executor")
                raise SpecError(
                    [Diagnostic("dag-refused", place, reason, "Write one that it has; or have it added to `[core] executor`.")]
                ) from error


def _says(path: Path, dag_id: str) -> bool | None:
    """Whether a spec is of this workflow, from its text alone; None if its text does not tell."""
    if not path.is_file():  # a pipe would never end
        return False
    try:
        text = path.read_bytes()
    except OSError:
        return None
    name = dag_id.encode()
    if name in text:  # the names are looked for only in the few files that may have this one
        names = [match[1] for match in _NAME.finditer(text)]
        return name in names if names else None
    return False if _NAME.search(text) else None
