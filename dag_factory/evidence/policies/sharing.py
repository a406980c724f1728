"""Policy 9: one file is evidence of one thing: none serves two personas, and none two items.

Looked at are items that are one whole file, documents by their words, pictures by their pixels, however they were saved, and test reports by
the run they tell of. Not looked at is what may honestly be the same twice: changed files (an empty `__init__.py`, a licence), files too short to
tell whose they are, what Phasegate's own run of one check gave for two features, and what a scan says of one product whoever runs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dag_factory.evidence.contract import Item, TaskContract
from dag_factory.evidence.kinds.words import PROSE, wording
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.statement import ConvergeStatement, Entry, TaskStatement, moment_of
from dag_factory.evidence.verdict import Finding

__all__ = ["TELLING", "shared"]

TELLING = 64
"""The fewest bytes that tell whose a file is; `ok` and `{}` are anybody's."""

_SCANS = frozenset({"sarif", "vulnerabilities", "sbom"})
_COMPARED = PROSE | {"image", "junit"}  # by more than their bytes
_PROSE_BYTES = 2_000_000  # more than is read of a document


@dataclass(frozen=True)
class _Held:
    """One file of one item; `order` is that of its task in the plan."""

    task: TaskContract
    item: Item
    entry: Entry
    order: int


def shared(case: Case) -> Iterator[Finding]:
    """Every file of the tasks that are judged against every file of the run so far."""
    own = {task.id for task in case.tasks}
    held = list(_held(case))
    told: set[str] = set()
    found = [(group, "the very file", "one file") for group in _by_bytes(held)]
    found += [(group, "word for word the file", "word for word one text") for group in _by_words(case, held, own)]
    found += [(group, "the very picture", "one picture") for group in _by_pixels(case, held, own)]
    found += [(group, "a report of the very run", "reports of one run") for group in _by_runs(case, held, own)]
    since = _Since(case, {one.task.id for group, _, _ in found for one in group})
    for group, how, both in found:
        for later, first in _pairs(since, group):
            subject = f"{later.task.id}/{later.item.id}:{first.task.id}/{first.item.id}"
            if later.task.id not in own or subject in told:
                continue
            told.add(subject)
            yield case.finding("evidence-shared", later.task, _text(since, later, first, how, both), subject=subject)


def _text(since: _Since, later: _Held, first: _Held, how: str, both: str) -> str:
    """What is told. Within a phase nobody but the two says when each was made, so none is called the one who copied."""
    mine, theirs = f"{later.entry.name} of @{later.task.persona}", f"@{first.task.persona}"
    place, rule = f"({first.task.id}/{first.item.id})", "One file is evidence of one thing:"
    if later.task.persona == first.task.persona or since.of(later)[0] > since.of(first)[0]:
        return f"{mine} is {how} that {theirs} has delivered as {first.entry.name} {place}. {rule} deliver what was made for this one."
    return (
        f"{mine} and {first.entry.name} of {theirs} {place} are {both}. Both came in one phase, and each says itself when it was made: which is the "
        f"copy is for people to tell. {rule} whoever copied delivers what was made for it."
    )


def _held(case: Case) -> Iterator[_Held]:
    phases = {phase.id for phase in case.contract.upto(case.phase_id)}
    for order, task in enumerate(case.contract.tasks.values()):
        # Most tasks can be told from the record alone to share nothing: a thousand of them are looked up once and not once a phase.
        compared = task.id in case.record.twice or any(item.kind in _COMPARED for item in task.items)
        if not compared or task.phase not in phases or case.worked(task) is None:
            continue
        for item in task.items:
            if item.changed and item.kind != "image":
                continue
            for entry in case.entries(task, item):
                if entry.item == item.id and entry.size >= TELLING:
                    yield _Held(task, item, entry, order)


