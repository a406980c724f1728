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


def ask(scope: Scope, plan: str, phase: str, attempt: int) -> Judgement:
    """Judge a phase; sign and keep the verdict, unless evidence may still come.

    Parameters
    ----------
    scope: the run.
    plan: the digest of the plan the gate was built from.
    phase: the phase's id.
    attempt: the gate's try.

    Raises
    ------
    EnvelopeError, StoreError, KeyFolderError: the run cannot be judged at all.

    """
    record = scope.record(plan, upto=phase)
    moment = pendulum.now("UTC")
    judgement = verify(record, phase, scope.run.blob, moment, may_wait=True)
    if judgement.word != "INCONCLUSIVE":
        keep_verdict(scope.run, record, judgement, attempt=attempt, moment=moment.to_iso8601_string(), signer=scope.keys.signer(AUTHORITY))
    return judgement


def told(judgement: Judgement, title: str) -> list[str]:
    """The verdict as lines for the task log."""
    return table(judgement.word, judgement.findings, judgement.answers, title=title)


def summary(judgement: Judgement) -> str:
    """The verdict as one line of JSON, for an XCom that people read and nobody trusts."""
    findings = [finding.id for finding in judgement.findings]
    return json.dumps({"phase": judgement.phase, "verdict": judgement.word, "findings": findings})
