"""Whoever validates is not who made the thing validated."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.rules.subject import Subject

__all__ = ["validator_implements"]


def validator_implements(subject: Subject) -> Iterator[Diagnostic]:
    """No persona validates what a task of the same persona made."""
    tasks = [(phase_id, f"{phase_id}/{task_id}", task) for _, phase_id, task_id, task in subject.tasks()]
    for path, phase_id, task_id, task in subject.tasks():
        for target in task.validates:
            for made_in, made_id, made in tasks:
                if target in (made_in, made_id) and made.persona == task.persona and made_id != f"{phase_id}/{task_id}":
                    yield subject.fault(
                        "validator-implements",
                        (*path, "persona"),
                        f"@{task.persona} would validate its own work: {task_id} validates {made_id}.",
                        "Let another persona validate it.",
                    )
                elif target == f"{phase_id}/{task_id}":
                    yield subject.fault(
                        "validator-implements",
                        (*path, "validates"),
                        f"Task {task_id} would validate itself.",
                        "Remove it from `validates`.",
                    )
