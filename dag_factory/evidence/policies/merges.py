"""Policy 5: what was sealed fits together, all of it was merged, and the validated product is left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.rounds import CONVERGE
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import Conflict, Entry, TaskStatement
from dag_factory.evidence.verdict import Finding

__all__ = ["approved_base", "base_of", "fits", "judged_base", "work_base"]


def approved_base(case: Case) -> str | None:
    """The commit this phase had to start from: what the phase before approved, or the charter's base."""
    before = case.contract.before(case.phase_id)
    verdict = case.record.verdict(before.id) if before else None
    return verdict.says.phasegate.approved if verdict else case.record.charter.says.base


def work_base(case: Case) -> str | None:
    """The commit that the work of a cycle starts from: in a fix phase, what was merged in the cycle before."""
    if not case.at:
        return approved_base(case)
    before = replace(case, cycle=case.at - 1)
    return before.merges[-1].says.sealed.commit if before.merges else approved_base(case)


def judged_base(case: Case) -> str | None:
    """The commit that validators look at: in a fix phase, what was mended and merged in this cycle."""
    mended = [merge for merge in case.merges if merge.says.binding.cycle == case.at and merge.says.binding.task == CONVERGE]
    return mended[-1].says.sealed.commit if case.at and mended else work_base(case)


def base_of(case: Case, task: TaskContract, cycle: int) -> str | None:
    """The commit that the work of a task begins with in a cycle: validators look at what was merged, everybody else goes on from it."""
    at = replace(case, cycle=cycle)
    return judged_base(at) if task.judges else work_base(at)


def fits(case: Case) -> Iterator[Finding]:
    """The merges of the phase, each on the one before."""
    phase = case.phase
    if not phase.converges:
        return
    cycles = [0, *(mended.cycle for mended in case.rounds)]
    if {merge.says.binding.cycle for merge in case.merges} != set(cycles):
        yield Finding(rule="merge-missing", subject=phase.id, text="The work of the phase was not merged.")
    base, charter = approved_base(case), case.record.charter
    for merge in case.merges:
        bound = merge.says.binding
        if (bound.charter, bound.plan, bound.phase) != (charter.digest, charter.says.plan, phase.id) or merge.says.base != base:
            yield Finding(rule="merge-missing", subject=phase.id, text="The merge is of another run, plan, phase or base.")
        base = merge.says.sealed.commit
    if not case.merges:
        return
    last = case.merges[-1].says
    left_out = _left_out(case)
    for conflict in left_out.values():
        yield Finding.briefly("merge-conflict", f"{conflict.task}:{', '.join(conflict.paths)}", conflict.text, conflict.task)
    for lost in last.undone:
        text = f"{lost.path}, which {lost.task} left as evidence, is no longer there: what was done since took it away."
        yield Finding.briefly("evidence-undone", f"{lost.task}:{lost.path}", text, lost.task)
    yield from _unsealed(case)
    yield from _merged(case, set(left_out))
    yield from _product_kept(case, last.product)


def _left_out(case: Case) -> dict[str, Conflict]:
    """What did not fit, by whose it is, until newer work of theirs was merged: doing nothing mends no conflict."""
    found: dict[str, Conflict] = {}
    for merge in case.merges:
        for name, _ in merge.says.merged:
            found.pop(name, None)
        found |= {conflict.task: conflict for conflict in merge.says.conflicts}
    return found


def _unsealed(case: Case) -> Iterator[Finding]:
    """Evidence out of the repository is what its task has sealed; merges have looked, and who sealed nothing has none to name."""
    merged = {(merge.says.binding.cycle, lost.task, lost.path) for merge in case.merges for lost in merge.says.unsealed}
    for task in case.due:
        stored = case.worked(task)
        if stored is None or task.external or task.runner == "check":
            continue  # who is outside has no workspace, and a check has none that is sealed
        for entry in stored.says.evidence:
            lost = stored.says.sealed is None or (stored.says.binding.cycle, task.id, entry.name) in merged
            if lost and entry in _owed(task, stored.says):
                text = f"{entry.name} is not so in the commit that @{task.persona} sealed, and so nobody gets what is shown here. Seal what is evidence."
                yield case.finding("evidence-unsealed", task, text, subject=f"{task.id}:{entry.name}")


def _owed(task: TaskContract, said: TaskStatement) -> frozenset[Entry]:
    """The evidence of a statement that lies in the repository."""
    owed = {item.id for item in task.items if item.path or item.changed}
    return frozenset(entry for entry in said.evidence if entry.item in owed)


def _merged(case: Case, told: set[str]) -> Iterator[Finding]:
    """The newest sealed work of every task is in a merge of its cycle, and the merge has seen what is shown of it."""
    merged = [(merge.says.binding.cycle, *pair) for merge in case.merges for pair in merge.says.merged]
    for task in case.due:
        stored = case.worked(task)
        sealed = stored.says.sealed if stored else None
        cycle = stored.says.binding.cycle if stored else 0
        inside = next((commit for at, name, commit in merged if name == task.id and at == cycle), None)
        if task.id in told or (stored and stored.says.binding.phase != case.phase_id):
            continue  # of another phase: `cycles` says that nothing was delivered here
        if inside == (sealed.commit if sealed else None) or (sealed is not None and not sealed.bundle):
            if stored and _unseen(case, task, stored):
                text = f"The merge has not looked at the evidence of @{task.persona} in {stored.name}; the merge must be made again."
                yield case.finding("merge-missing", task, text)
            continue
        what = f"The newest sealed commit {sealed.commit[:12]} is not in the merge" if sealed else f"The merge still holds {inside}"
        yield case.finding("merge-missing", task, f"{what}; the merge must be made again.")


def _unseen(case: Case, task: TaskContract, stored: Stored[TaskStatement]) -> bool:
    """Whether evidence out of the repository was named after the merge, which holds it against the commit; the same beside the same commit was seen."""
    cycle, shown = stored.says.binding.cycle, _owed(task, stored.says)
    looked = [merge.says.saw for merge in case.merges if merge.says.binding.cycle == cycle]
    if task.external or task.runner == "check" or not looked or None in looked or not shown:
        return False
    if cycle and task.judges and not case.contract.joins(case.phase_id):
        return False  # what validators write is merged where any of them writes
    found = {one.cycle: one.statements for one in case.rounds}.get(cycle, case.record.statements)
    seen = (one.says for one in found.get(task.id, ()) if any(one.digest in (saw or ()) for saw in looked))
    return not any((said.sealed, _owed(task, said)) == (stored.says.sealed, shown) for said in seen)


def _product_kept(case: Case, product: str) -> Iterator[Finding]:
    """From the validation gate on, the product stays as it was validated; what a fix phase mends is validated again (see `Case.again`)."""
    validated = case.contract.validated_in
    order = [phase.id for phase in case.contract.phases]
    if validated is None or order.index(case.phase_id) <= order.index(validated):
        return
    if any(task.phase == validated for task in case.again):
        return
    approved = case.record.verdict(validated)
    known = {approved.says.phasegate.product if approved else None}
    for phase in case.contract.phases[order.index(validated) + 1 : order.index(case.phase_id)]:
        verdict = case.record.verdict(phase.id)  # a fix phase of a phase between may have mended, and validated again
        known = {verdict.says.phasegate.product} if verdict else known
    if product not in known:
        yield Finding(
            rule="product-changed",
            subject=case.phase_id,
            text=f"The product is not the one validated in phase {validated}.",
        )
