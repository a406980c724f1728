"""Answers the questions of the enforcement checklists from what the policies found."""

from __future__ import annotations

from dag_factory.evidence.contract import Question, RunContract
from dag_factory.evidence.policies.independence import INDEPENDENCE, ONE_PERSONA, planned
from dag_factory.evidence.verdict import Answer, Finding, Used

__all__ = ["answer"]


def answer(question: Question, contract: RunContract, findings: tuple[Finding, ...], waived: tuple[Used, ...] = ()) -> Answer:
    """Answer one question.

    `complete` holds if nothing was found against its tasks; `one-persona`, `independent` and `evidence` if nothing was found of that
    family; `planned-independent` if the plan itself keeps validators and those they validate apart. What was waived does not hold: it is told apart.
    """
    everything = (*findings, *(used.finding for used in waived))
    holds = _holds(question, contract, everything)
    excused = not holds and bool(waived) and _holds(question, contract, findings)
    return Answer(checklist=question.checklist, id=question.id, says=question.says, holds=holds, waived=excused)


def _holds(question: Question, contract: RunContract, findings: tuple[Finding, ...]) -> bool:
    match question.holds:
        case "complete":
            asked = {task.id for target in question.tasks for task in contract.select(target)}
            return bool(asked) and not any(finding.task in asked for finding in findings)
        case "one-persona":
            return not any(finding.rule in ONE_PERSONA for finding in findings)
        case "independent":
            return not any(finding.rule in INDEPENDENCE for finding in findings)
        case "planned-independent":
            return not any(True for _ in planned(contract))
        case "evidence":
            return all(finding.rule in ONE_PERSONA | INDEPENDENCE for finding in findings)
