"""Policy 9: one file is evidence of one thing: none serves two personas, and none two items.

Looked at are items that are one whole file, and pictures by their pixels, however they were saved. Not looked at is what may honestly be
the same twice: changed files (an empty `__init__.py`, a licence), files too short to tell whose they are, what Phasegate's own run of
one check gave for two features, and what a scan says of one product whoever runs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from dag_factory.evidence.contract import Item, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.statement import Entry, moment_of
from dag_factory.evidence.verdict import Finding

__all__ = ["TELLING", "shared"]

TELLING = 64
"""The fewest bytes that tell whose a file is; `ok` and `{}` are anybody's."""

_SCANS = frozenset({"sarif", "vulnerabilities", "sbom"})
_PROSE = frozenset({"markdown", "interface"})
_COMPARED = _PROSE | {"image"}  # by more than their bytes
_PROSE_BYTES = 2_000_000  # more than is read of a document
_NEAR = 512  # bytes: prose of sizes further apart is not the same but for its line ends and spaces


@dataclass(frozen=True)
class _Held:
    """One file of one item; `order` is that of its task in the plan."""

    task: TaskContract
    item: Item
    entry: Entry
    order: int


def shared(case: Case) -> Iterator[Finding]:
    """Every file of the tasks that are judged against every file of the run so far."""
    held = list(_held(case))
    own = {task.id for task in case.tasks}
    told: set[str] = set()
    found = [(group, "the very file") for group in _by_bytes(held)]
    found += [(group, "word for word the file") for group in _by_words(case, held)]
    found += [(group, "the very picture") for group in _by_pixels(case, held, own)]
    for group, how in found:
        for later, first in _pairs(case, group):
            subject = f"{later.task.id}/{later.item.id}:{first.task.id}/{first.item.id}"
            if later.task.id not in own or subject in told:
                continue
            told.add(subject)
            text = f"{later.entry.name} of @{later.task.persona} is {how} that @{first.task.persona} has delivered as {first.entry.name}"
            remedy = f"({first.task.id}/{first.item.id}). One file is evidence of one thing: deliver what was made for this one."
            yield case.finding("evidence-shared", later.task, f"{text} {remedy}", subject=subject)


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


def _pairs(case: Case, group: list[_Held]) -> Iterator[tuple[_Held, _Held]]:
    """The later of a group, each with the first of another item that it must not be the same as.

    What came first was not copied from what came later; where that tells nothing, the order of the plan does.
    """
    ordered = sorted(group, key=lambda one: (_since(case, one), one.order))
    for index, later in enumerate(ordered):
        first = next((one for one in ordered[:index] if not _may_be_alike(one, later)), None)
        if first is not None:
            yield later, first


def _since(case: Case, one: _Held) -> datetime:
    """When a task first delivered these bytes; whoever mends something else and delivers them again has not copied them then."""
    known = (stored for task_id, stored in case.record.delivered() if task_id == one.task.id)
    with_it = (stored.says for stored in known if any(entry.digest == one.entry.digest for entry in stored.says.evidence))
    return min((moment_of(says.finished_at) for says in with_it), default=case.now)


def _may_be_alike(one: _Held, other: _Held) -> bool:
    """Whether two files may honestly be the same."""
    made = one.entry.grade == other.entry.grade == "re-executed"
    if made and one.item.kind == other.item.kind and one.item.kind in _SCANS:
        return True
    place = one.item.path is not None and one.item.path == other.item.path  # owed twice: `differs_from` asks whether it has changed
    return one.task.persona == other.task.persona and (place or (made and one.item.id == other.item.id))


def _by_bytes(held: list[_Held]) -> list[list[_Held]]:
    return _grouped((one.entry.digest, one) for one in held if not one.item.changed)


def _by_words(case: Case, held: list[_Held]) -> list[list[_Held]]:
    """Prose that is the same but for capitals, spaces and line ends; read only where its size lets that be."""
    prose = sorted((one for one in held if one.item.kind in _PROSE and one.entry.size <= _PROSE_BYTES), key=lambda one: one.entry.size)
    near = {id(one) for pair in pairwise(prose) if pair[1].entry.size - pair[0].entry.size <= _NEAR for one in pair}
    return _grouped((_words(case, one), one) for one in prose if id(one) in near)


def _words(case: Case, one: _Held) -> str:
    data = case.files(one.entry.digest)
    text = " ".join((data or b"").decode(errors="replace").split()).casefold()
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


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
    return [group for key, group in groups.items() if key]
