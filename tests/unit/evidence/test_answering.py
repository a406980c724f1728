"""What a gate answered is signed, bound and kept."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace

import pendulum
import pytest
from support.runs import honest, payload_of, place

from dag_factory.errors import EvidenceError
from dag_factory.evidence.answering import keep_verdict
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import binding_of
from dag_factory.evidence.statement import now
from dag_factory.evidence.verdict import Finding


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, through="foundation")


def keep(run, judgement, **more):
    given = {"attempt": 2, "moment": now(), "signer": run.keys.signer(AUTHORITY)} | more
    return keep_verdict(run.store, run.record, judgement, **given)


def test_a_binding_names_the_run_the_task_and_the_verdict_before(run):
    record = run.record
    bound = binding_of(record, "implementation", "ingest.sdet", 3)
    assert (bound.charter, bound.plan) == (record.charter.digest, run.plan.digest)
    assert (bound.dag_id, bound.run_id, bound.phase, bound.task) == ("orders_mart", "manual__1", "implementation", "ingest.sdet")
    assert (bound.map_index, bound.attempt) == (-1, 3)
    assert bound.previous_verdict == record.verdict("foundation").digest
    assert binding_of(record, "foundation", "architect", 1).previous_verdict is None
    assert binding_of(record, "validation", "test-engineer", 1).previous_verdict is None, "there is none yet"


def test_a_verdict_says_what_was_judged(run):
    judgement = run.judge("foundation")
    kept = keep(run, judgement)
    verdict = run.record.verdict("foundation")
    assert (verdict.digest, verdict.name) == (kept, "0002.json")
    says = verdict.says
    assert says.passed(pendulum.now("UTC"))
    assert says.phasegate.binding.attempt == 2
    assert says.phasegate.checklists == judgement.answers
    assert says.phasegate.approved == run.record.converged("foundation").says.sealed.commit
    assert tuple(item.digest["sha256"] for item in says.input_attestations) == judgement.inputs


def test_a_failed_one_is_kept_as_well_with_its_reasons(run):
    run.deliver("foundation/architect", outcome="failed", exit_code=1, evidence=(), checks=(), sealed=None)
    run.converge("foundation")
    judgement = run.judge("foundation")
    keep(run, judgement)
    verdict = run.record.verdict("foundation").says
    assert verdict.verification_result == verdict.phasegate.word == "FAILED"
    assert verdict.phasegate.findings == judgement.findings


def test_what_is_inconclusive_is_signed_as_no_pass(run):
    keep(run, replace(run.judge("foundation"), word="INCONCLUSIVE"))
    assert run.record.verdict("foundation").says.phasegate.word == "FAILED"


def test_its_subject_is_the_phase_and_what_it_approved(run):
    keep(run, run.judge("foundation"))
    subjects = {item["name"]: item["digest"] for item in payload_of(place(run, "verdicts/foundation", 2))["subject"]}
    assert subjects["orders_mart/foundation"] == {"sha256": run.record.charter.digest}
    assert subjects["approved"] == {"gitCommit": run.record.verdict("foundation").says.phasegate.approved}


def test_the_same_judgement_at_the_same_moment_is_the_same_payload(run):
    judgement, moment = run.judge("foundation"), now()
    record = run.record
    kept = [keep_verdict(run.store, record, judgement, attempt=2, moment=moment, signer=run.keys.signer(AUTHORITY)) for _ in range(2)]
    first, second = (place(run, "verdicts/foundation", number).read_bytes() for number in (2, 3))
    assert first == second
    assert kept == [hashlib.sha256(first).hexdigest()] * 2
    assert json.loads(base64.b64decode(json.loads(first)["payload"]))["predicate"]["timeVerified"] == moment


def test_a_reason_that_is_no_text_is_not_signed(run):
    broken = replace(run.judge("foundation"), word="FAILED", findings=(Finding(rule="x", subject="x", text="\ud800"),))
    with pytest.raises(EvidenceError):
        keep(run, broken)
    assert run.store.names(f"{run.record.charter.digest[:16]}/verdicts/foundation") == ["0001.json"]
