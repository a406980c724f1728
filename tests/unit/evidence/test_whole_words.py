"""What an auditor asks of the words of a run: that none says more than it may, none two things, and none is of another run."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import pytest
from support import auditing
from support.auditing import completed, finished, told
from support.cycles import Cycle, decide, failing, given
from support.runs import HonestRun, copied, honest, place, resign
from upath import UPath

from dag_factory.errors import StoreError
from dag_factory.evidence.archive import ArchiveStore, sorted_lines
from dag_factory.evidence.bundle import bundle_of
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import RunStore, Store
from dag_factory.evidence.whole import unwhole


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def run(made, tmp_path):
    return copied(made, tmp_path)


def texts(run, subject):
    return [finding.text for finding in unwhole(run.store, run.record) if finding.subject == subject]


def rewritten(run, folder, change, number=1):
    """Sign a statement of Phasegate's own again, after a change of its predicate."""
    resign(run, place(run, folder, number), lambda said: change(said["predicate"]), signer=AUTHORITY)


# What says more than it may.


@pytest.mark.parametrize(("said", "right"), [("local", True), ("pinned", False), ("isolated", False)])
def test_a_charter_says_of_its_keys_what_the_plan_gives_them(tmp_path, said, right):
    run = HonestRun(tmp_path)
    run.kickoff(assurance=said)
    assert told(run) == ([] if right else [("assurance-too-low", "charter")])
    assert texts(run, "charter") == ([] if right else [f"The charter says that the keys of the run are {said}, and they are local."])


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["phasegate"].update(assurance="pinned"),
        lambda said: said.update(verifiedLevels=["PHASEGATE_KEYS_ISOLATED"]),
        lambda said: said.update(verifiedLevels=["PHASEGATE_ASSURANCE_PINNED"], phasegate=said["phasegate"] | {"assurance": "pinned"}),
    ],
    ids=["in our words", "in the words of SLSA", "in both"],
)
def test_a_verdict_says_of_its_keys_what_the_plan_gives_them_in_both_its_words(run, change):
    rewritten(run, "verdicts/integration", change)
    assert ("assurance-too-low", "integration") in told(run)


# What says two things.


@pytest.mark.parametrize(
    ("name", "value", "told_as"),
    [
        ("verifier", {"id": "urn:someone:else"}, "verifier"),
        ("resourceUri", "urn:else", "resource_uri"),
        ("policy", {"uri": "urn:x"}, "policy"),
    ],
)
def test_a_verdict_is_of_the_run_that_its_binding_names(run, name, value, told_as):
    def other(said):
        said[name] = said[name] | value if isinstance(value, dict) else value

    rewritten(run, "verdicts/integration", other)
    assert ("statement-invalid", "integration/verdict") in told(run)
    assert texts(run, "integration/verdict") == [f"Verdict 0001.json is told to be of another {told_as} than its binding says."]


def test_a_charter_is_of_the_workflow_that_its_plan_is_of(tmp_path):
    run = HonestRun(tmp_path)
    run.kickoff(workflow="another")
    assert told(run) == [("statement-misbound", "charter")]
    assert texts(run, "charter") == [f"The charter is of the workflow another, and the plan that it froze of {run.plan.workflow}."]


def test_the_last_word_is_what_the_verdicts_say(run):
    rewritten(run, "completions", lambda said: said.update(word="PASSED_WITH_WAIVER"))
    assert told(run) == [("statement-invalid", "complete")]
    assert "PASSED_WITH_WAIVER, and the verdicts that it rests on say otherwise" in texts(run, "complete")[0]


@pytest.fixture
def waived(tmp_path):
    return auditing.waived(tmp_path)


def test_the_last_word_of_a_run_with_a_waiver_says_so(waived):
    assert told(waived) == []
    rewritten(waived, "completions", lambda said: said.update(word="PASSED"))
    assert told(waived) == [("statement-invalid", "complete")]


@pytest.mark.parametrize("word", ["PASSED", "PASSED_WITH_WAIVER"])
def test_of_a_last_word_that_rests_on_what_is_not_here_nothing_else_is_said(waived, word):
    rewritten(waived, "completions", lambda said: said.update(word=word))
    place(waived, "verdicts/validation", 2).unlink()
    gone = [text for text in texts(waived, "complete") if "not here" in text]
    assert texts(waived, "complete") == gone != []


def test_what_is_not_here_is_named_by_the_beginning_of_its_digest(run):
    run.deliver("foundation/ux-designer")
    run.converge("foundation")
    run.answer("foundation")
    first = run.record.verdicts["foundation"][0].digest
    place(run, "verdicts/foundation").unlink()
    assert texts(run, "foundation") == [f"Verdict 0002.json follows {first[:12]}, which is not here."]
    assert texts(run, "complete") == [f"The last word 0001.json rests on verdicts that are not here: {first[:12]}."]


