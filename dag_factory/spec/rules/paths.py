"""Who may write where: tests belong to those who test, the product to those who implement."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.models import Task
from dag_factory.spec.rules.subject import Subject

__all__ = ["integration_writes_product", "path_crossed", "path_unknown"]

_FORBIDDEN = {"implementation": "tests", "testing": "product"}


def _globs(subject: Subject, task: Task) -> tuple[str, ...]:
    groups = subject.workflow.paths
    return tuple(glob for entry in task.writes or () for glob in groups.get(entry, (entry,)))


def _prefix(glob: str) -> str:
    """What stands before the first wildcard or placeholder, cut at a folder."""
    plain = min((glob.find(sign) for sign in "*?[{" if sign in glob), default=len(glob))
    return glob if plain == len(glob) else glob[:plain].rpartition("/")[0]


def _may_meet(one: str, other: str) -> bool:
    first, second = _prefix(one), _prefix(other)
    short, long = sorted((first, second), key=len)
    return short == "" or long == short or long.startswith(f"{short}/")


def path_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """What a task writes is a group of `paths` or a glob below the workspace."""
    for path, _, task_id, task in subject.tasks():
        for entry in task.writes or ():
            if entry not in subject.workflow.paths and not any(sign in entry for sign in "/.*"):
                yield subject.fault("path-unknown", (*path, "writes"), f"Task {task_id} writes {entry!r}, which is no group of paths.", f"Use one of {', '.join(subject.workflow.paths) or 'paths:'}, or a glob.")
    for group, globs in subject.workflow.paths.items():
        for glob in globs:
            if glob.startswith(("/", "!")) or ".." in glob.split("/") or "\\" in glob or glob.split("/")[0] == ".git":
                yield subject.fault("path-unknown", ("paths", group), f"{glob!r} does not stay below the workspace.", "Write it relative to the repository's top.")


def path_crossed(subject: Subject) -> Iterator[Diagnostic]:
    """Who implements writes no tests; who tests writes no product."""
    groups = subject.workflow.paths
    for path, _, task_id, task in subject.tasks():
        group = _FORBIDDEN.get(str(task.duty))
        for glob in _globs(subject, task):
            if group and any(_may_meet(glob, other) for other in groups.get(group, ())):
                yield subject.fault("path-crossed", (*path, "writes"), f"Task {task_id} ({task.duty}) could write {group} paths through {glob!r}.", f"Keep {group} out of its `writes`.")
    for glob in groups.get("product", ()):
        for other in groups.get("tests", ()):
            if _may_meet(glob, other):
                yield subject.fault("path-crossed", ("paths",), f"Product paths ({glob}) and test paths ({other}) overlap.", "Keep them in folders of their own.")


def integration_writes_product(subject: Subject) -> Iterator[Diagnostic]:
    """What ships is what was validated: once validation begins, nobody writes product paths."""
    duties = {"validation", "documentation", "integration", "architecture-update", "deployment"}
    for path, _, task_id, task in subject.tasks():
        for glob in _globs(subject, task) if task.duty in duties else ():
            if any(_may_meet(glob, other) for other in subject.workflow.paths.get("product", ())):
                yield subject.fault("product-after-validation", (*path, "writes"), f"Task {task_id} ({task.duty}) could change the product through {glob!r}.", "Only implementation may write product paths.")
