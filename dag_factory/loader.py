"""Folder -> DAGs: one broken spec never harms its siblings."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, get_parsing_context
from airflow.sdk.configuration import conf

from dag_factory.build import build_dag
from dag_factory.errors import Diagnostic, PhasegateError, Position, SpecError
from dag_factory.plan import Plan, PlanCache
from dag_factory.settings import allowed_patterns, cache_root

__all__ = ["load_workflows", "spec_files"]

_log = logging.getLogger(__name__)


def spec_files(folder: Path) -> list[Path]:
    """The specs in a folder, sorted by name; hidden files are none."""
    return sorted(
        path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file() and not path.name.startswith(".")
    )


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
    where = Path(namespace.get("__file__", ".")).parent / folder
    if not where.is_dir():
        raise PhasegateError(f"There is no folder of workflows at {where}.", remedy="Make it, or correct the call of load_workflows.")
    asked = get_parsing_context()
    cache = PlanCache(None if asked.task_id == "kickoff" else cache_root(), allowed_patterns())
    broken: dict[str, SpecError] = {}
    made: dict[str, Path] = {}
    for path in spec_files(where) if asked.dag_id is None else _likely(where, asked.dag_id, cache):
        try:
            dag = _load(path, made, cache)
        except SpecError as error:
            broken[str(path)] = error
            _log.error("%s", error)
        else:
            namespace[dag.dag_id] = dag
    return broken


def _likely(where: Path, dag_id: str, cache: PlanCache) -> list[Path]:
    """The specs that may be the wanted one: the file it was found in last, if it still says so, else every one whose text does."""
    last = cache.spec_of(where, dag_id)
    if last is not None and dag_id in _names(last):
        return [last]
    return [path for path in spec_files(where) if dag_id in (names := list(_names(path))) or not names]


def _load(path: Path, made: dict[str, Path], cache: PlanCache) -> DAG:
    try:
        plan = cache.plan_of(path)
        first = made.setdefault(plan.workflow, path)
        if first != path:
            reason = f"{first} has a workflow {plan.workflow} already."
            raise SpecError([Diagnostic("workflow-duplicate", Position(str(path), 1, 1), reason, "Give one of them another name.")])
        _refuse_unknown_executors(plan)
        dag = build_dag(plan, path.parent)
    except SpecError:
        raise
    except Exception as error:  # what Airflow refuses, it refuses with any exception; none may take the siblings down
        said = (str(error).splitlines() or [""])[0]
        reason = f"No DAG can be built of it: {type(error).__name__}: {said.rstrip('.')}."
        raise SpecError([Diagnostic("dag-refused", Position(str(path), 1, 1), reason, "Correct what it names.")]) from error
    cache.found(path, plan.workflow)
    return dag


def _refuse_unknown_executors(plan: Plan) -> None:
    """Airflow looks executors up only when the file is loaded, and then drops every DAG of it; a worker's DAG was taken before."""
    names = sorted({execution.executor for execution in plan.executions.values() if execution.executor})
    if names and get_parsing_context().dag_id is None and not conf.getboolean("core", "multi_team", fallback=False):
        from airflow.executors.executor_loader import ExecutorLoader

        for name in names:
            ExecutorLoader.lookup_executor_name_by_str(name)


def _names(path: Path) -> Iterator[str]:
    """The workflows a spec may be of, from its text alone."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for match in re.finditer(r"""^\s*["']?workflow["']?\s*:\s*["']?([A-Za-z0-9_-]+)""", text, re.MULTILINE):
        yield match[1]
