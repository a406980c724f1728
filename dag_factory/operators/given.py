"""What a program is given: read-only inputs, a task file and an environment, made anew for whoever must not find another's traces in them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.case import Case
from dag_factory.operators.collect import Bench
from dag_factory.operators.orders import told as told_of
from dag_factory.operators.place import Place, inputs_of, task_file
from dag_factory.operators.references import look_up
from dag_factory.plan import Plan
from dag_factory.scope import Scope
from dag_factory.settings import hidden_places

__all__ = ["give"]


def give(
    name: str,
    *,
    plan: Plan,
    task: TaskContract,
    scope: Scope,
    case: Case,
    place: Place,
    spec_dir: Path,
    attempt: int,
    emit: Callable[[str], None],
    stop: threading.Event,
    order: Order | None = None,
) -> Bench:
    """Lay everything out in a fresh folder of the place.

    Parameters
    ----------
    name: the folder; what was in it is removed.
    spec_dir: where the spec lies.
    attempt: the task's try.
    emit: is given one line of live log.
    stop: ends what runs.
    order: the findings that are to be mended, or known of.

    Raises
    ------
    StoreError: an input is missing or was altered.
    PhasegateError: a reference of the binding's `env` leads nowhere.

    """
    inputs, told = place.fresh(name), place.root / f"{name}.json"
    phases = case.contract.upto(case.phase_id)
    if order and not task.judges:  # who mends sees what was found
        inputs_of(scope.run, replace(case, cycle=case.at - 1), phases, inputs)
    else:
        inputs_of(
            scope.run, case, [phase for phase in phases[:-1] if phase.id in {one.id for one in case.contract.upto(task.phase)[:-1]}], inputs
        )
    told.unlink(missing_ok=True)
    asked = json.dumps(task_file(plan, case, task, attempt, told_of(case, order)), indent=2, ensure_ascii=False)
    told.write_text(asked, encoding="utf-8", errors="replace")  # a param of the run may have half a character in it
    extra, secrets = look_up(plan.executions[task.id].env)
    if task.feature:
        extra["PHASEGATE_FEATURE"] = task.feature
    return Bench(scope.run, inputs, place.home, told, spec_dir, extra, emit, stop, secrets, hidden_places())
