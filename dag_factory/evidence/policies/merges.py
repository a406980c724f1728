"""Policy 5: what was sealed fits together, all of it was merged, and the validated product is left as it was."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.verdict import Finding

__all__ = ["approved_base", "fits"]


def approved_base(case: Case) -> str | None:
    """The commit this phase had to start from: what the phase before approved, or the charter's base."""
    before = case.contract.before(case.phase_id)
    verdict = case.record.verdict(before.id) if before else None
    return verdict.says.phasegate.approved if verdict else case.record.charter.says.base


def fits(case: Case) -> Iterator[Finding]:
    """The merge of the phase."""
    phase = case.phase
    if not phase.converges:
        return
    converged = case.record.converged(phase.id)
    if converged is None:
        yield Finding(rule="merge-missing", subject=phase.id, text="The work of the phase was not merged.")
        return
    said, bound = converged.says, converged.says.binding
    charter = case.record.charter
    if (bound.charter, bound.plan, bound.phase) != (
        charter.digest,
        charter.says.plan,
        phase.id,
    ) or said.base != approved_base(case):
        yield Finding(rule="merge-missing", subject=phase.id, text="The merge is of another run, plan, phase or base.")
    for conflict in said.conflicts:
        yield Finding(
            rule="merge-conflict",
            subject=f"{conflict.task}:{', '.join(conflict.paths)}",
            text=conflict.text,
            task=conflict.task,
        )
    merged, told = dict(said.merged), {conflict.task for conflict in said.conflicts}
    for task in phase.tasks:
        stored, inside = case.worked(task), merged.get(task.id)
        sealed = stored.says.sealed if stored else None
        if task.id in told or inside == (sealed.commit if sealed else None) or (inside is None and sealed and not sealed.bundle):
            continue
        what = f"The newest sealed commit {sealed.commit[:12]} is not in the merge" if sealed else f"The merge still holds {inside}"
        yield case.finding("merge-missing", task, f"{what}; the merge must be made again.")
    yield from _product_kept(case, said.product)


def _product_kept(case: Case, product: str) -> Iterator[Finding]:
    """From the validation gate on, the product stays as it was validated."""
    validated = case.contract.validated_in
    order = [phase.id for phase in case.contract.phases]
    if validated is None or order.index(case.phase_id) <= order.index(validated):
        return
    approved = case.record.verdict(validated)
    if approved is None or approved.says.phasegate.product != product:
        yield Finding(
            rule="product-changed",
            subject=case.phase_id,
            text=f"The product is not the one validated in phase {validated}.",
        )
