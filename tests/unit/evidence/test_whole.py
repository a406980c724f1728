"""What an auditor asks of a run beyond its phases: nothing is missing, nothing left over, and every file is what was hashed."""

from __future__ import annotations

import base64
import json

import pytest
from support.auditing import finished, flip, told
from support.runs import copied, place, resign

from dag_factory.evidence.archive import ArchiveStore, sorted_lines
from dag_factory.evidence.bundle import bundle_of
from dag_factory.evidence.envelope import sign_envelope
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.whole import unwhole

OF_A_TASK = "statements/foundation/architect"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def run(made, tmp_path):
    return copied(made, tmp_path)


def test_an_honest_run_is_whole(run):
    assert told(run) == []


@pytest.mark.parametrize("how", ["altered", "gone", "linked", "a folder"])
def test_every_file_is_what_was_hashed(run, how):
    blob = run.store.blob_path(run.record.newest("foundation/architect").says.log)
    named = {what for _, what in told_files(run, blob.name)}
    if how == "altered":
        flip(blob)
    elif how == "linked":
        blob.rename(run.tmp_path / "elsewhere")
        blob.symlink_to(run.tmp_path / "elsewhere")
    else:
        blob.unlink()
        if how == "a folder":
            blob.mkdir()
    assert told(run) == [("evidence-altered", what) for what in named]


def told_files(run, digest):
    from dag_factory.evidence.bundle import named_by

    return [(found, what) for found, what in named_by(run.record).items() if found == digest]


@pytest.mark.parametrize(("number", "says"), [(1, "0002.json cannot be believed"), (2, "rests on the entry")])
def test_no_entry_of_the_ledger_is_missing(run, number, says):
    place(run, "ledger", number).unlink()
    [finding] = unwhole(run.store, run.record)
    assert (finding.rule, finding.subject) == ("statement-invalid", "ledger")
    assert says in finding.text


def test_an_entry_of_the_ledger_that_was_altered(run):
    flip(place(run, "ledger"), 400)
    assert told(run) == [("statement-invalid", "ledger")]


def test_a_last_word_that_cannot_be_read_is_told_and_a_broken_statement_is_the_gates_to_tell(run):
    place(run, OF_A_TASK, 2).write_bytes(b"{}")
    assert told(run) == []
    place(run, "completions", 2).write_bytes(b"{}")
    [finding] = unwhole(run.store, run.record)
    assert (finding.rule, finding.subject) == ("statement-invalid", "complete")
    assert finding.text.startswith("0002.json: ")


def test_a_verdict_may_follow_one_that_is_here(run):
    run.deliver("foundation/ux-designer")
    run.converge("foundation")
    run.answer("foundation")
    assert told(run) == []
    place(run, "verdicts/foundation").unlink()
    assert set(told(run)) == {("verdict-missing", "foundation"), ("verdict-missing", "complete")}


def test_no_verdict_says_more_of_its_keys_than_the_plan(run):
    resign(
        run, place(run, "verdicts/integration"), lambda said: said["predicate"]["phasegate"].update(assurance="isolated"), signer=AUTHORITY
    )
    [finding, *_] = unwhole(run.store, run.record)
    assert {(found.rule, found.subject) for found in unwhole(run.store, run.record)} == {
        ("assurance-too-low", "integration"),
        ("verdict-missing", "complete"),
    }
    assert finding.text


def archived(run, *more):
    """The run as an archive, with more lines at its end."""
    store = RunStore(ArchiveStore(run.store.path, dict(sorted_lines(bundle_of(run.store, run.record) + b"".join(more)))), ".")
    return [(finding.rule, finding.subject, finding.text) for finding in unwhole(store, read_record(store))]


def line(run, predicate_type, **bound):
    binding = run.record.newest("foundation/architect").says.binding.model_dump(by_alias=True) | bound
    said = {"predicateType": predicate_type, "predicate": {"binding": binding}}
    return sign_envelope(json.dumps(said).encode(), run.keys.signer(AUTHORITY))


def test_an_archive_has_no_line_that_nobody_asked_for(run):
    assert archived(run) == []
    [one] = archived(run, b"nonsense\n")
    assert one == ("statement-invalid", "bundle", "Line 0001.json is no envelope of any known kind.")
    [one] = archived(run, line(run, "urn:phasegate:predicate:task:v1", task="nobody"))
    assert one == ("statement-invalid", "bundle", "1 lines belong to no task and no phase of the plan.")
    found = archived(run, line(run, "urn:phasegate:predicate:task:v1", task="nobody"), base64.b64encode(b"x") + b"\n")
    assert [text for *_, text in found] == [
        "Line 0001.json is no envelope of any known kind.",
        "1 lines belong to no task and no phase of the plan.",
    ]


def test_a_broken_line_that_belongs_somewhere_is_told_where_it_belongs(run):
    assert archived(run, line(run, "urn:phasegate:predicate:task:v1", attempt=2)) == []


def test_a_broken_triage_is_the_gates_to_tell_and_a_broken_last_word_is_told_once(run):
    assert archived(run, line(run, "urn:phasegate:predicate:triage:v1")) == []
    assert [subject for _, subject, _ in archived(run, line(run, "urn:phasegate:predicate:completion:v1"))] == ["complete"]


def test_the_plan_to_be_read_is_the_one_that_was_frozen(run):
    (run.store.path / "plan.json").write_bytes(run.plan.canonical)
    assert archived(run) == []
    (run.store.path / "plan.json").write_bytes(run.plan.canonical + b"\n")
    assert archived(run) == [("evidence-altered", "plan.json", "It is not the plan that the charter froze.")]
