"""Verdicts: when one opens a phase, how one is told, what form it has."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError
from support.runs import honest

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.statement import STATEMENT, Binding, parse
from dag_factory.evidence.verdict import Answer, Extension, Finding, Verdict, table, vsa

DIGEST, TIME = "a" * 64, "2026-11-23T06:00:00+00:00"
BINDING = Binding(
    charter=DIGEST,
    plan=DIGEST,
    dag_id="orders",
    run_id="manual__1",
    phase="foundation",
    task="gate",
    map_index=-1,
    attempt=1,
    previous_verdict=None,
)
FINDING = Finding(rule="statement-missing", subject="foundation/architect", text="nothing came", task="foundation/architect")


def made(tmp_path, word="PASSED", findings=(), **more):
    extension = Extension(binding=BINDING, word=word, findings=findings, checklists=(), approved=None, product=None, assurance="local")
    verdict = vsa(honest(tmp_path).contract, BINDING, "sha256:x", (DIGEST,), extension, TIME)
    return verdict.model_copy(update=more)


def test_a_verdict_passes_only_if_every_word_says_so(tmp_path):
    assert made(tmp_path).passed
    assert not made(tmp_path, verification_result="FAILED").passed
    assert not made(tmp_path, word="FAILED").passed
    assert not made(tmp_path, word="FAILED", verification_result="PASSED").passed
    assert not made(tmp_path, findings=(FINDING,)).passed


def test_it_is_a_verification_summary(tmp_path):
    verdict = made(tmp_path)
    written = verdict.model_dump(by_alias=True, mode="json")
    assert written["verifier"]["id"] == "urn:phasegate:verifier"
    assert written["timeVerified"] == TIME
    assert written["resourceUri"] == "phasegate://orders_mart/manual__1/foundation"
    assert written["policy"] == {"uri": "sha256:x", "digest": {"sha256": DIGEST}}
    assert written["inputAttestations"] == [{"uri": f"sha256:{DIGEST}", "digest": {"sha256": DIGEST}}]
    assert written["verificationResult"] == "PASSED"
    assert written["verifiedLevels"] == ["PHASEGATE_ASSURANCE_LOCAL"]
    assert made(tmp_path, word="FAILED").verified_levels == ()


def read(verdict, change):
    predicate = json.loads(verdict.model_dump_json(by_alias=True))
    change(predicate)
    subject = [{"name": "x", "digest": {"sha256": DIGEST}}]
    return parse({"_type": STATEMENT, "subject": subject, "predicateType": Verdict.TYPE, "predicate": predicate}, Verdict)


def test_it_is_read_as_it_was_written(tmp_path):
    verdict = made(tmp_path, "FAILED", (FINDING,))
    assert read(verdict, lambda predicate: None) == verdict


@pytest.mark.parametrize("word", ["pass", "PASSED ", "passed", True, 1, None, "INCONCLUSIVE", "PASSED_WITH_WAIVER", ["PASSED"]], ids=repr)
@pytest.mark.parametrize("place", ["verificationResult", "word"])
def test_no_other_word_is_a_verdict(tmp_path, word, place):
    verdict = made(tmp_path)
    with pytest.raises(EnvelopeError, match="wrong"):
        read(verdict, lambda predicate: (predicate if place != "word" else predicate["phasegate"]).update({place: word}))


def test_an_inconclusive_verdict_cannot_be_made():
    with pytest.raises(ValidationError):
        Extension(binding=BINDING, word="INCONCLUSIVE", findings=(), checklists=(), approved=None, product=None, assurance="local")


def test_later_work_names_a_finding_by_rule_and_subject():
    assert FINDING.id == "statement-missing:foundation/architect"
    assert Finding(rule="r", subject="s", text="t").task == ""


def test_it_is_told_reason_by_reason_and_item_by_item():
    answers = (
        Answer(checklist="before-implementation", id="a", says="@architect complete", holds=True),
        Answer(checklist="before-phase-closes", id="b", says="All evidence", holds=False),
        Answer(checklist="before-implementation", id="c", says="@ux complete", holds=False),
    )
    assert table("FAILED", (FINDING,), answers, title="Gate") == [
        "Gate: FAILED",
        "  ✗ statement-missing  foundation/architect: nothing came",
        "  before implementation",
        "    ✓ @architect complete",
        "    ✗ @ux complete",
        "  before phase closes",
        "    ✗ All evidence",
    ]
    assert table("PASSED", (), (), title="Gate") == ["Gate: PASSED"]
