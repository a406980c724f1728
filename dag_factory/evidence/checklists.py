"""Answers the questions of the enforcement checklists from what the policies found."""

from __future__ import annotations

from dag_factory.evidence.contract import Question, RunContract
from dag_factory.evidence.policies.independence import INDEPENDENCE, ONE_PERSONA, planned
from dag_factory.evidence.verdict import Answer, Finding

__all__ = ["answer"]


def answer(question: Question, contract: RunContract, findings: tuple[Finding, ...]) -> Answer:
    """Answer one question.

    `complete` holds if nothing was found against its tasks; `one-persona`, `independent` and `evidence` if nothing was found of that
    family; `planned-independent` if the plan itself keeps validators and those they validate apart.
    """
    match question.holds:
        case "complete":
            asked = {task.id for target in question.tasks for task in contract.select(target)}
            holds = bool(asked) and not any(finding.task in asked for finding in findings)
        case "one-persona":
            holds = not any(finding.rule in ONE_PERSONA for finding in findings)
        case "independent":
            holds = not any(finding.rule in INDEPENDENCE for finding in findings)
        case "planned-independent":
            holds = not any(True for _ in planned(contract))
        case "evidence":
            holds = all(finding.rule in ONE_PERSONA | INDEPENDENCE for finding in findings)
    return Answer(checklist=question.checklist, id=question.id, says=question.says, holds=holds)
