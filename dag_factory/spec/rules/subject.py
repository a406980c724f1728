"""What a static rule looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dag_factory.errors import Diagnostic
from dag_factory.spec.models import Phase, Task, Workflow
from dag_factory.spec.order import ordered
from dag_factory.spec.source import Source, SpecPath

__all__ = ["Subject"]


@dataclass(frozen=True)
class Subject:
    """A workflow with its pattern in it, the catalogue, what its author wrote, and where."""

    workflow: Workflow
    catalogue: dict[str, Any]
    raw: dict[str, Any]
    source: Source

    def fault(self, rule: str, path: SpecPath, reason: str, remedy: str) -> Diagnostic:
        """Make a diagnostic at the place of a value, or of the nearest one the author wrote above it."""
        return Diagnostic(rule, self.source.where(path), reason, remedy)

    def phases(self) -> Iterator[tuple[str, Phase]]:
        """The phases in the order in which they run."""
        for name in ordered(self.workflow.phases):
            yield name, self.workflow.phases[name]

    def tasks(self) -> Iterator[tuple[SpecPath, str, str, Task]]:
        """Every task, in order: its path in the file, its phase, its id, itself."""
        for phase_id, phase in self.phases():
            for task_id, task in phase.tasks.items():
                yield ("phases", phase_id, "tasks", task_id), phase_id, task_id, task

    def contracts(self, persona: object) -> dict[str, Any]:
        """What the catalogue says a persona owes, by duty; nothing for a stranger."""
        entry = self.catalogue.get(persona) if isinstance(persona, str) else None
        found = entry.get("contracts") if isinstance(entry, dict) else None
        return found if isinstance(found, dict) else {}
