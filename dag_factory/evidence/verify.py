"""The gate's judgement: ``(contract, record, files, clock) -> judgement``. Pure: the same input gives the same answer.

1. The record is of this plan, and the phase before was passed under this charter.
2. Every task that is expected has delivered a statement that is whole, its own, and in time.
3. Every item of evidence is there, is what was hashed, and is what it should be.
4. Every check that Phasegate ran succeeded, and one stands beside whatever a language model lets pass.
5. What was sealed fits together.
6. What must be answered is answered, by the evidence that must answer it.
7. Nobody validated their own work; people who answered are those who were asked, and a verdict of FAILED counts.
8. What was found before was mended by somebody, and judged again by all who validate.
9. One file is evidence of one thing: none serves two personas or two items.
10. Tests are kept: what ran before runs again, what testers brought is as they brought it, and nobody else steers how they run.
11. Findings that somebody waived, for this very work and until a date, are told apart.
12. Whoever must agree has agreed; people are asked only where nothing else speaks against the phase.
13. Both checklists are answered, item by item.

The first ten are a policy each (the seventh and the tenth two) in `dag_factory.evidence.policies`; all of them are always asked, so that one verdict
says everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dag_factory.evidence.checklists import answer
from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.policies.case import Case, Files
from dag_factory.evidence.policies.chain import not_closed
from dag_factory.evidence.policies.consent import agreed
from dag_factory.evidence.policies.cycles import rechecked
from dag_factory.evidence.policies.registry import POLICIES
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.verdict import Answer, Finding, Recheck, Used, Word
from dag_factory.evidence.waiving import apply_waivers

__all__ = ["Judgement", "verify", "verify_run"]

_MOST = 2_000
"""So many findings are told one by one."""


@dataclass(frozen=True)
class Judgement:
    """What a gate found: its word, its reasons, the checklist items due at this phase, and the statements it rests on.

    `waived` are findings that a waiver let pass; `rechecked` says what became of those of the verdicts before.
    """

    phase: str
    cycle: int
    word: Word
    findings: tuple[Finding, ...]
    waived: tuple[Used, ...]
    rechecked: tuple[Recheck, ...]
    answers: tuple[Answer, ...]
    inputs: tuple[str, ...]
    approved: str | None
    product: str | None


def verify(
    record: RunRecord, phase: str, files: Files, now: datetime, *, cycle: int | None = None, may_wait: bool = False, consent: bool = True
) -> Judgement:
    """Judge one phase of a run.

    Parameters
    ----------
    record: the run, as its store holds it.
    phase: the phase's id.
    files: gives the bytes of a digest, or None where they are missing or were altered.
    now: the present moment, with its zone.
    cycle: the fix cycle whose gate asks, 0 for the first; that of the newest verdict if None.
    may_wait: answer INCONCLUSIVE, and not FAILED, while only evidence of external personas is still to come.
    consent: whether the people who must agree are asked for too, or the evidence alone is judged.

    """
    case = Case(record, phase, files, now, cycle)
    found = _distinct(policy(case) for policy in POLICIES)
    waiting = may_wait and _waits(case, found)
    findings, waived = apply_waivers(case, found)
    asked = consent and not findings
    if asked:
        findings = tuple(agreed(case))
    due = [question for question in record.contract.questions if phase in question.due]
    answers = tuple(answer(question, record.contract, findings, waived) for question in due)
    findings += tuple(
        Finding(rule="checklist-unanswered", subject=item.id, text=f"{item.says}: this does not hold.")
        for item in answers
        if not item.holds and not item.waived and not findings
    )
    good: Word = "PASSED_WITH_WAIVER" if waived else "PASSED"
    word: Word = "INCONCLUSIVE" if waiting else "FAILED" if findings else good
    last = case.merges[-1].says if case.merges else None
    told = _few(phase, findings)  # after waivers: nobody waives what was not named
    again = rechecked(case, {finding.id for finding in (*findings, *told)}, {used.finding.id for used in waived}, asked=asked)
    return Judgement(
        phase, record.cycle(phase) if cycle is None else cycle, word, told, waived, again, answers, case.inputs(),
        last.sealed.commit if last else None, last.product if last else None,
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
    waived = tuple(used for judgement in judgements for used in judgement.waived)
    answers = tuple(answer(question, contract, everything, waived) for question in contract.questions)
    return judgements, answers, (*_unsigned(record, contract, now), *everything)


def _waits(case: Case, found: tuple[Finding, ...]) -> bool:
    """Whether all that speaks against the phase is evidence of external personas that may still come, or what was found in the work it is to mend."""
    awaited = {finding.task for finding in found if finding.rule == "statement-missing" and case.may_come(finding.task)}
    verdict = case.record.verdict_in(case.phase_id, case.at - 1) if case.at else None
    before = {finding.id for finding in verdict.says.phasegate.findings} if verdict else set()
    return bool(found) and all(
        finding.task in awaited and (finding.rule == "statement-missing" or finding.id in before) for finding in found
    )


def _unsigned(record: RunRecord, contract: RunContract, now: datetime) -> Iterator[Finding]:
    for phase in contract.phases:
        verdict = record.verdict(phase.id)
        if verdict is None:
            yield Finding(
                rule="verdict-missing",
                subject=phase.id,
                text=f"Phase {phase.title} has no signed verdict under the newest charter.",
            )
        elif reason := not_closed(record, phase, now):
            yield Finding(rule="verdict-missing" if verdict.says.passed(now) else "verdict-failed", subject=phase.id, text=reason)


def _few(phase: str, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What is told one by one, and how many more there are: a verdict that holds them all could be too long to be read."""
    if len(found) <= _MOST:
        return found
    text = f"There are {len(found) - _MOST:,} more findings, the first of them {found[_MOST].rule}. Mend these first; no waiver is for what is not named."
    return (*found[:_MOST], Finding(rule=found[_MOST].rule, subject=f"{phase}:more", text=text))


def _distinct(found: Iterator[Iterator[Finding]]) -> tuple[Finding, ...]:
    return tuple({(item.rule, item.subject, item.text): item for items in found for item in items}.values())