@pytest.mark.parametrize(
    ("folder", "number"),
    [("statements/validation/test-engineer", 2), ("statements/validation/documentation-writer", 1), ("waivers/validation", 1)],
)
def test_an_older_verdict_rests_on_what_is_here_too(waived, folder, number):
    """Of the newest the gates ask it."""
    waived.deliver("validation/documentation-writer")
    waived.converge("validation")
    assert waived.answer("validation").word == "PASSED_WITH_WAIVER"
    assert texts(waived, "validation") == []
    gone = place(waived, folder, number)
    digest = hashlib.sha256(gone.read_bytes()).hexdigest()
    gone.unlink()
    *_, found = unwhole(waived.store, waived.record)
    assert (found.rule, found.subject) == ("verdict-missing", "validation")
    assert found.text == f"Verdict 0002.json rests on what is not here: {digest[:12]}."


def test_what_an_older_verdict_rests_on_by_another_digest_is_not_here(waived):
    more = {"uri": "urn:else", "digest": {"sha512": "a" * 128}}
    rewritten(waived, "verdicts/validation", lambda said: said["inputAttestations"].append(more))
    assert ("verdict-missing", "validation") in told(waived)
    assert "Verdict 0001.json rests on what is not here: urn:else." in texts(waived, "validation")


def test_a_run_that_set_nothing_aside_rests_on_no_entry(tmp_path):
    run = honest(tmp_path, through="integration")
    completed(run)
    assert run.record.completions[-1].says.ledger is None
    assert told(run) == []


# What is of another run.


@pytest.fixture
def mended(tmp_path):
    """A run with everything in it that lies under a charter."""
    run = failing(honest(tmp_path, worked="validation"))
    decide(run, "validation", "cycle")
    given(run, "validation")
    Cycle(run, "validation").mended().judged().answer()
    run.work("integration")
    run.answer("integration")
    completed(run)
    return run


@pytest.mark.parametrize(
    ("folder", "where", "signer"),
    [
        ("statements/foundation/architect", "foundation/architect", "architect"),
        ("statements/foundation/converge", "foundation/converge", AUTHORITY),
        ("triages/validation", "validation/triage", AUTHORITY),
        ("decisions/validation", "validation/decision", AUTHORITY),
        ("waivers/validation", "validation/waiver", AUTHORITY),
        ("completions", "complete", AUTHORITY),
    ],
)
@pytest.mark.parametrize("name", ["charter", "plan", "dagId", "runId"])
def test_everything_under_a_charter_is_of_its_run(mended, folder, where, signer, name):
    before = told(mended)

    def other(said):
        said["predicate"]["binding"][name] = "e" * len(said["predicate"]["binding"][name])
        if name == "charter":  # which is what these are about; elsewhere they are about files
            said["subject"] = [one | {"digest": {"sha256": "e" * 64}} if one["name"] == "charter" else one for one in said["subject"]]

    resign(mended, place(mended, folder), other, signer=signer)
    assert [one for one in told(mended) if one not in before] == [("statement-misbound", where)]
    assert texts(mended, where)[-1] == f"{where} 0001.json is of another charter, plan, DAG or run."


def test_a_verdict_is_of_its_run(mended):
    rewritten(mended, "verdicts/integration", lambda said: said["phasegate"]["binding"].update(runId="another"))
    assert ("statement-misbound", "integration/verdict") in told(mended)


# Where it lies.


def test_in_an_object_store_files_are_looked_at_too(made):
    root = UPath(f"memory://phasegate-{uuid.uuid4().hex}/evidence")
    for path in sorted((made.tmp_path / "evidence").rglob("*")):
        if path.is_file():
            there = root / path.relative_to(made.tmp_path / "evidence").as_posix()
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(path.read_bytes())
    store = Store(root).run(made.plan.workflow, made.run_id)
    record = read_record(store)
    assert [*unwhole(store, record)] == []
    log = record.newest("foundation/architect").says.log
    store.blob_path(log).write_bytes(b"another log\n")
    assert {finding.rule for finding in unwhole(store, record)} == {"evidence-altered"}


def test_a_file_that_cannot_be_read_is_an_error_and_no_finding(run, monkeypatch):
    real, log = Path.open, run.store.blob_path(run.record.newest("foundation/architect").says.log)

    def refuses(path, *arguments, **more):
        if path == log:
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuses)
    with pytest.raises(StoreError, match="cannot be read: Permission denied"):
        told(run)


def test_a_bundle_says_no_more_than_the_run(run):
    rewritten(run, "completions", lambda said: said.update(word="PASSED_WITH_WAIVER"))
    store = RunStore(ArchiveStore(run.store.path, dict(sorted_lines(bundle_of(run.store, run.record)))), ".")
    assert [finding.rule for finding in unwhole(store, read_record(store))] == ["statement-invalid"]
