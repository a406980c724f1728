"""A run as its store holds it: what is broken, forged, replayed or put there from an earlier run."""

from __future__ import annotations

import json
import shutil

import pendulum
import pytest
from support.runs import HonestRun, honest, payload_of, place, resign, rules

from dag_factory.errors import EnvelopeError, StoreError
from dag_factory.evidence.answering import keep_verdict
from dag_factory.evidence.envelope import sign_envelope
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_open
from dag_factory.evidence.record import read_charter, read_contract, read_record
from dag_factory.evidence.statement import Sealed
from dag_factory.evidence.store import Store
from dag_factory.evidence.verify import verify_run

ARCHITECT = "statements/foundation/architect"
FAILED = {"outcome": "failed", "exit_code": 3, "evidence": (), "checks": (), "sealed": None}


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, through="foundation")


def why_closed(run, phase="implementation"):
    return not_open(Case(run.record, phase, run.store.blob, pendulum.now("UTC")))


def found(run):
    return {finding.rule for finding in verify_run(run.record, run.store.blob, pendulum.now("UTC"))[2]}


def test_a_run_that_has_not_begun_is_none(tmp_path):
    store = Store(tmp_path).run("orders_mart", "manual__1")
    assert read_charter(store) is None
    assert read_record(store) is None


def test_everything_signed_is_read(run):
    record = run.record
    assert record.broken == ()
    assert record.newest("foundation/architect").says.persona == "architect"
    assert record.keyids["architect"] == record.newest("foundation/architect").keyid
    assert record.converged("foundation").keyid == record.verdict("foundation").keyid == record.charter.keyid == record.keyids[AUTHORITY]
    assert record.newest("implementation/ingest.sdet") is None
    assert record.verdict("integration") is None


def test_no_later_phase_is_read_than_was_asked(run):
    place(run, "statements/implementation/ingest.sdet").parent.mkdir(parents=True)
    place(run, "statements/implementation/ingest.sdet").write_bytes(b"broken")
    assert read_record(run.store, upto="foundation").broken == ()
    assert [item.task for item in read_record(run.store).broken] == ["ingest.sdet"]


@pytest.mark.parametrize("data", [b"", b"{}", b"\x00" * 9, b"[" * 99_999, b'{"payload":1}', b'{"a":1,"a":2}'], ids=repr)
@pytest.mark.parametrize("folder", [ARCHITECT, "statements/foundation/converge"])
def test_what_is_no_envelope_is_told_and_not_passed_over(run, folder, data):
    place(run, folder, 2).write_bytes(data[:1000] if data.startswith(b"[") else data)
    assert "statement-invalid" in rules(run.judge("foundation"))


@pytest.mark.parametrize("value", [1.0, True, "1", None])
def test_an_attempt_that_is_no_integer_is_a_finding_and_no_crash(run, value):
    path = place(run, ARCHITECT)
    resign(run, path, lambda payload: payload["predicate"]["binding"].update(attempt=value), signer="architect")
    judgement = run.judge("foundation")
    assert rules(judgement) >= {"statement-invalid", "statement-missing"}


def test_a_persona_cannot_sign_a_merge_or_a_verdict(run):
    for folder in ("statements/foundation/converge", "verdicts/foundation"):
        resign(run, place(run, folder), lambda payload: None, signer="architect")
    record = run.record
    assert record.converged("foundation") is None
    assert record.verdict("foundation") is None
    assert "not among the keys" in record.broken[0].reason
    assert "no signed verdict" in why_closed(run)


def test_a_forged_verdict_opens_nothing_whether_first_or_last(run):
    path = place(run, "verdicts/foundation")
    shutil.copy(path, place(run, "verdicts/foundation", 2))
    resign(run, place(run, "verdicts/foundation", 2), lambda payload: None, signer="architect")
    assert run.record.verdict("foundation") is None, "the newest is broken, so none counts"
    path.unlink()
    place(run, "verdicts/foundation", 2).rename(path)
    assert run.record.verdict("foundation") is None


def test_an_edited_verdict_opens_nothing(run):
    path = place(run, "verdicts/foundation")
    body = json.loads(path.read_bytes())
    body["payload"] = body["payload"][:400] + ("A" if body["payload"][400] != "A" else "B") + body["payload"][401:]
    path.write_text(json.dumps(body))
    assert "no signed verdict" in why_closed(run)
    assert {"verdict-missing", "statement-invalid", "phase-not-open"} <= found(run)


def test_a_removed_verdict_opens_nothing(run):
    place(run, "verdicts/foundation").unlink()
    assert "no signed verdict" in why_closed(run)


