"""Policy 10, of what surrounds tests and scans: who implements brings nothing that steers tests, figures or scans, or stands in a test's place.

What a file is called tells most; of settings that are kept with others, in `pyproject.toml` and its like, only their own sections count, and only where
there was no such file before: what of an older one was changed cannot be seen from here. What nobody said to have brought is looked at too, in the list
of the product that a merge signs, where nobody but an implementer may have brought it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.settings import compiled, holds, own, scans, shared
from dag_factory.evidence.policies.shadows import hidden, installed, preferred
from dag_factory.evidence.policies.writes import may_write
from dag_factory.evidence.rounds import merges_of, statements_of
from dag_factory.evidence.verdict import Finding

__all__ = ["steered"]

_LEAVE = "and is not for who implements to bring. Leave it out, or have a"


class _Around(NamedTuple):
    """What a file is looked at beside: the paths of the product, the product before, if it is known, and the topmost folders in which tests lie."""

    product: frozenset[str]
    before: dict[str, str] | None
    tests: set[str]


def steered(case: Case) -> Iterator[Finding]:
    """Every file that those who implement have brought, whether they say so or not."""
    makers = [task for task in case.tasks if task.duty == "implementation" and case.worked(task) is not None]
    if not makers:
        return
    listed, tests = _digests(case, case.phase_id), _tops(case, "testing") - _tops(case, "implementation")
    product = _delivered(case) if listed is None else frozenset(listed)
    for task in makers:
        around, seen = _Around(product, _before(case, task), tests), set[str]()
        for place, stored in enumerate(statements_of(case.record, case.phase_id, case.cycle, task)):
            for entry in stored.says.evidence:
                if entry.name in seen or (place and entry.name not in product):  # of what was brought before, what is still there
                    continue
                rule, what = _steers(case, entry.name, entry.digest, around)
                if what:
                    yield case.finding(rule, task, f"{entry.name} of @{task.persona} {what}", subject=f"{task.id}:{entry.name}")
                seen.add(entry.name)
    before = _before(case, makers[0])
    if listed is not None and before is not None:
        yield from _unsaid(case, listed, before, _Around(product, before, tests))


def _unsaid(case: Case, listed: dict[str, str], before: dict[str, str], around: _Around) -> Iterator[Finding]:
    """What is new in the product and in nobody's statement; it is told of a persona only where nobody else could bring it."""
    tasks = [task for phase in case.contract.upto(case.phase_id) for task in phase.tasks]
    said = {
        entry.name for task in tasks for one in statements_of(case.record, case.phase_id, case.cycle, task) for entry in one.says.evidence
    }
    for path in sorted(listed.keys() - before.keys() - said):
        rule, what = _steers(case, path, listed[path], around)
        unread = shared(path) and case.files(listed[path]) is None
        might = [task for task in tasks if may_write(task, path)] if what or unread else []
        if not might or any(task.duty != "implementation" for task in might):
            continue
        if unread and all(any(item.changed for item in task.items) for task in might):
            what = "may hold settings of tests, and nobody can tell. List it among what was changed, or leave it out."
        if what and len(might) == 1:
            yield case.finding(rule, might[0], f"{path}, which @{might[0].persona} does not list, {what}", subject=f"{might[0].id}:{path}")
        elif what:
            text = f"{path}, which nobody lists of those who may write it, {what}"
            yield Finding.briefly(rule, f"{case.phase_id}:{path}", text)


def _steers(case: Case, path: str, digest: str, around: _Around) -> tuple[str, str]:
    """The rule that a file would break, and what it does to tests or scans, with what to do about it; empty where it does nothing."""
    if compiled(path):
        what = "is bytecode, which tests may run in the place of its source. Leave it out, or have the base's .gitignore do that."
    elif installed(path):
        what = "lies where tools are installed, and is run in the place of one. Leave it out, or have the base's .gitignore do that."
    elif own(path):
        what = f"steers how tests run, or what is measured, {_LEAVE} tester bring it."
    elif scans(path):
        return "scans-steered", f"steers what a scan looks at, or which findings it tells, {_LEAVE} validator bring it."
    elif instead := preferred(PurePosixPath(path), around.product, around.before or ()):
        what = f"is read instead of {instead}, by which tests may be run. Change that one, or leave this out."
    elif shared(path):
        data = (case.files(digest) or b"") if path not in (around.before or ()) else b""
        what = f"holds settings of tests, or of what is measured, {_LEAVE} tester bring it." if holds(path, data) else ""
        if not what and holds(path, data, scanned=True):
            return "scans-steered", f"holds settings of what a scan tells, {_LEAVE} validator bring it."
    else:
        hides = hidden(PurePosixPath(path), around.product, around.tests)
        what = f"stands in the place of {hides}, which tests are run with. Call it otherwise, or put it into a package." if hides else ""
    return "tests-shadowed", what


def _tops(case: Case, duty: str) -> set[str]:
    """The topmost folders in which those with a duty may write."""
    return {glob.strip("/").partition("/")[0] for task in case.contract.tasks.values() if task.duty == duty for glob in task.writes}


def _delivered(case: Case) -> frozenset[str]:
    """What those who implement delivered, where no list of the product is kept."""
    found = (case.statement(task) for task in case.tasks if task.duty == "implementation")
    return frozenset(entry.name for stored in found if stored for entry in stored.says.evidence)


def _before(case: Case, task: TaskContract) -> dict[str, str] | None:
    """The product before the phase of a task; None if no merge tells."""
    for phase in reversed(case.contract.upto(task.phase)[:-1]):
        if merges_of(case.record, phase.id):
            return _digests(case, phase.id)
    return None


def _digests(case: Case, phase: str) -> dict[str, str] | None:
    """The paths of the product and the digests of their bytes, as the newest merge of a phase lists them; None if that is not known."""
    merges = case.merges if phase == case.phase_id else merges_of(case.record, phase)
    told = case.files(merges[-1].says.product) if merges else None
    if told is None:
        return None
    return {line.partition("\0")[0]: line.rpartition("\0")[2] for line in told.decode(errors="replace").split("\n") if line}
