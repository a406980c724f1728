"""Policy 1: the record is of this plan, and the phase before was passed under this charter."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.contract import PhaseContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.verdict import Finding

__all__ = ["chained", "not_closed", "not_open"]


def not_open(case: Case) -> str | None:
    """Why the phase may not be worked on: None if the newest verdict of the phase before is a signed PASSED."""
    before = case.contract.before(case.phase_id)
    return not_closed(case.record, before) if before else None


def not_closed(record: RunRecord, before: PhaseContract) -> str | None:
    """Why a phase is not passed: None if its newest verdict is a signed PASSED that rests on its newest work."""
    verdict = record.verdict(before.id)
    if verdict is None:
        return f"Phase {before.title} has no signed verdict under the newest charter; a gate marked by hand opens nothing."
    bound = verdict.says.phasegate.binding
    charter = record.charter
    if (bound.charter, bound.plan, bound.phase) != (charter.digest, charter.says.plan, before.id):
        return f"The newest verdict on phase {before.title} is of another run, plan or phase."
    if not verdict.says.passed:
        return f"The newest verdict on phase {before.title} is {verdict.says.phasegate.word}."
    newest = [record.converged(before.id), *(record.newest(task.id) for task in before.tasks)]
    rests_on = {item.digest.get("sha256") for item in verdict.says.input_attestations}
    if rests_on != {charter.digest, *(stored.digest for stored in newest if stored)}:
        return f"Work of phase {before.title} was done again, or taken away, after its verdict; its gate must be asked again."
    return None


def chained(case: Case) -> Iterator[Finding]:
    """The phase is open."""
    reason = not_open(case)
    if reason:
        yield Finding(rule="phase-not-open", subject=case.phase_id, text=reason)
