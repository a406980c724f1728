"""Foundation first: what must come before what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.catalogue import pattern_names, read_pattern
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.shape import near, nearest

__all__ = ["IMPLEMENTING", "foundation_missing", "implementation_first", "phase_misplaced", "phase_misspelt"]

IMPLEMENTING = frozenset({"implementation", "testing"})
"""The duties that build; the foundation lies before them."""


def phase_misplaced(subject: Subject) -> Iterator[Diagnostic]:
    """A phase a workflow adds has one neighbour, which exists."""
    names, pattern = subject.workflow.phases, subject.workflow.pattern
    placed = _placed(subject)
    for name, phase in names.items():
        if name not in placed and not phase.before and not phase.after:
            reason = f"Phase {name} is added to the pattern {pattern} and has no place in it.{near(name, placed)}"
            yield subject.fault("phase-misplaced", ("phases", name), reason, f"Write `after: {list(placed)[-1]}`, or another neighbour.")
        if phase.before and phase.after:
            yield subject.fault("phase-misplaced", ("phases", name), f"Phase {name} says both before and after.", "Keep one of them.")
        neighbour = phase.before or phase.after
        if neighbour is not None and (neighbour not in names or neighbour == name):
            reason = f"Phase {name} stands beside {neighbour}, which is no other phase.{near(neighbour, [other for other in names if other != name])}"
            yield subject.fault(
                "phase-misplaced", ("phases", name), reason, f"Use one of {', '.join(other for other in names if other != name)}."
            )
    yield from _circling(subject)
    if not names:
        yield subject.fault("phase-misplaced", ("workflow",), "The workflow has no phases.", "Add `phases:`, or use `pattern: standard`.")


def phase_misspelt(subject: Subject, name: str) -> bool:
    """Whether a phase that has no place looks like one of the pattern's: it lacks whatever that one has."""
    phase, placed = subject.workflow.phases[name], _placed(subject)
    return name not in placed and not phase.before and not phase.after and bool(nearest(name, placed))


def _placed(subject: Subject) -> Iterable[str]:
    """The phases that have a place without saying so: those of the pattern; all, where there is none."""
    pattern = subject.workflow.pattern
    phases: Iterable[str] = (
        read_pattern(pattern)["phases"] if isinstance(pattern, str) and pattern in pattern_names() else subject.workflow.phases
    )
    return phases


def _circling(subject: Subject) -> Iterator[Diagnostic]:
    """Phases that name each other as neighbours have no place."""
    names = subject.workflow.phases
    for name in names:
        seen, at = {name}, names[name].before or names[name].after
        while at in names and at not in seen:
            seen.add(at)
            at = names[at].before or names[at].after
        if at == name and len(seen) > 1:
            reason = f"Phase {name} stands beside {', '.join(sorted(seen - {name}))}, which in turn stands beside it."
            yield subject.fault("phase-misplaced", ("phases", name), reason, "Place one of them beside a phase of the pattern.")


def foundation_missing(subject: Subject) -> Iterator[Diagnostic]:
    """Whoever the pattern requires for the foundation has a task there; without a pattern, somebody has."""
    duties = [task.duty for *_, task in subject.tasks()]
    if not IMPLEMENTING.intersection(str(duty) for duty in duties):
        return
    gone = _removed(subject)
    have = {
        str(task.persona) for _, phase_id, task_id, task in subject.tasks() if task.duty == "foundation" and (phase_id, task_id) not in gone
    }
    for persona in subject.workflow.requires.foundation:
        if persona not in have:
            path = next((("phases", phase, "tasks", task) for (phase, task), who in gone.items() if who == persona), ("phases",))
            reason = f"The foundation lacks @{persona}; nothing is implemented before."
            yield subject.fault("foundation-missing", path, reason, f"Give @{persona} its task in the foundation phase.")
    if not have and not subject.workflow.requires.foundation:
        remedy = "Add a phase whose tasks have `duty: foundation`."
        yield subject.fault("foundation-missing", ("phases",), "Nobody lays the foundation for what is implemented.", remedy)


def _removed(subject: Subject) -> dict[tuple[str, str], str]:
    """The pattern's tasks the author wrote null for: they were kept in the merged values, and reported."""
    gone: dict[tuple[str, str], str] = {}
    phases = subject.raw.get("phases")
    for phase_id, phase in (phases if isinstance(phases, dict) else {}).items():
        written = phase.get("tasks") if isinstance(phase, dict) else None
        for task_id, task in (written if isinstance(written, dict) else {}).items():
            if task is None and phase_id in subject.workflow.phases:
                gone[phase_id, task_id] = str(subject.workflow.phases[phase_id].tasks[task_id].persona)
        if phase is None:
            gone |= {(phase_id, task_id): str(task.persona) for task_id, task in subject.workflow.phases[phase_id].tasks.items()}
    return gone


def implementation_first(subject: Subject) -> Iterator[Diagnostic]:
    """Nobody implements before, or beside, the foundation."""
    order = [name for name, _ in subject.phases()]
    laid = [order.index(phase_id) for _, phase_id, _, task in subject.tasks() if task.duty == "foundation"]
    for path, phase_id, task_id, task in subject.tasks():
        if task.duty in IMPLEMENTING and laid and order.index(phase_id) <= max(laid):
            yield subject.fault(
                "implementation-first",
                path,
                f"Task {task_id} (@{task.persona}, {task.duty}) stands in phase {phase_id}, "
                f"which does not come after the foundation ({order[max(laid)]}).",
                f"Move it to a phase after {order[max(laid)]}.",
            )
