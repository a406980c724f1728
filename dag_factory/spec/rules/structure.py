"""Every phase has a gate, every task owes evidence, every name means something."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.rules.subject import Subject

__all__ = ["check_unknown", "evidence_missing", "features_missing", "gate_missing", "reference_unknown", "schedule_invalid"]


def gate_missing(subject: Subject) -> Iterator[Diagnostic]:
    """A phase without a gate lets anything through."""
    for name, phase in subject.phases():
        if phase.gate is None:
            yield subject.fault("gate-missing", ("phases", name), f"Phase {name} has no gate.", "Write `gate: {says: what it waits for}`.")
        if not phase.tasks:
            yield subject.fault("phase-empty", ("phases", name), f"Phase {name} has no tasks.", "Give it tasks, or remove it.")


def evidence_missing(subject: Subject) -> Iterator[Diagnostic]:
    """A task that owes nothing proves nothing."""
    for path, _, task_id, task in subject.tasks():
        if not task.evidence:
            yield subject.fault("task-without-evidence", path, f"Task {task_id} declares no evidence.", "Write `evidence: {name: {path: FILE, kind: file}}`.")
        if task.does is None:
            yield subject.fault("missing-key", path, f"Task {task_id} does not say what it does.", "Write `does: …`.")


def features_missing(subject: Subject) -> Iterator[Diagnostic]:
    """A task for each feature needs features."""
    for path, _, task_id, task in subject.tasks():
        if task.each == "feature" and not subject.workflow.features:
            yield subject.fault("features-missing", ("features",), f"Task {task_id} is made once for each feature, and there are none.", "Write `features: {name: what it does}`.")
            return
        if task.each is None and "{feature}" in str([(item.path, item.report) for item in task.evidence.values()]):
            yield subject.fault("features-missing", path, f"Task {task_id} has no feature, yet its evidence names {{feature}}.", "Write `each: feature`.")


def check_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """Evidence names a check that exists; what runs on merged work needs git."""
    for path, _, _, task in subject.tasks():
        for name, item in task.evidence.items():
            place = (*path, "evidence", name)
            check = subject.workflow.checks.get(item.check) if item.check else None
            if item.check and check is None:
                yield subject.fault("check-unknown", place, f"There is no check {item.check!r}.", f"Add it: `checks: {{{item.check}: make {item.check}}}`.")
            if item.changed and item.changed not in subject.workflow.paths:
                yield subject.fault("path-unknown", place, f"There is no group of paths {item.changed!r}.", f"Add it under `paths:`; there are {', '.join(subject.workflow.paths)}.")
            if subject.workflow.workspace is None and (item.changed or (check and check.at == "converge")):
                yield subject.fault("workspace-missing", ("workflow",), f"Evidence {name} needs a git repository, and the workflow has none.", "Write `workspace: {git: …}`.")
                return


def reference_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """What is named by `validates`, `answers`, `differs_from` and checklists exists."""
    phases = dict(subject.phases())
    known = {*phases, *(f"{phase}/{task}" for _, phase, task, _ in subject.tasks())}
    items = {f"{phase}/{task}/{name}" for _, phase, task, found in subject.tasks() for name in found.evidence}
    for path, _, task_id, task in subject.tasks():
        named = [(("validates",), target) for target in task.validates]
        named += [(("evidence", name, "answers"), target) for name, item in task.evidence.items() for target in item.answers.values() if target != "all"]
        for place, target in named:
            if target not in known:
                yield subject.fault("reference-unknown", (*path, *place), f"Task {task_id} names {target}, which is neither a phase nor a task.", "Write phase or phase/task.")
        for name, item in task.evidence.items():
            if item.differs_from and item.differs_from not in items:
                yield subject.fault("reference-unknown", (*path, "evidence", name), f"{item.differs_from} is no evidence of any task.", "Write phase/task/evidence.")
    for list_id, checklist in subject.workflow.checklists.items():
        for item_id, question in checklist.items():
            for target in (*question.tasks, *question.due):
                if target not in known:
                    yield subject.fault("reference-unknown", ("checklists", list_id, item_id), f"{target} is neither a phase nor a task.", "Write phase or phase/task.")


def schedule_invalid(subject: Subject) -> Iterator[Diagnostic]:
    """A cron line that can fire, in a timezone that exists."""
    schedule = subject.workflow.schedule
    if schedule.cron is not None:
        from croniter import croniter

        if len(schedule.cron.split()) != 5 or not croniter.is_valid(schedule.cron):
            yield subject.fault("schedule-invalid", ("schedule", "cron"), f"{schedule.cron!r} is no cron line.", 'Write five fields, like "0 6 * * mon".')
    try:
        import pendulum

        pendulum.timezone(schedule.timezone)
    except (ValueError, KeyError, OSError):
        yield subject.fault("schedule-invalid", ("schedule", "timezone"), f"There is no timezone {schedule.timezone!r}.", "Use a name like Europe/Berlin.")