def test_of_two_verdicts_the_newest_counts(run):
    run.contents[("foundation/architect", "architecture")] = None
    run.work("foundation")
    assert run.answer("foundation").word == "FAILED"
    assert why_closed(run) == "The newest verdict on phase Foundation is FAILED."
    assert len(run.record.verdicts["foundation"]) == 2
    run.contents.clear()
    run.work("foundation")
    assert run.answer("foundation").word == "PASSED"
    assert why_closed(run) is None


def test_an_old_verdict_copied_after_a_newer_one_counts_as_none(run):
    run.contents[("foundation/architect", "architecture")] = None
    run.work("foundation")
    run.answer("foundation")
    shutil.copy(place(run, "verdicts/foundation"), place(run, "verdicts/foundation", 3))
    assert "no signed verdict" in why_closed(run)
    assert "0001.json once more" in run.record.broken[0].reason


def test_an_old_verdict_renamed_to_be_the_newest_counts_as_none(run):
    path = place(run, "verdicts/foundation")

    def cleared(payload):
        payload["predicate"]["phasegate"]["binding"]["attempt"] = 2
        payload["predicate"]["timeVerified"] = pendulum.now("UTC").to_iso8601_string()

    resign(run, path, cleared, signer=AUTHORITY, to=place(run, "verdicts/foundation", 2))
    assert why_closed(run) is None
    path.rename(place(run, "verdicts/foundation", 3))
    assert "stands after attempt 2" in run.record.broken[0].reason
    assert "no signed verdict" in why_closed(run)


def test_a_verdict_that_names_the_one_before_it_follows_it_by_whatever_clock_and_try(tmp_path):
    """Behind a gate that was cleared, the first try of the one that counts waivers, on a worker whose clock is a little behind."""
    run, moment = honest(tmp_path, worked="foundation"), pendulum.now("UTC")
    for attempt, at in ((2, moment), (1, moment.subtract(seconds=90))):
        judgement, signer = run.judge("foundation"), run.keys.signer(AUTHORITY)
        keep_verdict(run.store, run.record, judgement, attempt=attempt, moment=at.to_iso8601_string(), signer=signer)
    assert run.record.broken == ()
    assert why_closed(run) is None


@pytest.mark.parametrize("reencode", [False, True], ids=["as it was", "in another spelling"])
def test_an_old_statement_copied_after_a_newer_one_does_not_count(tmp_path, reencode):
    run = honest(tmp_path, worked="foundation")
    run.deliver("foundation/architect", **FAILED)
    data = place(run, ARCHITECT).read_bytes()
    place(run, ARCHITECT, 3).write_bytes(json.dumps(json.loads(data), indent=2).encode() if reencode else data)
    judgement = run.judge("foundation")
    assert {"statement-invalid", "task-failed"} <= rules(judgement)
    assert run.record.newest("foundation/architect").says.outcome == "failed"


def test_the_order_of_attempts_cannot_be_turned_round(tmp_path):
    run = honest(tmp_path, worked="foundation")
    run.deliver("foundation/architect", **FAILED)
    first, second = place(run, ARCHITECT), place(run, ARCHITECT, 2)
    first.rename(first.with_name("x"))
    second.rename(first)
    first.with_name("x").rename(second)
    judgement = run.judge("foundation")
    assert "statement-invalid" in rules(judgement)
    assert judgement.word == "FAILED"


def test_a_deleted_and_recreated_run_begins_from_nothing(run):
    before = read_charter(run.store).digest
    run.kickoff(previous=before)
    assert run.record.charter.digest != before
    assert run.record.statements["foundation/architect"] == []
    assert "under the newest charter" in why_closed(run)
    assert "statement-missing" in rules(run.judge("foundation"))


def test_nothing_of_the_former_run_can_be_put_into_the_new_one(run):
    old = run.store.path / run.record.charter.digest[:16]
    run.kickoff(previous=run.record.charter.digest)
    shutil.copytree(old, run.store.path / run.record.charter.digest[:16])
    assert why_closed(run) == "The newest verdict on phase Foundation is of another run, plan or phase."
    judgement = run.judge("foundation")
    assert "statement-misbound" in rules(judgement)
    assert any("another charter" in finding.text for finding in judgement.findings)
    assert "merge-missing" in rules(judgement), "the merge too is of the former run"


def test_two_charters_differ_though_all_they_say_is_the_same(tmp_path):
    run = HonestRun(tmp_path)
    first = read_charter(run.store)
    run.kickoff(previous=first.digest, written_at=first.says.written_at)
    second = read_charter(run.store)
    assert first.says.nonce != second.says.nonce
    assert first.digest != second.digest


