"""What gates answer and what people decide, as the product writes it down; a case may say that it is written otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dag_factory.cli.selftest import trees
from dag_factory.cli.selftest.stage import Stage, payload_of
from dag_factory.errors import PhasegateError
from dag_factory.evidence.answering import keep_verdict
from dag_factory.evidence.decisions import Decision, Scope, Waiver
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.consent import asked_of
from dag_factory.evidence.policies.merges import approved_base
from dag_factory.evidence.run import binding_of
from dag_factory.evidence.statement import STATEMENT
from dag_factory.evidence.verify import verify
from dag_factory.evidence.waiving import scope_of

__all__ = ["answer", "approve", "decide", "go_on", "waive"]

Told = Mapping[str, Any]


def answer(stage: Stage, told: Told) -> None:
    """Ask the gate of a phase, and keep what it answers; `FAILED` or another word, as the case expects it.

    Raises
    ------
    PhasegateError: it answers another word.

    """
    judgement = verify(stage.record, told["gate"], stage.store.blob, stage.now, cycle=told.get("cycle"))
    if judgement.word != told["word"]:
        raise PhasegateError(f"The gate answers {judgement.word} for {judgement.findings}.", remedy="Mend the case.")
    moment = stage.now.to_iso8601_string()
    keep_verdict(stage.store, stage.record, judgement, attempt=1, moment=moment, signer=stage.signer(AUTHORITY))
    stage.now = stage.now.add(seconds=60)


def go_on(stage: Stage, told: Told) -> None:
    """Have the work of a phase follow what lies in the store now, as tasks that were started by hand do: each binds the newest verdict, on its commit."""
    phase, record = told["phase"], stage.record
    base = approved_base(Case(record, phase, stage.store.blob, stage.now))
    for path in sorted(stage.folder.glob(f"statements/{phase}/*/*.json")):
        envelope = path.read_bytes()
        said = payload_of(envelope)
        said["predicate"]["binding"]["previousVerdict"] = binding_of(record, phase, "", 1).previous_verdict
        said["predicate"]["base"] = base
        stage.sign(path, said, by=stage.signer_of(envelope))


def waive(stage: Stage, told: Told) -> None:
    """Waive everything that the newest verdict on a phase found: as `by` does, for `days`; `put` says what is written otherwise.

    `other` waives what was found, and names other work than that which it was found in.
    """
    phase, record = told["phase"], stage.record
    case = Case(record, phase, stage.store.blob, stage.now)
    verdict = record.verdict(phase)
    findings = verdict.says.phasegate.findings if verdict else ()
    waiver = Waiver(
        binding=binding_of(record, phase, "waiver", 1, cycle=case.at), number=told.get("number", "W-1"),
        scope=tuple(Scope(finding=one.id, digest="0" * 64 if told.get("other") else scope_of(case, one)) for one in findings),
        reason=told.get("reason", "The partner delivers next week; sales know of it."), by=told["by"], name=told.get("name", told["by"]),
        given_at=stage.now.to_iso8601_string(), expires_at=stage.now.add(days=told.get("days", 7)).to_iso8601_string(),
    )  # fmt: skip
    _sign(stage, waiver, f"waivers/{phase}", {one.finding: {"sha256": one.digest} for one in waiver.scope}, told)


def approve(stage: Stage, told: Told) -> None:
    """Agree to a phase, or refuse, as `by` does, to what lies there now; `put` says what is written otherwise."""
    phase, record = told["phase"], stage.record
    case = Case(record, phase, stage.store.blob, stage.now)
    decision = Decision(
        binding=binding_of(record, phase, told.get("task", "approve-1"), 1, cycle=case.at), asked=asked_of(case), answer=told.get("answer", "approve"),
        by=told["by"], name=told.get("name", told["by"]), reason=told.get("reason", ""), findings=(), decided_at=stage.now.to_iso8601_string(),
    )  # fmt: skip
    _sign(stage, decision, f"decisions/{phase}", {"asked": {"sha256": decision.asked}}, told)


def decide(stage: Stage, told: Told) -> None:
    """Answer what becomes of a FAILED verdict, as `by` does: `waive`, `cycle`, `stop`."""
    phase, record = told["phase"], stage.record
    verdict = record.verdict(phase)
    binding = binding_of(record, phase, "decide_1", 1).model_copy(update={"previous_verdict": verdict.digest if verdict else None})
    decision = Decision(
        binding=binding, asked="0" * 64, answer=told["answer"], by=told["by"], name=told["by"], reason=told.get("reason", ""), findings=(),
        decided_at=stage.now.to_iso8601_string(),
    )  # fmt: skip
    _sign(stage, decision, f"decisions/{phase}", {"asked": {"sha256": decision.asked}}, told)


def _sign(stage: Stage, predicate: Waiver | Decision, folder: str, subjects: dict[str, dict[str, str]], told: Told) -> None:
    said = predicate.model_dump(by_alias=True, mode="json")
    for place, value in told.get("put", {}).items():
        trees.put(said, place, value)
    subject = [{"name": name, "digest": digest} for name, digest in sorted(subjects.items())]
    statement = {"_type": STATEMENT, "subject": subject, "predicateType": predicate.TYPE, "predicate": said}
    stage.sign(stage.at(f"{folder}#+"), statement, by=told.get("signed", AUTHORITY))
    stage.now = stage.now.add(seconds=60)
