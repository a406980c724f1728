"""Policy 1: the record is of this plan, and every phase before was passed under this charter, each after the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dag_factory.evidence.contract import PhaseContract
from dag_factory.evidence.decided import taken_back
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.verdict import Finding

__all__ = ["chained", "not_closed", "not_mending", "not_open", "outrun"]


def not_open(case: Case) -> str | None:
    """Why the phase may not be worked on: None if the newest verdicts of all phases before let it, now, each given after the one before it.

    All of them: where somebody clears a task of an early phase and not what follows it, the verdicts in between are about other work.
    """
    for before in case.contract.upto(case.phase_id)[:-1]:
        if reason := not_closed(case.record, before, case.now):
            return reason
    return None


def not_mending(case: Case) -> str | None:
    """Why nothing may be mended in a fix cycle: None if the newest verdict on the phase is a FAILED one that this cycle was told to mend."""
    cycle = case.cycle or 0
    verdict = case.record.verdict(case.phase_id)
    mended = case.record.verdict_in(case.phase_id, cycle - 1)
    if mended is None or verdict is None:
        return f"The gate of cycle {cycle - 1} has no signed verdict."
    if verdict.digest != mended.digest and verdict.says.phasegate.binding.cycle != cycle:
        return f"The newest verdict is that of cycle {verdict.says.phasegate.binding.cycle}, and not the one that cycle {cycle} mends."
    if taken_back(case.record, case.phase_id, cycle):
        return f"Whoever decides was asked again since cycle {cycle} was allowed, and allows it no more."
    if mended.says.phasegate.word != "FAILED":
        return f"The verdict of cycle {cycle - 1} is {mended.says.phasegate.word}: there is nothing to mend."
    return None


def not_closed(record: RunRecord, before: PhaseContract, now: datetime) -> str | None:
    """Why a phase is not passed: None if its newest verdict lets it.

    That is a signed PASSED, or one with unexpired waivers, that rests on its newest work and was given after the newest verdict before it.
    """
    verdict = record.verdict(before.id)
    if verdict is None:
        return f"Phase {before.title} has no signed verdict under the newest charter; a gate marked by hand opens nothing."
    said, charter = verdict.says.phasegate, record.charter
    bound = said.binding
    if (bound.charter, bound.plan, bound.phase) != (charter.digest, charter.says.plan, before.id):
        return f"The newest verdict on phase {before.title} is of another run, plan or phase."
    if not verdict.says.passed(now):
        ran_out = said.word == "PASSED_WITH_WAIVER" and not said.findings
        return f"A waiver of phase {before.title} ran out." if ran_out else f"The newest verdict on phase {before.title} is {said.word}."
    if {used.waiver for used in said.waived} - {waiver.digest for waiver in record.waivers.get(before.id, ())}:
        return f"A waiver that the verdict on phase {before.title} rests on is gone."
    rests_on = verdict.says.rests_on
    if before.id not in record.counted:
        record.counted[before.id] = frozenset(Case(record, before.id, _nothing, now).inputs())
    if rests_on != record.counted[before.id]:
        return f"Work of phase {before.title} was done again, or taken away, after its verdict; its gate must be asked again."
    return outrun(record, before)


def outrun(record: RunRecord, phase: PhaseContract) -> str | None:
    """Why the verdict on a phase does not follow the newest one on the phase before; None if it does, or if there is none before."""
    before, newest = record.contract.before(phase.id), record.verdict(phase.id)
    verdict = record.verdict(before.id) if before else None
    if before is None or verdict is None or newest is None:
        return None
    cycle = newest.says.phasegate.binding.cycle
    first = record.verdict_in(phase.id, 0) if cycle else newest
    if first and first.says.phasegate.binding.previous_verdict == verdict.digest:
        return None
    return f"Phase {before.title} has a newer verdict than the one that phase {phase.title} was judged after; its work must be done again, and its gate asked."


def _nothing(digest: str) -> bytes | None:  # noqa: ARG001 # which statements count is told without looking into any file
    return None


def chained(case: Case) -> Iterator[Finding]:
    """The phase is open, and what its fix cycles go on from follows the newest verdict before; of ordinary work each statement says that itself."""
    reason = not_open(case) or (outrun(case.record, case.phase) if case.at else None)
    if reason:
        yield Finding(rule="phase-not-open", subject=case.phase_id, text=reason)
