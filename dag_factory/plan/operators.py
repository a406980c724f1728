"""Where a spec says what only Airflow can refuse, and what is wrong with an operator that a persona is bound to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dag_factory.errors import Diagnostic, OperatorError, Position
from dag_factory.plan.models import Plan

if TYPE_CHECKING:
    from dag_factory.spec.source import Source

__all__ = ["bound_at", "unusable", "written_at"]


def unusable(path: Path, plan: Plan, errors: Iterable[OperatorError]) -> list[Diagnostic]:
    """Tell errors as diagnostics; what is bound for several tasks is told once.

    Parameters
    ----------
    path: the spec's file.
    plan: the plan that was made of it.

    Raises
    ------
    SpecError: the file cannot be read any more.

    """
    found = [Diagnostic("operator-unusable", bound_at(path, plan, error.task, error.part), error.message, error.remedy) for error in errors]
    return list(dict.fromkeys(found))


def bound_at(path: Path, plan: Plan, task: str, part: str) -> Position:
    """Where the spec of a plan says something of how a task's persona works.

    Parameters
    ----------
    path: the spec's file.
    plan: the plan that was made of it.
    task: the task's id, as `phase/task`.
    part: the key of its persona's binding, like `executor`.

    Raises
    ------
    SpecError: the file cannot be read any more.

    """
    contract = plan.contract.tasks[task]
    names = (f"{contract.phase}/{contract.persona}", contract.persona, "default")
    source = _source(path)
    return source.where(("personas", next((name for name in names if ("personas", name) in source.places), contract.persona), part))


def written_at(path: Path, key: str) -> Position:
    """Where a key of a spec is written.

    Parameters
    ----------
    path: the spec's file.
    key: one of the spec's own keys, like `workflow`.

    Raises
    ------
    SpecError: the file cannot be read any more.

    """
    return _source(path).where((key,))


def _source(path: Path) -> Source:
    from dag_factory.spec.source import Source

    return Source.read(path)
