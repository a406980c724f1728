"""Whoever is to mend can, whoever is to decide is somebody, and what may never be waived is a rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dag_factory.errors import Diagnostic
from dag_factory.spec.rules.personas import bound
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.shape import near
from dag_factory.spec.source import SpecPath

__all__ = ["fix_owner_unknown", "fix_undecided", "people_twice", "rule_unknown"]


def fix_owner_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """What nobody else owns is mended by a task that exists, and that can mend. A pattern's owner may be bound to what only looks: then nobody mends."""
    owner, written = subject.workflow.fix.owner, subject.raw.get("fix")
    if owner is None:
        return
    tasks = {f"{phase}/{name}": (phase, task) for _, phase, name, task in subject.tasks()}
    found = tasks.get(_role(subject, owner))
    remedy = f"Write phase/task: one of {', '.join(tasks)}."
    if found is None:
        yield subject.fault(
            "fix-owner-unknown", ("fix", "owner"), f"There is no task {owner} that could mend anything.{near(owner, tasks)}", remedy
        )
        return
    phase, task = found
    key = bound(subject, phase, str(task.persona))
    if key and subject.workflow.personas[key].check is not None and isinstance(written, dict) and "owner" in written:
        reason = f"{owner} is bound to `check`, which only looks: it cannot mend anything."
        yield subject.fault(
            "fix-owner-unknown", ("fix", "owner"), reason, "Name a task whose persona works, or bind this one to `command: …`."
        )


def _role(subject: Subject, owner: str) -> str:
    """A task as the spec names it: of ``phase/feature.task``, ``phase/task``."""
    phase, _, name = owner.partition("/")
    feature, _, role = name.rpartition(".")
    task = subject.workflow.phases[phase].tasks.get(role) if phase in subject.workflow.phases else None
    made = not feature or (task is not None and task.each == "feature" and feature in subject.workflow.features)
    return f"{phase}/{role}" if made else owner


def fix_undecided(subject: Subject) -> Iterator[Diagnostic]:
    """Further cycles are allowed by a person, so where nobody decides they never come."""
    written = subject.raw.get("fix")
    if isinstance(written, dict) and written.get("extra_cycles") and not subject.workflow.fix.decide:
        reason = "Further cycles are for a person to allow, and nobody decides: `extra_cycles` does nothing."
        yield subject.fault("fix-undecided", ("fix", "extra_cycles"), reason, "Write `decide: [login]`, or raise `max_cycles`.")


def people_twice(subject: Subject) -> Iterator[Diagnostic]:
    """Who decides, approves or works is named once."""
    for name, binding in subject.workflow.personas.items():
        yield from _twice(subject, ("personas", name, "human"), binding.human or ())
    yield from _twice(subject, ("fix", "decide"), subject.workflow.fix.decide)
    for name, phase in subject.phases():
        if phase.gate and phase.gate.approval:
            yield from _twice(subject, ("phases", name, "gate", "approval", "people"), phase.gate.approval.people)


def _twice(subject: Subject, path: SpecPath, people: Sequence[str]) -> Iterator[Diagnostic]:
    for index, login in enumerate(people):
        if login in people[:index]:
            yield subject.fault(
                "people-twice", (*path, index), f"{login} is named twice, and is one person.", "Name somebody else, or nobody."
            )


def rule_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """What may never be waived is a rule."""
    names = subject.workflow.fix.never_waive
    known = _rules() if names else ()
    for index, name in enumerate(names):
        if name not in known:
            reason = f"There is no rule {name!r}.{near(name, known)}"
            yield subject.fault("rule-unknown", ("fix", "never_waive", index), reason, "Use an id that `phasegate explain rules` lists.")


def _rules() -> list[str]:
    """The ids of all rules; read only where somebody names one."""
    text = (Path(__file__).parents[2] / "rules.yaml").read_text(encoding="utf-8")
    return re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE)
