"""Verdicts: when one opens a phase, how one is told, what form it has."""

from __future__ import annotations

import json

import pendulum
import pytest
from pydantic import ValidationError
from support.runs import honest

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.reading import parse
from dag_factory.evidence.statement import STATEMENT, Binding
from dag_factory.evidence.verdict import Answer, Extension, Finding, Recheck, Used, Verdict, table, vsa

DIGEST, TIME = "a" * 64, "2026-11-23T06:00:00+00:00"
NOW = pendulum.parse(TIME)
BINDING = Binding(
    charter=DIGEST,
    plan=DIGEST,
    dag_id="orders",
    run_id="manual__1",
    phase="foundation",
    cycle=0,
    task="gate",
    map_index=-1,
    attempt=1,
    previous_verdict=None,
)
FINDING = Finding(rule="statement-missing", subject="foundation/architect", text="nothing came", task="foundation/architect")


USED = Used(finding=FINDING, waiver=DIGEST, by="erin", expires_at="2026-11-24T06:00:00+00:00")


def extended(word="PASSED", findings=(), waived=()):
    return Extension(
        binding=BINDING, previous=None, word=word, findings=findings, waived=waived, rechecked=(), checklists=(), approved=None, product=None,
        assurance="local",
    )  # fmt: skip


def made(tmp_path, word="PASSED", findings=(), waived=(), **more):
    extension = extended(word, findings, waived)
    verdict = vsa(honest(tmp_path).contract, BINDING, "sha256:x", (DIGEST,), extension, TIME)
    return verdict.model_copy(update=more)


def test_a_verdict_passes_only_if_every_word_says_so(tmp_path):
    assert made(tmp_path).passed(NOW)
    assert not made(tmp_path, verification_result="FAILED").passed(NOW)
    assert not made(tmp_path, word="FAILED").passed(NOW)
    assert not made(tmp_path, word="FAILED", verification_result="PASSED").passed(NOW)
    assert not made(tmp_path, findings=(FINDING,)).passed(NOW)


def test_with_a_waiver_it_passes_under_its_own_word_and_until_the_waiver_runs_out(tmp_path):
    waived = made(tmp_path, "PASSED_WITH_WAIVER", waived=(USED,))
    ends = pendulum.parse(USED.expires_at)
    assert waived.verification_result == "PASSED"
    assert waived.passed(NOW)
    assert waived.passed(ends.subtract(seconds=1))
    assert not waived.passed(ends)
    assert not made(tmp_path, "PASSED", waived=(USED,)).passed(NOW), "a waiver cannot hide behind the other word"
    assert not made(tmp_path, "PASSED_WITH_WAIVER").passed(NOW), "and the word needs one"
    assert not made(tmp_path, "PASSED_WITH_WAIVER", (FINDING,), (USED,)).passed(NOW)
    assert waived.verified_levels == (), "what was waived is verified to no level"


def test_it_is_a_verification_summary(tmp_path):
    verdict = made(tmp_path)
    written = verdict.model_dump(by_alias=True, mode="json")
    assert written["verifier"] == {"id": "urn:phasegate:verifier", "version": "1"}
    assert written["timeVerified"] == TIME
    assert written["resourceUri"] == "phasegate://orders_mart/manual__1/foundation"
    assert written["policy"] == {"uri": "sha256:x", "digest": {"sha256": DIGEST}}
    assert written["inputAttestations"] == [{"uri": f"sha256:{DIGEST}", "digest": {"sha256": DIGEST}}]
    assert written["verificationResult"] == "PASSED"
    assert written["verifiedLevels"] == ["PHASEGATE_ASSURANCE_LOCAL"]
    failed = made(tmp_path, word="FAILED")
    assert (failed.verification_result, failed.verified_levels) == ("FAILED", ())


def read(verdict, change):
    predicate = json.loads(verdict.model_dump_json(by_alias=True))
    change(predicate)
    subject = [{"name": "x", "digest": {"sha256": DIGEST}}]
    return parse({"_type": STATEMENT, "subject": subject, "predicateType": Verdict.TYPE, "predicate": predicate}, Verdict)


def test_it_is_read_as_it_was_written(tmp_path):
    verdict = made(tmp_path, "FAILED", (FINDING,))
    assert read(verdict, lambda predicate: None) == verdict


WORDS = ["pass", "PASSED ", "passed", True, 1, None, "INCONCLUSIVE", "passed_with_waiver", ["PASSED"]]


@pytest.mark.parametrize(
    ("place", "word"),
    [*((place, word) for place in ("verificationResult", "word") for word in WORDS), ("verificationResult", "PASSED_WITH_WAIVER")],
    ids=repr,
)
def test_no_other_word_is_a_verdict(tmp_path, word, place):
    verdict = made(tmp_path)
    with pytest.raises(EnvelopeError, match="wrong"):
        read(verdict, lambda predicate: (predicate if place != "word" else predicate["phasegate"]).update({place: word}))


def test_an_inconclusive_verdict_cannot_be_made():
    with pytest.raises(ValidationError):
        extended("INCONCLUSIVE")


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


def test_what_was_waived_or_mended_is_told_as_that():
    answers = (Answer(checklist="before-implementation", id="a", says="@architect complete", holds=False, waived=True),)
    rechecked = tuple(Recheck(finding=f"r:{now}", cycle=int(now == "waived"), now=now) for now in ("mended", "open", "waived"))
    assert table("PASSED_WITH_WAIVER", (), answers, title="Gate", waived=(USED,), rechecked=rechecked) == [
        "Gate: PASSED_WITH_WAIVER",
        "  ⚠ waived by erin until 2026-11-24T06:00:00+00:00: statement-missing:foundation/architect: nothing came",
        "  ✓ mended, found at first: r:mended",
        "  ✗ open, found at first: r:open",
        "  ⚠ waived, found in fix cycle 1: r:waived",
        "  before implementation",
        "    ⚠ @architect complete",
    ]


def test_a_finding_is_one_line_whatever_it_quotes():
    forged = FINDING.model_copy(update={"text": "no\n  ✓ mended\x1b[8m\u202e"})
    used = USED.model_copy(update={"finding": forged})
    again = Recheck(finding="check-failed:a\nb", cycle=0, now="mended")
    lines = table("FAILED", (forged,), (), title="Gate", waived=(used,), rechecked=(again,))
    assert len(lines) == 4
    assert lines[1] == "  ✗ statement-missing  foundation/architect: no   ✓ mended⟨U+001B⟩[8m⟨U+202E⟩"
    assert lines[2].endswith("no   ✓ mended⟨U+001B⟩[8m⟨U+202E⟩")
    assert lines[3] == "  ✓ mended, found at first: check-failed:a b"
