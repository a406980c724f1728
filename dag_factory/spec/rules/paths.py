"""Who may write where: tests belong to those who test, the product to those who implement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dag_factory.errors import Diagnostic
from dag_factory.spec.models import Task
from dag_factory.spec.rules.subject import Subject
from dag_factory.spec.shape import near

__all__ = ["integration_writes_product", "path_crossed", "path_unknown"]

_OWNERS = {"tests": "testing", "product": "implementation"}
"""Groups of paths that belong to one duty."""
_JUDGING = frozenset({"validation", "documentation", "integration", "architecture-update", "deployment"})


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
    return short in ("", long) or long.startswith(f"{short}/")


def _leaves(glob: str) -> bool:
    """Whether a glob means anything but paths below the workspace, written plainly."""
    parts = glob.removesuffix("/").split("/")
    odd = any(part in {"", ".", ".."} for part in parts) or parts[0].lower() == ".git"
    return odd or glob.startswith("!") or "\\" in glob or glob != glob.strip() or not glob.isprintable()


def _choices(entry: str, groups: Iterable[str]) -> str:
    known = ", ".join(groups)
    return f"Use one of {known}" if known else f"Add it: `paths: {{{entry}: [GLOB]}}`"


def path_unknown(subject: Subject) -> Iterator[Diagnostic]:
    """What a task writes is a group of `paths` or a glob below the workspace."""
    groups = subject.workflow.paths
    outside = "Write it relative to the repository's top, like `docs/**`."
    for path, _, task_id, task in subject.tasks():
        for entry in task.writes or ():
            place = (*path, "writes")
            if entry not in groups and not any(sign in entry for sign in "/.*"):
                reason = f"Task {task_id} writes {entry!r}, which is no group of paths.{near(entry, groups)}"
                yield subject.fault("path-unknown", place, reason, f"{_choices(entry, groups)}, or write a glob.")
            elif entry not in groups and _leaves(entry):
                reason = f"Task {task_id} writes {entry!r}, which does not stay below the workspace."
                yield subject.fault("path-unknown", place, reason, outside)
    for group, globs in groups.items():
        for glob in globs:
            if _leaves(glob):
                yield subject.fault("path-unknown", ("paths", group), f"{glob!r} does not stay below the workspace.", outside)


def path_crossed(subject: Subject) -> Iterator[Diagnostic]:
    """Tests are written by those who test, the product by those who implement, and neither by anybody else."""
    groups = subject.workflow.paths
    for path, _, task_id, task in subject.tasks():
        for group, owner in _OWNERS.items():
            if task.duty == owner or (group == "product" and task.duty in _JUDGING):  # the latter: integration_writes_product
                continue
            for glob in _globs(subject, task):
                if any(_may_meet(glob, other) for other in groups.get(group, ())):
                    reason = f"Task {task_id} ({task.duty}) could write {group} paths through {glob!r}."
                    yield subject.fault("path-crossed", (*path, "writes"), reason, f"Keep {group} out of its `writes`.")
    for glob in groups.get("product", ()):
        for other in groups.get("tests", ()):
            if _may_meet(glob, other):
                reason = f"Product paths ({glob}) and test paths ({other}) overlap."
                yield subject.fault("path-crossed", ("paths",), reason, "Keep them in folders of their own.")


def integration_writes_product(subject: Subject) -> Iterator[Diagnostic]:
    """What ships is what was validated: from the last validation on, nobody writes product paths."""
    order = [name for name, _ in subject.phases()]
    validating = [order.index(phase_id) for _, phase_id, _, task in subject.tasks() if task.duty == "validation"]
    for path, phase_id, task_id, task in subject.tasks():
        late = bool(validating) and order.index(phase_id) >= max(validating)
        for glob in _globs(subject, task) if late or task.duty in _JUDGING else ():
            if any(_may_meet(glob, other) for other in subject.workflow.paths.get("product", ())):
                reason = f"Task {task_id} ({task.duty}) could change the product through {glob!r}."
                remedy = "Only implementation may write product paths, before the last validation."
                yield subject.fault("product-after-validation", (*path, "writes"), reason, remedy)
