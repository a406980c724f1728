"""Asking a gate: it signs, it keeps, it answers again; and while evidence may still come it does neither."""

from __future__ import annotations

import json
import shutil
import time

import pytest
from support.orders import EXTERNAL
from support.runs import honest, payload_of, place

from dag_factory.errors import EnvelopeError, KeyFolderError, StoreError
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.scope import Scope
from dag_factory.triggers.judge import ask, summary, told

DESIGNER = "foundation/ux-designer"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path / "run", worked="foundation")


@pytest.fixture
def waiting(tmp_path):
    """All is there but what the designer brings from outside."""
    run = honest(tmp_path / "run", text=EXTERNAL)
    run.work("foundation", without=(DESIGNER,))
    return run


def scope_of(run):
    return Scope(run.store, run.keys, run.plan.workflow, run.run_id, run.record.charter.digest)


def asked(run, attempt=1):
    return ask(scope_of(run), run.plan.digest, "foundation", attempt)[0]


def test_a_verdict_is_signed_with_phasegates_own_key_and_kept(run):
    judgement, digest = ask(scope_of(run), run.plan.digest, "foundation", 1)
    assert judgement.word == "PASSED"
    kept = run.record.verdict("foundation")
    assert kept.digest == digest
    assert kept.keyid == run.keys.signer(AUTHORITY).public.keyid
    assert kept.says.phasegate.word == "PASSED"
    assert payload_of(place(run, "verdicts/foundation"))["predicate"]["verificationResult"] == "PASSED"


def test_a_failure_is_signed_and_kept_as_well(run):
    run.store.blob_path(run.record.newest("foundation/architect").says.evidence[0].digest).unlink()
    judgement = asked(run)
    assert (judgement.word, run.record.verdict("foundation").says.phasegate.findings) == ("FAILED", judgement.findings)
    assert payload_of(place(run, "verdicts/foundation"))["predicate"]["verificationResult"] == "FAILED"


def test_asked_again_it_answers_anew_and_overwrites_nothing(run):
    asked(run)
    first = place(run, "verdicts/foundation").read_bytes()
    run.store.blob_path(run.record.newest("foundation/architect").says.evidence[0].digest).unlink()
    assert asked(run, attempt=2).word == "FAILED"
    assert place(run, "verdicts/foundation").read_bytes() == first
    assert [one.says.phasegate.binding.attempt for one in run.record.verdicts["foundation"]] == [1, 2]
    assert run.record.verdict("foundation").says.phasegate.word == "FAILED", "the newest counts"


def test_the_same_run_gives_the_same_judgement(run):
    assert asked(run, 1) == asked(run, 2)


def test_while_evidence_may_still_come_nothing_is_signed(waiting):
    judgement, digest = ask(scope_of(waiting), waiting.plan.digest, "foundation", 1)
    assert (judgement.word, digest) == ("INCONCLUSIVE", "")
    assert waiting.record.verdicts["foundation"] == []
    waiting.deliver(DESIGNER, sealed=None)
    assert asked(waiting).word == "PASSED"


def test_what_cannot_be_mended_by_waiting_is_not_waited_for(waiting):
    waiting.store.blob_path(waiting.record.newest("foundation/architect").says.evidence[0].digest).unlink()
    assert asked(waiting).word == "FAILED"


def test_when_the_time_is_over_it_fails(tmp_path):
    run = honest(tmp_path / "run", text=EXTERNAL.replace("timeout: 2h", "timeout: 1s"))
    run.work("foundation", without=(DESIGNER,))
    time.sleep(1.1)
    judgement = asked(run)
    assert (judgement.word, [finding.rule for finding in judgement.findings]) == ("FAILED", ["statement-missing"])


def test_without_phasegates_key_there_is_no_verdict(run):
    scope = scope_of(run)
    (run.keys.path / f"{AUTHORITY}.pem").unlink()
    with pytest.raises(KeyFolderError):
        ask(scope, run.plan.digest, "foundation", 1)
    assert run.record.verdicts["foundation"] == []


def test_a_plan_that_is_not_the_charters_is_not_judged(run):
    with pytest.raises(EnvelopeError, match="changed in mid-run"):
        ask(scope_of(run), "f" * 64, "foundation", 1)
    assert run.record.verdicts["foundation"] == []


def test_a_store_that_is_gone_or_cannot_be_written_gives_no_verdict(run):
    scope = scope_of(run)
    folder = run.store.path / scope.charter[:16] / "verdicts"
    folder.write_text("a file is in its place", encoding="utf-8")
    with pytest.raises(StoreError, match="evidence_root"):
        ask(scope, run.plan.digest, "foundation", 1)
    shutil.rmtree(run.store.path)
    with pytest.raises(EnvelopeError, match="has no charter"):
        ask(scope, run.plan.digest, "foundation", 1)


def test_it_is_told_in_lines_and_in_one_line(run):
    judgement = asked(run)
    assert any("PASSED" in line for line in told(judgement, "Gate of phase Foundation"))
    assert json.loads(summary(judgement)) == {"phase": "foundation", "cycle": 0, "verdict": "PASSED", "findings": []}
    run.store.blob_path(run.record.newest("foundation/architect").says.evidence[0].digest).unlink()
    failed = asked(run, 2)
    assert json.loads(summary(failed)) == {
        "phase": "foundation",
        "cycle": 0,
        "verdict": "FAILED",
        "findings": [item.id for item in failed.findings],
    }
    assert "\n" not in summary(failed)
    lines = "\n".join(told(failed, "Gate of phase Foundation"))
    assert "Gate of phase Foundation" in lines
    assert failed.findings[0].text.split(".")[0] in lines