@pytest.mark.parametrize("how", [shutil.copy, shutil.move])
def test_an_old_charter_cannot_come_after_its_successor(run, how):
    run.kickoff(previous=run.record.charter.digest)
    base = run.store.path / "charters"
    how(base / "0001.json", base / "0003.json")
    with pytest.raises(EnvelopeError, match=r"0003\.json of .* is an old one"):
        read_record(run.store)


def test_a_charter_of_another_run_is_of_another_run(run, tmp_path):
    (tmp_path / "other").mkdir()
    other = HonestRun(tmp_path / "other", run_id="manual__2")
    shutil.copy(other.store.path / "charters" / "0001.json", run.store.path / "charters" / "0002.json")
    record = read_record(run.store)
    assert (record.charter.says.run_id, run.run_id) == ("manual__2", "manual__1")
    assert record.verdict("foundation") is None, "nothing of this run counts under it"


CHARTERS = {
    "empty": lambda run, path: path.write_bytes(b""),
    "no JSON": lambda run, path: path.write_bytes(b"\xff"),
    "a list": lambda run, path: path.write_bytes(b"[]"),
    "a number for a payload": lambda run, path: path.write_bytes(b'{"payload":1,"payloadType":"x","signatures":[]}'),
    "a payload that is no base64": lambda run, path: path.write_bytes(b'{"payload":"%","payloadType":"x","signatures":[]}'),
    "a duplicate key": lambda run, path: path.write_bytes(path.read_bytes().rstrip()[:-1] + b',"payload":""}'),
    "edited": lambda run, path: path.write_bytes(path.read_bytes().replace(b'"sig":"', b'"sig":"AA')),
    "signed by a persona": lambda run, path: resign(run, path, lambda payload: None, signer="architect"),
    "another predicate": lambda run, path: shutil.copy(place(run, ARCHITECT), path),
    "no key of Phasegate": lambda run, path: resign(
        run, path, lambda payload: payload["predicate"]["keys"].pop(AUTHORITY), signer=AUTHORITY
    ),
    "a key that is none": lambda run, path: resign(
        run, path, lambda payload: payload["predicate"]["keys"].update({AUTHORITY: "x"}), signer=AUTHORITY
    ),
    "more than it should": lambda run, path: resign(run, path, lambda payload: payload["predicate"].update(more=1), signer=AUTHORITY),
}


@pytest.mark.parametrize("case", CHARTERS)
def test_a_charter_that_cannot_be_believed_is_one_error(run, case):
    CHARTERS[case](run, run.store.path / "charters" / "0001.json")
    with pytest.raises(EnvelopeError, match=r"The charter 0001\.json of .* cannot be believed: .*Start a new run\."):
        read_record(run.store)


def test_the_plan_is_kept_word_for_word(run):
    digest = run.record.charter.says.plan
    assert read_contract(run.store, digest) == run.contract
    blob = run.store.blob_path(digest)
    blob.write_bytes(blob.read_bytes().replace(b"ARCHITECTURE.md", b"ARCHITECTURE.nd", 1))
    with pytest.raises(StoreError, match="missing or was altered"):
        read_record(run.store)
    blob.unlink()
    with pytest.raises(StoreError, match="missing or was altered"):
        read_record(run.store)


@pytest.mark.parametrize(
    "data", [b"{}", b"[]", b"no json", b"[" * 200_000, b'{"contract":{"workflow":"x","phases":[],"of_a_later_version":1}}']
)
def test_a_plan_of_another_version_is_told(run, data):
    with pytest.raises(StoreError, match="not one that this version"):
        read_contract(run.store, run.store.put_bytes(data))


def test_a_statement_under_a_name_that_is_not_its_attempt_is_misbound(run):
    place(run, ARCHITECT).rename(place(run, ARCHITECT, 2))
    judgement = run.judge("foundation")
    assert any(finding.rule == "statement-misbound" and "attempt" in finding.text for finding in judgement.findings)


def test_a_seal_without_a_merge_is_told_by_the_newest_statement(run):
    run.deliver("foundation/architect", sealed=Sealed(commit="f" * 40, tree="c" * 40, bundle="a" * 64))
    assert "done again" in why_closed(run)
    assert rules(run.judge("foundation")) == {"merge-missing"}


def test_an_envelope_holds_what_it_says_for_everyone(run):
    payload = payload_of(place(run, "verdicts/foundation"))
    assert payload["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert payload["predicate"]["verificationResult"] == "PASSED"
    assert sign_envelope(b"{}", run.keys.signer("architect")) != sign_envelope(b"{}", run.keys.signer(AUTHORITY))
