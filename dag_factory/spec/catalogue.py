"""The persona catalogue and the patterns: data files, read once a process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from dag_factory.spec.overlay import Loosening, overlay
from dag_factory.spec.source import Source

__all__ = ["expand", "pattern_names", "read_catalogue", "read_pattern"]

_HERE = Path(__file__).parent


@lru_cache(maxsize=1)
def read_catalogue() -> dict[str, Any]:
    """Read the personas Phasegate knows, as plain values; do not change what is returned."""
    return Source.read(_HERE / "personas.yaml").load()


def pattern_names() -> tuple[str, ...]:
    """The names of the patterns that come with Phasegate."""
    return tuple(sorted(path.stem for path in (_HERE / "patterns").glob("*.yaml")))


@lru_cache
def read_pattern(name: str) -> dict[str, Any]:
    """Read one pattern, each task filled in from the catalogue; do not change what is returned."""
    raw = Source.read(_HERE / "patterns" / f"{name}.yaml").load()
    return expand(raw, read_catalogue())[0]


def expand(raw: dict[str, Any], catalogue: dict[str, Any]) -> tuple[dict[str, Any], tuple[Loosening, ...]]:
    """Fill tasks in with what their persona owes under their duty.

    A task may add to its persona's contract or tighten it; what it tries to take away is returned beside the result. Values of the
    wrong type are passed through: the models refuse them, and say where.
    """
    loosened: list[Loosening] = []
    phases = raw.get("phases")
    if not isinstance(phases, dict):
        return raw, ()
    filled: dict[str, Any] = {}
    for phase_id, phase in phases.items():
        tasks = phase.get("tasks") if isinstance(phase, dict) else None
        if not isinstance(tasks, dict):
            filled[phase_id] = phase
            continue
        done: dict[str, Any] = {}
        for task_id, task in tasks.items():
            done[task_id], found = _fill(task, catalogue)
            loosened += [
                Loosening(item.rule, ("phases", phase_id, "tasks", task_id, *item.path), item.reason, item.remedy) for item in found
            ]
        filled[phase_id] = {**phase, "tasks": done}
    return {**raw, "phases": filled}, tuple(loosened)


def _fill(task: Any, catalogue: dict[str, Any]) -> tuple[Any, tuple[Loosening, ...]]:
    persona = task.get("persona") if isinstance(task, dict) else None
    entry = catalogue.get(persona) if isinstance(persona, str) else None
    contracts = entry.get("contracts") if isinstance(entry, dict) else None
    if not isinstance(contracts, dict):
        return task, ()
    duty = task.get("duty", next(iter(contracts)) if len(contracts) == 1 else None)
    contract = contracts.get(duty) if isinstance(duty, str) else None
    if not isinstance(contract, dict):
        return task, ()
    owed = {key: contract[key] for key in ("does", "writes", "evidence") if key in contract}
    evidence = task.get("evidence", {})
    gone: list[tuple[str, ...]] = [("evidence",)] if evidence is None else []
    gone += [("evidence", key) for key, item in evidence.items() if item is None] if isinstance(evidence, dict) else []
    merged, found = overlay(owed, {key: value for key, value in task.items() if key in owed})
    kept = tuple(
        Loosening("evidence-removed", item.path, f"@{persona} owes {item.path[-1]} under the duty {duty}.", "Remove this line.")
        if item.path in gone
        else item
        for item in found
    )
    return {**task, "duty": duty, **merged}, kept
