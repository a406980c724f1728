"""Asks a gate: reads the run, judges the phase, signs the verdict and keeps it. The same in a worker and in the triggerer."""

from __future__ import annotations

import json
from typing import Any

import pendulum

from dag_factory.evidence.answering import keep_verdict
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.verdict import table
from dag_factory.evidence.verify import Judgement, verify
from dag_factory.links import VerdictLink
from dag_factory.notices import Notice
from dag_factory.scope import Scope

__all__ = ["ask", "notice_of", "summary", "told"]


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


def notice_of(judgement: Judgement, ti: Any, title: str, kept: str) -> Notice:
    """The verdict as people are told of it.

    Parameters
    ----------
    ti: anything with a `dag_id` and a `run_id`.
    title: the phase's title.
    kept: the digest of the verdict, which the notice links to; empty where none was given.

    """
    event = "gate-failed" if judgement.findings else "gate-passed"
    found = [(finding.id, finding.text) for finding in judgement.findings]
    found += [(used.finding.id, f"waived by {used.by} until {used.expires_at}: {used.finding.text}") for used in judgement.waived]
    page = VerdictLink.to(ti, judgement.phase, kept)
    return Notice(event, ti.dag_id, ti.run_id, judgement.word, page, title, judgement.cycle, tuple(found))
