"""Whose a file is: what a task may write, and what testers brought."""

from __future__ import annotations

from collections.abc import Sequence

from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.rounds import JOIN, merges_of
from dag_factory.evidence.statement import Undone
from dag_factory.workspace.globs import matches
from dag_factory.workspace.merge import Conflict, Merged, changed
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.parsed import MalformedError
from dag_factory.workspace.seal import as_text

__all__ = ["altered", "overreaching"]

Sealed = Sequence[tuple[str, str]]


def overreaching(objects: Objects, base: str, sealed: Sealed, contract: RunContract) -> tuple[Conflict, ...]:
    """Sealed commits that change what their task may not write.

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
            paths = sorted(as_text(path) for path in changed(objects, base, commit)) if commit != base else []
        except MalformedError as error:
            found.append(Conflict(name, (), f"{name} sealed what cannot be merged: {error.message}"))
            continue
        outside = tuple(path for path in paths if not matches(path, task.writes))
        if outside:
            text = f"{name} may write {', '.join(task.writes) or 'nothing'}, and its commit changes {', '.join(outside[:5])}"
            found.append(Conflict(name, outside, text))
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
