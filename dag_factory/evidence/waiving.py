"""Applies waivers: which findings somebody took the responsibility for, and until when."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from dag_factory.evidence.decided import is_about_a_verdict, outdated, stops
from dag_factory.evidence.decisions import Waiver
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.consent import partial
from dag_factory.evidence.policies.delivery import CLOCK_SKEW
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import moment_of
from dag_factory.evidence.strict_json import dumps_canonical
from dag_factory.evidence.verdict import Finding, Used
from dag_factory.evidence.visible import says

__all__ = ["NEVER", "apply_waivers", "revoked", "scope_of", "waivable"]

NEVER = frozenset({
    "answer-void", "approval-missing", "approval-partial", "approval-refused", "approval-stale", "assurance-too-low", "checklist-unanswered",
    "evidence-altered", "evidence-unsealed", "key-expired", "key-revoked", "key-unpinned",
    "key-shared", "merge-missing", "persona-mismatch", "phase-not-open", "principal-missing", "principal-shared", "product-changed", "statement-invalid",
    "statement-misbound", "statement-misdated", "triage-missing", "validation-stale", "validator-implements", "waiver-void",
})  # fmt: skip
"""Rules that no waiver reaches: without them nobody could tell what was waived, by whom, or of what."""


def waivable(case: Case, finding: Finding) -> bool:
    """Whether the rule of a finding may be waived in this workflow."""
    return finding.rule not in NEVER and finding.rule not in case.contract.fix.never_waive


def scope_of(case: Case, finding: Finding) -> str:
    """The digest of a finding and of the work it is about; where either changes, a waiver for it counts no more."""
    task = case.contract.tasks.get(finding.task)
    stored = case.statement(task) if task else None
    about = {
        "finding": finding.model_dump(by_alias=True, mode="json"),
        "statement": stored.digest if stored else None,
        "tree": case.merges[-1].says.sealed.tree if case.merges else None,
    }
    return hashlib.sha256(dumps_canonical(about)).hexdigest()


def apply_waivers(case: Case, findings: tuple[Finding, ...]) -> tuple[tuple[Finding, ...], tuple[Used, ...]]:
    """Split findings into those that stand and those that are waived.

    Returns
    -------
    What stands, each followed by why a waiver for it does not count; and the waivers that do, each with its finding.

    """
    standing: list[Finding] = []
    used: list[Used] = []
    for finding in findings:
        named = [
            item for item in case.record.waivers.get(case.phase_id, ()) if any(scope.finding == finding.id for scope in item.says.scope)
        ]
        faults = {item.digest: _fault(case, finding, item) for item in named}
        good = next((item for item in reversed(named) if faults[item.digest] is None), None)
        if good:
            used.append(Used(finding=finding, waiver=good.digest, by=good.says.by, expires_at=good.says.expires_at))
            continue
        standing.append(finding)
        standing += [_void(item, finding, str(faults[item.digest])) for item in named]
    return tuple(standing), tuple(used)


def _void(stored: Stored[Waiver], finding: Finding, why: str) -> Finding:
    number = stored.says.number
    return Finding(rule="waiver-void", subject=f"{number}:{finding.id}", text=f"The waiver {number} does not count: {why}.")


def _fault(case: Case, finding: Finding, stored: Stored[Waiver]) -> str | None:
    """Why a waiver does not count for a finding; None if it does."""
    said, charter = stored.says, case.record.charter
    given, expires = moment_of(said.given_at), moment_of(said.expires_at)
    reason, bound = partial(case.record, said.by, said.name), (said.binding.charter, said.binding.plan, said.binding.phase)
    checks = (
        (not waivable(case, finding), f"{finding.rule} may not be waived"),
        (bound != (charter.digest, charter.says.plan, case.phase_id), "it is of another run, plan or phase"),
        (reason is not None, str(reason)),
        (not says(said.reason), "it gives no reason"),
        (not says(said.number), "it has no number by which people could speak of it"),
        (
            expires - given > timedelta(seconds=case.contract.fix.max_waiver),
            f"it lasts longer than {case.contract.fix.max_waiver // 3600} hours",
        ),
        (given > case.now + CLOCK_SKEW, "it was given in the future"),
        (revoked(case, stored), "whoever decides was asked again since, and did not waive"),
        (case.now >= expires, f"it ran out at {said.expires_at}"),
        (
            not any((scope.finding, scope.digest) == (finding.id, scope_of(case, finding)) for scope in said.scope),
            "it is about other work: what it was given for has changed",
        ),
    )
    return next((text for wrong, text in checks if wrong), None)


def revoked(case: Case, stored: Stored[Waiver]) -> bool:
    """Whether a later answer to the escalation is a stop: it takes back what was waived before it, unless it is of an old round."""
    return any(
        is_about_a_verdict(item)
        and stops(item.says)
        and moment_of(item.says.decided_at) > moment_of(stored.says.given_at)
        and not outdated(case.record, case.phase_id, item)
        for item in case.record.decisions.get(case.phase_id, ())
    )
