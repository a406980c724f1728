"""Whose a file is: what a task may write, what it names as evidence and has sealed, and what testers brought."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from dag_factory.evidence.contract import RunContract, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.rounds import JOIN, merges_of
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import TaskStatement, Undone
from dag_factory.workspace.merge import Conflict, Merged, changed
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.parsed import REGULAR, Entry, MalformedError
from dag_factory.workspace.seal import as_text, unfit

__all__ = ["altered", "overreaching", "unsealed"]

Sealed = Sequence[tuple[str, str]]


def overreaching(objects: Objects, base: str, sealed: Sealed, contract: RunContract) -> tuple[Conflict, ...]:
    """Sealed commits that change what their task may not write, or leave what is no file, or is called what nobody can read.

    Sealing refuses those; but a statement with another commit in it may be signed by whoever has the persona's key. So may one that git itself would
    never write, and that is read in one way here and in another there.

    Raises
    ------
    WorkspaceError: a commit is missing, or shares no history with the base.

    """
    objects.entries(base)  # what is wrong with that is no task's doing
    found = []
    for name, commit in sealed:
        task = contract.tasks[name]
        try:
            paths = sorted(changed(objects, base, commit)) if commit != base else []
            lying = objects.entries(commit) if paths else {}
        except MalformedError as error:
            found.append(Conflict(name, (), f"{name} sealed what cannot be merged: {error.message}"))
            continue
        wrong = {as_text(path): why for path in paths if (why := _wrong(path, lying.get(path), task.writes))}
        if wrong:
            path, why = next(iter(wrong.items()))
            more = f" ({len(wrong)} paths like that)" if len(wrong) > 1 else ""
            found.append(Conflict(name, tuple(wrong), f"{name} sealed a commit in which {path} {why}{more}"))
    return tuple(found)


def _wrong(path: bytes, entry: Entry | None, writes: Sequence[str]) -> str | None:
    """Why a commit may not change a path so, as sealing sees it; None if it may."""
    found = unfit(path, "deleted" if entry is None else "changed", writes)
    if found:
        return found[1]
    return None if entry is None or entry.mode in REGULAR else "is a link or another repository; leave it out"


def unsealed(objects: Objects, base: str, delivered: Iterable[tuple[TaskContract, Stored[TaskStatement]]]) -> tuple[Undone, ...]:
    """Files of the repository that a task names as evidence and that the commit it sealed does not hold, byte for byte.

    Sealing collects both at once; but whoever has the persona's key may name what they like beside any commit.

    Parameters
    ----------
    base: what the work was to begin with; a commit that has no bundle is this one.

    Raises
    ------
    WorkspaceError: a commit is missing.

    """
    found = []
    for task, stored in delivered:
        said, owed = stored.says, {item.id for item in task.items if item.path or item.changed}
        named = [entry for entry in said.evidence if entry.item in owed]
        if said.outcome != "completed" or said.sealed is None or not named:
            continue  # without a commit, the gate tells it from the statement alone
        known = said.sealed.bundle is not None or said.sealed.commit == base
        try:
            lying = objects.entries(said.sealed.commit) if known else {}
        except MalformedError:
            continue  # it is left out of the merge, and named there
        held = {os.fsdecode(path): one for path, one in lying.items() if one.mode in REGULAR}
        digests = objects.digests(held[entry.name].id for entry in named if entry.name in held)
        found += [
            Undone(task=task.id, path=entry.name)
            for entry in named
            if entry.name not in held or digests[held[entry.name].id] != entry.digest
        ]
    return tuple(found)


def altered(objects: Objects, case: Case, step: str, merged: Merged) -> tuple[Undone, ...]:
    """Files that testers brought and that are something else in the merge, or nowhere in it.

    A file is what the tester who changed it last made of it. Where two changed one at once, it is what became of both.

    Parameters
    ----------
    step: which merge of its cycle it is.

    Raises
    ------
    WorkspaceError: a commit is missing.

    """
    testers = {task.id for task in case.contract.tasks.values() if task.duty == "testing"}
    phases = [phase.id for phase in case.contract.upto(case.phase_id)][:-1]
    before = [merge.says for one in phases for merge in merges_of(case.record, one)]
    # A merge that is made again does not stand on itself.
    place = (case.at, step == JOIN)
    before += [one.says for one in case.merges if (one.says.binding.cycle, one.says.binding.task == JOIN) < place]
    brought: dict[bytes, tuple[str, str | None]] = {}
    for commit, pairs in [*((one.sealed.commit, one.merged) for one in before), (merged.commit, merged.merged)]:
        mine = [(name, sealed) for name, sealed in pairs if name in testers]
        held = {name: objects.entries(sealed) for name, sealed in mine}
        lying = objects.entries(commit) if mine else {}
        told: dict[bytes, set[str | None]] = {}
        for name, sealed in mine:
            for path in changed(objects, None, sealed):
                blob = held[name][path].id if path in held[name] else None
                told.setdefault(path, set()).add(blob)
                both = len(told[path]) > 1
                brought[path] = (name, (lying[path].id if path in lying else None) if both else blob)
    now = objects.entries(merged.commit) if brought else {}
    return tuple(
        Undone(task=name, path=as_text(path))
        for path, (name, blob) in sorted(brought.items())
        if blob is not None and (path not in now or now[path].id != blob)
    )