def _pairs(since: _Since, group: list[_Held]) -> Iterator[tuple[_Held, _Held]]:
    """The later of a group, each with the first of another item that it must not be the same as.

    What came in an earlier phase was not copied from what came later; within a phase what each says of its time is all there is, and the order
    of the plan where that tells nothing.
    """
    firsts: dict[tuple[object, ...], _Held] = {}  # of each sort, by what `_may_be_alike` asks: one file may stand in a statement very often
    for later in sorted(group, key=lambda one: (since.of(one), one.order)):
        first = next((one for one in firsts.values() if not _may_be_alike(one, later)), None)
        if first is not None:
            yield later, first
        firsts.setdefault((later.task.persona, later.item.id, later.item.kind, later.item.path, later.entry.grade), later)


class _Since:
    """When tasks first delivered some bytes: the place of the phase, which verdicts attest, and the time, which they say themselves.

    Whoever mends something else and delivers them again has not copied them then.
    """

    def __init__(self, case: Case, tasks: set[str]) -> None:
        order = {phase.id: place for place, phase in enumerate(case.contract.phases)}
        self._never = (len(order), case.now)
        self._first: dict[tuple[str, str], tuple[int, datetime]] = {}
        signed: list[TaskStatement | ConvergeStatement] = [stored.says for _, stored in case.record.delivered()] if tasks else []
        signed += [stored.says for merges in case.record.converges.values() for stored in merges]
        for said in signed if tasks else ():
            when = (order.get(said.binding.phase, len(order)), moment_of(said.finished_at))
            for entry in said.evidence:
                if entry.task in tasks:
                    self._first[entry.task, entry.digest] = min(when, self._first.get((entry.task, entry.digest), when))

    def of(self, one: _Held) -> tuple[int, datetime]:
        """When the task first delivered this file."""
        return self._first.get((one.task.id, one.entry.digest), self._never)


def _may_be_alike(one: _Held, other: _Held) -> bool:
    """Whether two files may honestly be the same."""
    made = one.entry.grade == other.entry.grade == "re-executed"
    if made and one.item.kind == other.item.kind and one.item.kind in _SCANS:
        return True
    place = one.item.path is not None and one.item.path == other.item.path  # owed twice: `differs_from` asks whether it has changed
    return one.task.persona == other.task.persona and (place or (made and one.item.id == other.item.id))


def _by_bytes(held: list[_Held]) -> list[list[_Held]]:
    return _grouped((one.entry.digest, one) for one in held if not one.item.changed)


def _by_words(case: Case, held: list[_Held], own: set[str]) -> list[list[_Held]]:
    """Prose that is the same but for capitals, blanks, signs and what shows nothing; read only where there is some of this phase to compare."""
    prose = [one for one in held if one.item.kind in PROSE and one.entry.size <= _PROSE_BYTES]
    if not any(one.task.id in own for one in prose):
        return []
    return _grouped((wording(case.files(one.entry.digest) or b""), one) for one in prose)


def _by_runs(case: Case, held: list[_Held], own: set[str]) -> list[list[_Held]]:
    """Test reports that tell of the same tests the same times, by the same clock: one run, written down once more."""
    reports = [one for one in held if one.item.kind == "junit"]
    if not any(one.task.id in own for one in reports):
        return []
    return _grouped((run, one) for one in reports for run in _runs(case, one))


def _runs(case: Case, one: _Held) -> Iterator[str]:
    """The run that a report tells of; where hardly a clock was read, it is held against those of its own task alone."""
    facts = case.examine(one.task, one.item).facts
    yield from facts.get("@run", ())
    yield from (f"{one.task.id}: {run}" for run in facts.get("@untimed", ()))


def _by_pixels(case: Case, held: list[_Held], own: set[str]) -> list[list[_Held]]:
    """Pictures that show the same; they are decoded only where there is one of this phase to compare, which its gate has decoded already."""
    items = {(one.task.id, one.item.id): one for one in held if one.item.kind == "image"}
    if not any(task_id in own for task_id, _ in items):
        return []
    return _grouped((pixels, one) for one in items.values() for pixels in case.examine(one.task, one.item).facts.get("pixels", ()))


def _grouped(keyed: Iterator[tuple[str, _Held]]) -> list[list[_Held]]:
    groups: dict[str, list[_Held]] = {}
    for key, one in keyed:
        groups.setdefault(key, []).append(one)
    return [group for key, group in groups.items() if key and len(group) > 1]
