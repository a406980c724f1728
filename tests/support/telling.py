"""Runs of which there is something to tell: a finding, a waiver, a decision, a fix cycle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pendulum

from dag_factory.evidence.decisions import Decision
from dag_factory.evidence.giving import waive
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.record import binding_of
from dag_factory.evidence.statement import now, sign
from support.house import House
from support.mending import mendable
from support.runs import HonestRun, honest

TESTER = "validation/test-engineer"
FINDING = f"check-failed:{TESTER}/check"
JUDGED = "check-failed:check/judge/check"


def failed(to: Path, **kwargs: Any) -> HonestRun:
    """The check of the test engineer failed, and the gate has said so."""
    run = honest(to, worked="validation", **kwargs)
    run.codes[TESTER, "check"] = 1
    run.deliver(TESTER)
    run.answer("validation")
    return run


def waived(run: HonestRun, *, until: str = "", reason: str = "Known, ticket 4711") -> str:
    """Waive what the newest verdict found, without asking the gate; returns the waiver's number."""
    case = Case(run.record, "validation", run.store.blob, pendulum.now("UTC"), run.record.cycle("validation"))
    findings = run.record.verdict("validation").says.phasegate.findings  # type: ignore[union-attr] # there is one
    return waive(run.store, case, findings, reason=reason, by="erin", until=until, signer=run.keys.signer(AUTHORITY))


def decided(run: HonestRun, answer: str, *, by: str = "erin", phase: str = "validation", **changes: Any) -> None:
    """Write what a person answered about the newest verdict."""
    record = run.record
    verdict = record.verdict(phase)
    asked = "approve-1" if answer in {"approve", "refuse"} else "decide_1"
    bound = binding_of(record, phase, asked, 1, cycle=record.cycle(phase))
    written: dict[str, Any] = {
        "binding": bound.model_copy(update={"previous_verdict": verdict.digest if verdict else None}), "asked": "0" * 64, "answer": answer,
        "by": by, "name": "", "reason": "It can wait.", "findings": (), "decided_at": now(),
    } | changes  # fmt: skip
    said = Decision(**written)
    run.store.append(
        f"{record.charter.digest[:16]}/decisions/{phase}", sign(said, {"asked": {"sha256": said.asked}}, run.keys.signer(AUTHORITY))
    )


def mended(
    root: Path, monkeypatch: Any, *, mend: str = 'echo good > "src/$PHASEGATE_FEATURE.txt"', more: str = "fix: {owner: build/maker}"
) -> House:
    """The judge has found what the second maker made wrong, and the gate has said so; `fix` may follow."""
    first = "if [ $PHASEGATE_FEATURE = one ]; then echo good > src/one.txt; else echo bad > src/two.txt; fi"
    house = mendable(root, monkeypatch, first=first, mend=mend, more=more)
    house.run("kickoff")
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    assert [finding.id for finding in house.findings("check")] == [JUDGED]
    return house
