"""What a person answered to the escalation of a phase: of several answers the newest counts, for a decision can be taken back."""

from __future__ import annotations

from dag_factory.evidence.decisions import Decision
from dag_factory.evidence.run import RunRecord, Stored
from dag_factory.evidence.statement import moment_of

__all__ = ["decided", "is_about_a_verdict", "outdated", "stops", "taken_back"]


def is_about_a_verdict(stored: Stored[Decision]) -> bool:
    """Whether it answers what becomes of a FAILED verdict, and not whether somebody agrees to a phase."""
    return stored.says.binding.task.startswith("decide")


def decided(record: RunRecord, phase: str, verdict: str) -> Decision | None:
    """The newest answer about a verdict: ``waive``, ``cycle``, ``stop``, or ``void`` where nobody gave one that counts; None if none was asked for.

    Parameters
    ----------
    phase: the phase's id.
    verdict: the digest of the FAILED verdict.

    """
    found = [
        stored.says
        for stored in record.decisions.get(phase, ())
        if is_about_a_verdict(stored) and stored.says.binding.previous_verdict == verdict
    ]
    return found[-1] if found else None


def outdated(record: RunRecord, phase: str, stored: Stored[Decision]) -> bool:
    """Whether a gate of the phase had answered again before this answer came: then it is of an old round, and takes nothing back.

    Parameters
    ----------
    phase: the phase's id.
    stored: an answer about a FAILED verdict.

    """
    verdicts = record.verdicts.get(phase, [])
    asked = next((index for index, one in enumerate(verdicts) if one.digest == stored.says.binding.previous_verdict), None)
    if asked is None:
        return True
    return any(moment_of(one.says.time_verified) <= moment_of(stored.says.decided_at) for one in verdicts[asked + 1 :])


def stops(said: Decision) -> bool:
    """Whether it is a stop: somebody said so, or nobody answered. What is void though somebody gave it is asked again, and stops nothing."""
    return said.answer == "stop" or (said.answer == "void" and not said.by)


def taken_back(record: RunRecord, phase: str, cycle: int) -> bool:
    """Whether a fix cycle was allowed by a person, and the newest answer of its round is a stop, or silence: what is done there counts no more.

    Parameters
    ----------
    phase: the phase's id.
    cycle: the fix cycle.

    """
    asked = record.verdict_in(phase, cycle - 1) if cycle > record.contract.fix.max_cycles else None
    if asked is None:
        return False
    about = [
        stored.says
        for stored in record.decisions.get(phase, ())
        if is_about_a_verdict(stored) and stored.says.binding.previous_verdict == asked.digest and not outdated(record, phase, stored)
    ]
    return next((stops(said) for said in reversed(about) if stops(said) or said.answer != "void"), False)
