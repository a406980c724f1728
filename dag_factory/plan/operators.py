"""What is wrong with an operator that a persona is bound to, told at its place in the file. Whether it can be made, only Airflow knows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dag_factory.errors import Diagnostic, OperatorError
from dag_factory.plan.models import Plan

__all__ = ["unusable"]


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
    from dag_factory.spec.source import Source

    source, found = Source.read(path), []
    for error in errors:
        task = plan.contract.tasks[error.task]
        names = (f"{task.phase}/{task.persona}", task.persona, "default")
        name = next((name for name in names if ("personas", name) in source.places), task.persona)
        found.append(Diagnostic("operator-unusable", source.where(("personas", name, error.part)), error.message, error.remedy))
    return list(dict.fromkeys(found))
