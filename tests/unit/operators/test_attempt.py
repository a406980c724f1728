"""What happens to a run between its tasks: evidence altered, verdicts removed, work done again, the plan changed. What comes after refuses."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException


@pytest.fixture
def passed(small):
    """A house whose first phase is done and passed."""
    house = small()
    house.run("kickoff", "first.write")
    house.close("first")
    assert house.word("first") == "PASSED"
    return house


def refusal(house, task="second.read"):
    house.run(task)
    assert type(house.errors[task]) is AirflowFailException
    return house.failures[task]


def blob(house, digest):
    path = Path(house.store.blob_path(digest))
    path.chmod(0o600)
    return path


def verdicts(house):
    return sorted((Path(house.store.path) / house.record.charter.digest[:16] / "verdicts" / "first").iterdir())


NOT_OPEN = "Phase second is not open: "


def test_a_phase_does_not_begin_before_the_gate(small):
    house = small()
    house.run("kickoff", "first.write", "first.converge")
    says = refusal(house)
    assert says.startswith(f"{NOT_OPEN}Phase First has no signed verdict under the newest charter; a gate marked by hand opens nothing.")
    assert says.endswith("Clear the gate of the phase it names, with what comes after it: it judges again, and signs.")
    house.close("second")
    assert house.failures["second.converge"].startswith(NOT_OPEN)
    assert {finding.rule for finding in house.findings("second")} >= {"phase-not-open", "statement-missing"}


def test_a_verdict_that_is_removed_opens_nothing(passed):
    for path in verdicts(passed):
        path.unlink()
    assert refusal(passed).startswith(f"{NOT_OPEN}Phase First has no signed verdict")


def test_a_verdict_that_is_altered_opens_nothing(passed):
    [path] = verdicts(passed)
    envelope = json.loads(path.read_text(encoding="utf-8"))
    envelope["signatures"][0]["sig"] = "A" * 86 + "=="
    path.chmod(0o600)
    path.write_text(json.dumps(envelope), encoding="utf-8")
    assert refusal(passed).startswith(NOT_OPEN)


def test_evidence_that_is_altered_is_not_handed_on(passed):
    [entry] = passed.record.newest("first/write").says.evidence
    blob(passed, entry.digest).write_bytes(b"another note\n")
    says = refusal(passed)
    assert says.startswith("The evidence notes/note.md of first/write is missing or was altered.")
    assert passed.record.newest("second/read") is None
    passed.run("first.gate")
    assert passed.word("first") == "FAILED"
    assert {finding.rule for finding in passed.findings("first")} == {"evidence-altered"}


def test_evidence_that_is_gone_is_not_handed_on(passed):
    [entry] = passed.record.newest("first/write").says.evidence
    blob(passed, entry.digest).unlink()
    assert refusal(passed).startswith("The evidence notes/note.md of first/write is missing or was altered.")


def test_merged_work_that_is_altered_is_not_built_upon(passed):
    bundle = passed.record.converged("first").says.sealed.bundle
    blob(passed, bundle).write_bytes(b"# v2 git bundle\n")
    assert refusal(passed).startswith(f"The sealed work {bundle[:12]} in ")


def test_work_that_is_done_again_needs_its_gate_again(passed):
    passed.run("first.write")
    assert passed.failures == {}
    assert refusal(passed).startswith(
        f"{NOT_OPEN}Work of phase First was done again, or taken away, after its verdict; its gate must be asked again."
    )
    passed.run("first.gate")
    assert passed.word("first") == "PASSED", "the same work again is the same commit, which is in the merge"
    passed.run("second.read")
    assert passed.failures == {}


def test_other_work_needs_the_merge_again(small):
    house = small('mkdir -p notes && date +%N > notes/note.md && echo "$PHASEGATE_TASK" >> notes/note.md')
    house.run("kickoff", "first.write")
    house.close("first")
    house.run("first.write", "first.gate")
    assert [finding.rule for finding in house.findings("first")] == ["merge-missing"]
    assert "the merge must be made again" in house.findings("first")[0].text
    house.close("first")
    assert house.word("first") == "PASSED"


def test_what_is_put_beside_and_taken_away_again_changes_nothing(passed):
    passed.run("first.write")
    sorted((Path(passed.store.path) / passed.record.charter.digest[:16] / "statements/first/write").iterdir())[-1].unlink()
    passed.run("second.read")
    assert passed.failures == {}, "it had no part in the verdict"


def test_a_statement_that_is_taken_away_closes_the_phase_again(passed):
    for path in sorted((Path(passed.store.path) / passed.record.charter.digest[:16] / "statements/first/write").iterdir()):
        path.unlink()
    assert refusal(passed).startswith(f"{NOT_OPEN}Work of phase First was done again, or taken away")


def test_a_plan_that_is_changed_in_mid_run(passed):
    path = passed.specs / "workflow.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("does: Write a note.", "does: Write another note."), encoding="utf-8")
    for task in ("first.write", "first.converge", "first.gate", "second.read", "second.gate", "complete"):
        says = refusal(passed, task)
        assert says.startswith("The workflow was changed in mid-run: the charter froze plan ")
        assert says.endswith("Start a new run, or clear `kickoff` to begin this one again with the changed plan.")
    assert len(passed.record.statements["first/write"]) == 1


def test_what_people_see_may_be_changed_in_mid_run(passed):
    path = passed.specs / "workflow.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "docs: Now with a text\ntags: [new]\nowner: somebody\n", encoding="utf-8")
    passed.run("second.read")
    assert passed.failures == {}


def test_a_run_that_never_began(small):
    house = small()
    house.run("first.write", "first.converge", "first.gate", "complete")
    assert house.failures["complete"].startswith("MISSION FAILED: `kickoff` wrote no charter, so no phase has begun")
    for task in ("first.write", "first.converge", "first.gate"):
        assert house.failures[task].startswith(f"The run manual__1 has no charter in {house.root}/evidence_root/small/manual__1.")
        assert house.failures[task].endswith("Clear the task `kickoff`: it writes one.")


def test_a_charter_of_another_run_is_not_believed(passed):
    from dag_factory.evidence.store import Store

    other = Store(passed.root / "evidence_root").run("small", "manual__2")
    name = passed.store.names("charters")[0]
    other.create(f"charters/{name}", passed.store.read(f"charters/{name}"))
    other.put_bytes(passed.store.blob(passed.record.charter.says.plan))
    passed.run_id = "manual__2"
    assert "is of another run. Start a new run." in refusal(passed, "first.write")


@pytest.mark.parametrize(
    ("reference", "where"),
    [
        ("{env: NO_SUCH_THING}", "environment variable 'NO_SUCH_THING'"),
        ("{var: no_such_thing}", "Airflow variable 'no_such_thing'"),
        ("{conn: no_such_thing}", "Airflow connection 'no_such_thing'"),
    ],
)
def test_a_reference_to_what_is_not_there(small, reference, where):
    house = small(binding=f"command: 'true', env: {{TOKEN: {reference}}}")
    house.run("kickoff")
    assert refusal(house, "first.write").startswith(f"There is no {where} on this worker. Set it, or correct the reference in the spec.")
    house.close("first")
    assert [finding.rule for finding in house.findings("first")] == ["statement-missing"]


def test_references_are_looked_up_and_never_kept(small, monkeypatch):
    monkeypatch.setenv("SECRET_IN_ENV", "tango")
    monkeypatch.setenv("AIRFLOW_VAR_SECRET", "foxtrot")
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps({"conn_type": "http", "host": "whiskey"}))
    command = 'printf %s "$A $B $C" | sha256sum > "$PHASEGATE_EVIDENCE/note.md"'
    binding = f"command: '{command}', env: {{A: {{env: SECRET_IN_ENV}}, B: {{var: SECRET}}, C: {{conn: db}}}}"
    house = small(binding=binding, evidence="report: note.md, kind: file")
    house.run("kickoff", "first.write")
    assert house.failures == {}
    [entry] = house.record.newest("first/write").says.evidence
    assert house.store.blob(entry.digest).decode().split()[0] == hashlib.sha256(b"tango foxtrot http://whiskey").hexdigest()
    kept = b"".join(path.read_bytes() for path in Path(house.store.path).rglob("*") if path.is_file())
    assert not any(secret in kept for secret in (b"tango", b"foxtrot", b"whiskey"))


def test_a_program_is_told_its_task_and_nothing_of_airflow(small):
    house = small(
        'env > "$PHASEGATE_EVIDENCE/note.md"; cat "$PHASEGATE_TASK" >> "$PHASEGATE_EVIDENCE/note.md"',
        evidence="report: note.md, kind: file",
    )
    house.run("kickoff", "first.write")
    [entry] = house.record.newest("first/write").says.evidence
    text = house.store.blob(entry.digest).decode()
    assert "AIRFLOW" not in text
    assert f"PHASEGATE_SPEC_DIR={house.specs}\n" in text
    told = json.loads(text[text.index("{\n") :])
    assert (told["workflow"], told["phase"], told["task"], told["persona"], told["attempt"]) == ("small", "first", "write", "writer", 1)
    assert (told["does"], told["instructions"], told["findings"], told["merged"]) == ("Write a note.", "Write.", [], [])
    assert told["evidence"] == [
        {"id": "note", "kind": "file", "report": "note.md", "at": "seal", "expect": {}, "needs": "observed", "answers": {}}
    ]


def test_inputs_are_read_only_and_hold_what_was_collected(small):
    house = small()
    path = house.specs / "workflow.yaml"
    out = '"$PHASEGATE_EVIDENCE/read.txt"'
    spoil = f'd="$PHASEGATE_INPUTS"/first/write/notes; stat -c %a "$d" "$d/note.md" > {out}; cat "$d/note.md" >> {out}'
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('cp "$PHASEGATE_INPUTS"/first/write/notes/note.md "$PHASEGATE_EVIDENCE/read.txt"', spoil), encoding="utf-8"
    )
    house.run("kickoff", "first.write")
    house.close("first")
    house.run("second.read")
    assert house.failures == {}
    [entry] = house.record.newest("second/read").says.evidence
    assert house.store.blob(entry.digest) == b"555\n444\na note\n"
