"""What a kind is told of an item beside its bytes: when the work was done, what its check printed, and which files the product has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from dag_factory.evidence.rounds import merges_of, statements_of, telling_merge
from dag_factory.evidence.statement import moment_of

if TYPE_CHECKING:
    from dag_factory.evidence.contract import Item, TaskContract
    from dag_factory.evidence.kinds.base import Work
    from dag_factory.evidence.policies.case import Case
    from dag_factory.evidence.statement import CheckResult

__all__ = ["product_of", "surroundings"]

_SAID = 16_384
"""So much of the end of what a check printed is looked at: more than Phasegate writes into a statement, of which others write what they like."""
_EMPTY = hashlib.sha256(b"").hexdigest()


def surroundings(case: Case, task: TaskContract, item: Item, result: CheckResult | None) -> dict[str, Any]:
    """What a `Material` of this item is made with, beside its bytes; `product` only where its kind asks for it.

    Parameters
    ----------
    result: the check of the item, if one was run.

    """
    known: dict[str, Any] = {"work": _work(case, task, item), "said": result.excerpt[-_SAID:] if result else ""}
    if item.kind in ("coverage", "sarif"):
        known["sources"] = partial(_sources, case)
    if item.kind == "coverage":
        known["product"] = product_of(case)
    return known


def _work(case: Case, task: TaskContract, item: Item) -> Work | None:
    """When the work was done: that of the task, or where its check ran on the merge, from when the last that was merged was finished."""
    from dag_factory.evidence.kinds.base import Work

    stored = case.statement(task)
    if item.check is None or item.at != "converge":
        return Work(moment_of(stored.says.started_at), moment_of(stored.says.finished_at)) if stored else None
    merge = telling_merge(case.record, case.phase_id, case.cycle, task)
    if merge is None:
        return None
    commits = {commit for _, commit in merge.says.merged}
    found = (case.statement(other) for other in case.tasks)
    ends = [moment_of(one.says.finished_at) for one in found if one and one.says.sealed and one.says.sealed.commit in commits]
    return Work(max(ends, default=moment_of(case.begun_at())), moment_of(merge.says.finished_at))


def product_of(case: Case) -> frozenset[str] | None:
    """The files of the product that have something in them, as the newest merge listed them; else those that were delivered as changed.

    None where neither is known. Links are no files of their own.
    """
    listed = _newest_list(case)
    return _delivered(case) if listed is None else frozenset(listed)


def _newest_list(case: Case) -> dict[str, str] | None:
    """The files of the product and the digests of their bytes, as the newest merge lists them; None if none does."""
    for phase in reversed(case.contract.upto(case.phase_id)):
        if merges := case.merges if phase.id == case.phase_id else merges_of(case.record, phase.id):
            told = case.files(merges[-1].says.product)
            return None if told is None else dict(_listed(told))
    return None


def _sources(case: Case) -> dict[str, bytes]:
    """The bytes of what implementers delivered as changed and the product still holds, by path; what is too large to be source is left out."""
    from dag_factory.evidence.kinds.excluded import MAX_BYTES

    listed = _newest_list(case)
    found: dict[str, bytes] = {}
    for phase in case.contract.upto(case.phase_id):
        for task in (task for task in phase.tasks if task.duty == "implementation"):
            for stored in reversed(statements_of(case.record, case.phase_id, case.cycle, task)):  # the newest last, so that it counts
                for entry in stored.says.evidence:
                    stands = listed is None or listed.get(entry.name) == entry.digest
                    if stands and entry.size <= MAX_BYTES and (data := case.files(entry.digest)) is not None:
                        found[entry.name] = data
    return found


def _listed(told: bytes) -> Iterator[tuple[str, str]]:
    """The paths and digests in the list that a merge's product digest is of: path, mode and digest of each file."""
    for line in told.decode(errors="replace").split("\n"):
        name, _, rest = line.partition("\0")
        mode, _, digest = rest.partition("\0")
        if mode in ("file", "program") and digest != _EMPTY:
            yield name, digest


def _delivered(case: Case) -> frozenset[str] | None:
    """What implementers delivered as changed, and what is still in their newest work."""
    found: set[str] = set()
    for phase in case.contract.upto(case.phase_id):
        for task in phase.tasks:
            if task.duty == "implementation" and (stored := case.statement(task)):
                owed = {item.id for item in task.items if item.changed}
                found |= {entry.name for entry in stored.says.evidence if entry.item in owed and entry.size}
    return frozenset(found) or None
