"""Gives a waiver: signs for which findings, on which work, why, by whom and until when."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

import pendulum

from dag_factory.errors import EvidenceError
from dag_factory.evidence.decisions import Scope, Waiver
from dag_factory.evidence.keys import Signer
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.consent import partial
from dag_factory.evidence.run import binding_of
from dag_factory.evidence.statement import sign
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Finding
from dag_factory.evidence.visible import says
from dag_factory.evidence.waiving import scope_of, waivable

__all__ = ["drawn_up", "waive"]


def waive(
    run: RunStore, case: Case, findings: Sequence[Finding], *, reason: str, by: str, until: str, signer: Signer, name: str = ""
) -> str:
    """Write a waiver; a gate that is asked afterwards counts it. What it is made of is told at `drawn_up`.

    Parameters
    ----------
    signer: Phasegate's own key.

    Returns
    -------
    The waiver's number.

    Raises
    ------
    EvidenceError: it cannot be given.

    """
    waiver = drawn_up(case, findings, reason=reason, by=by, until=until, name=name)
    folder = f"{case.record.charter.digest[:16]}/waivers/{case.phase_id}"
    run.append(folder, sign(waiver, {scope.finding: {"sha256": scope.digest} for scope in waiver.scope}, signer))
    return waiver.number


def drawn_up(case: Case, findings: Sequence[Finding], *, reason: str, by: str, until: str, name: str = "") -> Waiver:
    """A waiver as it will be signed.

    Parameters
    ----------
    findings: those of the newest verdict that are to pass.
    reason: why; a waiver without is none.
    by: the login of whoever takes the responsibility.
    name: what else Airflow calls this account.
    until: a date, whose day is included, or a time with its zone; the longest that the workflow allows if empty.

    Raises
    ------
    EvidenceError: there is nothing to waive, the rule may not be waived, the person has a part in the run, or reason or date are missing or wrong.

    """
    now, limit = pendulum.now("UTC"), pendulum.duration(seconds=case.contract.fix.max_waiver)
    expires = _until(until, now) if until else now + limit
    forbidden = [finding.id for finding in findings if not waivable(case, finding)]
    faults = (
        (not findings, "There is no such finding in the newest verdict.", "Name findings as the verdict does."),
        (bool(forbidden), f"These may not be waived: {', '.join(forbidden)}.", "Choose others, or have them mended."),
        (not says(reason), "A waiver needs a reason.", "Say why the next phase may start all the same."),
        (expires <= now, f"{until} is over already.", "Give a date that is still to come."),
        (expires - now > limit, f"The workflow allows waivers of {limit.in_words()} and no longer.", "Give an earlier date."),
    )
    for wrong, what, remedy in faults:
        if wrong:
            raise EvidenceError(what, remedy=remedy)
    by, name = by.strip(), name.strip()
    if who := partial(case.record, by, name):
        raise EvidenceError(
            f"This waiver cannot be given: {who}.", remedy="Ask somebody who made nothing of this run and did not start it."
        )
    number = f"W-{now.format('YYYYMMDD')}-{secrets.token_hex(3)}"
    return Waiver(
        binding=binding_of(case.record, case.phase_id, "waiver", 1, cycle=case.at), number=number,
        scope=tuple(Scope(finding=finding.id, digest=scope_of(case, finding)) for finding in findings),
        reason=reason.strip(), by=by, name=name, given_at=now.to_iso8601_string(), expires_at=expires.to_iso8601_string(),
    )  # fmt: skip


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _until(text: str, now: pendulum.DateTime) -> pendulum.DateTime:
    """Read a date or a time; a day counts to its end, in UTC."""
    written = text.strip()
    day = _DAY.fullmatch(written) is not None
    try:
        found = pendulum.parse(written, tz="UTC", strict=True) if day or _MOMENT.fullmatch(written) else None
        if isinstance(found, pendulum.DateTime):
            return found.add(days=1) if day else found.in_timezone("UTC")
    except (ValueError, OverflowError):
        pass  # a thirteenth month, or a day after the last
    example = now.add(days=7).to_date_string()
    raise EvidenceError(f"{text!r} is no date, and no time with its zone.", remedy=f"Write it like {example}, or {example}T18:00+01:00.")
