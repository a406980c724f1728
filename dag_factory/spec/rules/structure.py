"""Every phase has a gate, every task owes evidence, every name means something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dag_factory.errors import Diagnostic
from dag_factory.spec.models import Evidence, Task, Workflow
from dag_factory.spec.rules.order import phase_misspelt
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.shape import anything_at, near
from dag_factory.spec.source import SpecPath

__all__ = [
    "check_unknown",
    "evidence_missing",
    "features_missing",
    "gate_missing",
    "otherwise_read",
    "reference_unknown",
    "schedule_invalid",
]


def gate_missing(subject: Subject) -> Iterator[Diagnostic]:
    """A phase without a gate lets anything through. What a misspelt phase lacks, the one that is meant has."""
    for name, phase in subject.phases():
        if phase_misspelt(subject, name):
            continue
        if phase.gate is None:
            remedy = "Write `gate: {says: what it waits for}`."
            yield subject.fault("gate-missing", ("phases", name), f"Phase {name} has no gate.", remedy)
        if not phase.tasks:
            yield subject.fault("phase-empty", ("phases", name), f"Phase {name} has no tasks.", "Give it tasks, or remove it.")


def evidence_missing(subject: Subject) -> Iterator[Diagnostic]:
    """A task that owes nothing proves nothing. Who a stranger is comes first: what a persona owes is not known before."""
    for path, _, task_id, task in subject.tasks():
        if task.duty not in subject.contracts(task.persona):
            continue
        if not task.evidence:
            remedy = "Write `evidence: {name: {path: FILE, kind: file}}`."
            yield subject.fault("task-without-evidence", path, f"Task {task_id} declares no evidence.", remedy)
        if task.does is None:
            yield subject.fault("missing-key", path, f"Task {task_id} does not say what it does.", "Write `does: …`.")


def features_missing(subject: Subject) -> Iterator[Diagnostic]:
    """A task for each feature needs features."""
    for path, _, task_id, task in subject.tasks():
        if task.each == "feature" and not subject.workflow.features:
            reason = f"Task {task_id} is made once for each feature, and there are none."
            yield subject.fault("features-missing", ("features",), reason, "Write `features: {name: what it does}`.")
            return
        places = [place for item in task.evidence.values() for place in (item.path, item.report) if place]
        if task.each is None and any("{feature}" in place for place in places):
            reason = f"Task {task_id} has no feature, yet its evidence names {{feature}}."
            yield subject.fault("features-missing", path, reason, "Write `each: feature`.")


def check_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """Evidence names a check that exists; what runs on merged work needs git."""
    workflow = subject.workflow
    for path, _, _, task in subject.tasks():
        for name, item in task.evidence.items():
            place = (*path, "evidence", name)
            check = workflow.checks.get(item.check) if item.check else None
            if item.check and check is None:
                remedy = f"Add it: `checks: {{{item.check}: make {item.check}}}`."
                reason = f"There is no check {item.check!r}.{near(item.check, workflow.checks)}"
                yield subject.fault("check-unknown", (*place, "check"), reason, remedy)
            if item.changed and item.changed not in workflow.paths:
                remedy = f"Add it under `paths:`; there are {', '.join(workflow.paths) or 'none'}."
                reason = f"There is no group of paths {item.changed!r}.{near(item.changed, workflow.paths)}"
                yield subject.fault("path-unknown", (*place, "changed"), reason, remedy)
            if workflow.workspace is None and (item.changed or (check and check.at == "converge")):
                reason = f"Evidence {name} needs a git repository, and the workflow has none."
                yield subject.fault("workspace-missing", ("workflow",), reason, "Write `workspace: {git: …}`.")
                return


def reference_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """What is named by `validates`, `answers`, `includes`, `differs_from` and checklists exists."""
    tasks = list(subject.tasks())
    known = {name for name, _ in subject.phases()} | {f"{phase}/{task}" for _, phase, task, _ in tasks}
    items = {f"{phase}/{task}/{name}" for _, phase, task, found in tasks for name in found.evidence}
    tested = {name for _, phase, task, found in tasks for name in (phase, f"{phase}/{task}") if any(map(_tests, found.evidence.values()))}
    remedy = "Write phase or phase/task."
    for path, _, task_id, task in tasks:
        for place, target in _named(task):
            if target not in known:
                reason = f"Task {task_id} names {target}, which is neither a phase nor a task.{near(target, known)}"
                yield subject.fault("reference-unknown", (*path, *place), reason, remedy)
        for name, item in task.evidence.items():
            if item.differs_from and item.differs_from not in items:
                reason = f"{item.differs_from} is no evidence of any task.{near(item.differs_from, items)}"
                yield subject.fault("reference-unknown", (*path, "evidence", name, "differs_from"), reason, "Write phase/task/evidence.")
            if item.includes in known and not (_tests(item) and item.includes in tested):
                reason = f"Evidence {name} includes the tests of {item.includes}, and one of the two reports none."
                yield subject.fault(
                    "reference-unknown", (*path, "evidence", name), reason, "Write `includes` where both are test results (junit)."
                )
    for list_id, checklist in subject.workflow.checklists.items():
        for item_id, question in checklist.items():
            for target in (*question.tasks, *question.due):
                if target not in known:
                    reason = f"{target} is neither a phase nor a task.{near(target, known)}"
                    yield subject.fault("reference-unknown", ("checklists", list_id, item_id), reason, remedy)


def _tests(item: Evidence) -> bool:
    return item.kind == "junit"


def _named(task: Task) -> Iterator[tuple[SpecPath, str]]:
    for target in task.validates:
        yield ("validates",), target
    for name, item in task.evidence.items():
        for target in item.answers.values():
            if target != "all":
                yield ("evidence", name, "answers"), target
        if item.includes is not None:
            yield ("evidence", name, "includes"), item.includes


def schedule_invalid(subject: Subject) -> Iterator[Diagnostic]:
    """A cron line that can fire, in a timezone that exists."""
    schedule = subject.workflow.schedule
    if schedule.cron is not None and not _fires(schedule.cron):
        reason = f"{schedule.cron!r} is no cron line that ever fires."
        yield subject.fault("schedule-invalid", ("schedule", "cron"), reason, _SCHEDULES)
    try:
        import pendulum

        pendulum.timezone(schedule.timezone)
    except (ValueError, KeyError, OSError):
        reason = f"There is no timezone {schedule.timezone!r}.{near(schedule.timezone, pendulum.timezones())}"
        yield subject.fault("schedule-invalid", ("schedule", "timezone"), reason, "Use a name like Europe/Berlin.")


def otherwise_read(subject: Subject) -> Iterator[Diagnostic]:
    """Where anything may stand, it is written as YAML reads it: whoever wrote no may have meant Norway, and 1.10 the version after 1.9."""
    for path, value in _values(subject.raw, ()):
        judged = "expect" in path and "schema" not in path  # what a kind of evidence expects has types of its own
        if judged or not (path[0] == "params" or anything_at(Workflow, path)):
            continue
        spelled = subject.source.spelled(path) or ""
        stands = _TRUTHS.get(spelled.lower()) if isinstance(value, bool) else repr(value) if _ROUNDED.fullmatch(spelled) else None
        if stands:
            reason = f"{'.'.join(map(str, path))} is {spelled}, which YAML reads as {stands}."
            yield subject.fault("wrong-type", path, reason, f'Write {stands}; or put it in quotes, if a text is meant: "{spelled}".')


_TRUTHS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_ROUNDED = re.compile(r"[-+]?[0-9]+\.[0-9]+0")
"""A number whose last digit says nothing, and of a version says which."""


def _values(value: Any, path: SpecPath) -> Iterator[tuple[SpecPath, bool | float]]:
    if isinstance(value, bool | float):
        yield path, value
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _values(part, (*path, key))


_SCHEDULES = (
    'Write five fields, like "0 6 * * mon"; or a preset: hourly, daily, weekly, monthly, quarterly, yearly, continuous; '
    "or once; or none for runs by hand alone."
)


def _fires(cron: str) -> bool:
    import pendulum
    from croniter import CroniterError, croniter

    if len(cron.split()) != 5 or re.search(r"(?<![a-z])r(?![a-z])", cron, re.IGNORECASE):  # croniter's R is random
        return False
    try:
        return croniter(cron, pendulum.datetime(2024, 1, 1)).get_next() is not None
    except (CroniterError, ValueError, LookupError):
        return False
