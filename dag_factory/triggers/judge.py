"""Asks a gate: reads the run, judges the phase, signs the verdict and keeps it. The same in a worker and in the triggerer."""

from __future__ import annotations

import json

import pendulum

from dag_factory.evidence.answering import keep_verdict
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.verdict import table
from dag_factory.evidence.verify import Judgement, verify
from dag_factory.scope import Scope

__all__ = ["ask", "summary", "told"]


def ask(scope: Scope, plan: str, phase: str, attempt: int, *, cycle: int = 0, consent: bool = True) -> tuple[Judgement, str]:
    """Judge a phase; sign and keep the verdict, unless evidence may still come.

    Parameters
    ----------
    scope: the run.
    plan: the digest of the plan the gate was built from.
    phase: the phase's id.
    attempt: the gate's try.
    cycle: the fix cycle whose gate asks; 0 for the first.
    consent: whether those who must agree are asked for. Without, the evidence alone is judged, and nothing is signed.

    Returns
    -------
    The judgement, and the digest of the verdict that was kept; empty where none was.

    Raises
    ------
    EnvelopeError, StoreError, KeyFolderError: the run cannot be judged at all.

    """
    record = scope.record(plan, upto=phase)
    moment = pendulum.now("UTC")
    judgement = verify(record, phase, scope.run.blob, moment, cycle=cycle, may_wait=True, consent=consent)
    if judgement.word == "INCONCLUSIVE" or not consent:
        return judgement, ""
    signer = scope.keys.signer(AUTHORITY)
    return judgement, keep_verdict(scope.run, record, judgement, attempt=attempt, moment=moment.to_iso8601_string(), signer=signer)


def told(judgement: Judgement, title: str) -> list[str]:
    """The verdict as lines for the task log."""
    return table(judgement.word, judgement.findings, judgement.answers, title=title, waived=judgement.waived, rechecked=judgement.rechecked)


def summary(judgement: Judgement) -> str:
    """The verdict as one line of JSON, for an XCom that people read and nobody trusts."""
    findings = [finding.id for finding in judgement.findings]
    return json.dumps({"phase": judgement.phase, "cycle": judgement.cycle, "verdict": judgement.word, "findings": findings})
