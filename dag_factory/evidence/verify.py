"""The gate's judgement: ``(contract, record, files, clock) -> judgement``. Pure: the same input gives the same answer.

1. The record is of this plan, and the phase before was passed under this charter.
2. Every task that is expected has delivered a statement that is whole, its own, and in time.
3. Every item of evidence is there, is what was hashed, and is what it should be.
4. Every check that Phasegate ran succeeded.
5. What was sealed fits together.
6. What must be answered is answered, by the evidence that must answer it.
7. Nobody validated their own work.
8. Both checklists are answered, item by item.

Each number is one policy in `dag_factory.evidence.policies`; all of them are always asked, so that one verdict says everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dag_factory.evidence.checklists import answer
from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.policies.case import Case, Files
from dag_factory.evidence.policies.chain import not_closed
from dag_factory.evidence.policies.registry import POLICIES
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.verdict import Answer, Finding, Word

__all__ = ["Judgement", "verify", "verify_run"]


@dataclass(frozen=True)
class Judgement:
    """What a gate found: its word, its reasons, the checklist items due at this phase, and the statements it rests on."""

    phase: str
    word: Word
    findings: tuple[Finding, ...]
    answers: tuple[Answer, ...]
    inputs: tuple[str, ...]
    approved: str | None
    product: str | None


def verify(record: RunRecord, phase: str, files: Files, now: datetime, *, may_wait: bool = False) -> Judgement:
    """Judge one phase of a run.

    Parameters
    ----------
    record: the run, as its store holds it.
    phase: the phase's id.
    files: gives the bytes of a digest, or None where they are missing or were altered.
    now: the present moment, with its zone.
    may_wait: answer INCONCLUSIVE, and not FAILED, while only evidence of external personas is still to come.

    """
    case = Case(record, phase, files, now)
    findings = _distinct(policy(case) for policy in POLICIES)
    waiting = (
        may_wait and bool(findings) and all(finding.rule == "statement-missing" and case.may_come(finding.task) for finding in findings)
    )
    due = [question for question in record.contract.questions if phase in question.due]
    answers = tuple(answer(question, record.contract, findings) for question in due)
    unanswered = tuple(
        Finding(rule="checklist-unanswered", subject=item.id, text=f"{item.says}: this does not hold.")
        for item in answers
        if not item.holds and not findings
    )
    findings += unanswered
    word: Word = "INCONCLUSIVE" if waiting else "FAILED" if findings else "PASSED"
    converged = record.converged(phase)
    return Judgement(
        phase, word, findings, answers, case.inputs(),
        converged.says.sealed.commit if converged else None, converged.says.product if converged else None,
    )  # fmt: skip


def verify_run(record: RunRecord, files: Files, now: datetime) -> tuple[tuple[Judgement, ...], tuple[Answer, ...], tuple[Finding, ...]]:
    """Judge a whole run again, from its beginning: what `complete` and `phasegate verify` ask.

    Returns
    -------
    A judgement a phase; every question of both checklists; and what is wrong with the run as a whole.

    """
    contract = record.contract
    judgements = tuple(verify(record, phase.id, files, now) for phase in contract.phases)
    everything = tuple(finding for judgement in judgements for finding in judgement.findings)
    answers = tuple(answer(question, contract, everything) for question in contract.questions)
    return judgements, answers, (*_unsigned(record, contract), *everything)


def _unsigned(record: RunRecord, contract: RunContract) -> Iterator[Finding]:
    for phase in contract.phases:
        verdict = record.verdict(phase.id)
        if verdict is None:
            yield Finding(
                rule="verdict-missing",
                subject=phase.id,
                text=f"Phase {phase.title} has no signed verdict under the newest charter.",
            )
        elif not verdict.says.passed:
            yield Finding(
                rule="verdict-failed",
                subject=phase.id,
                text=f"The newest verdict on phase {phase.title} is {verdict.says.phasegate.word}.",
            )
        elif reason := not_closed(record, phase):
            yield Finding(rule="verdict-missing", subject=phase.id, text=reason)


def _distinct(found: Iterator[Iterator[Finding]]) -> tuple[Finding, ...]:
    return tuple({(item.rule, item.subject, item.text): item for items in found for item in items}.values())
