"""What a persona could reach does not reach its checks; what another DagRun left does not reach this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dag_factory.errors import SpecError

DOCTOR = 'echo doctored > "$PHASEGATE_TASK"'
DOCTOR_INPUTS = 'chmod -R u+w "$PHASEGATE_INPUTS"; echo doctored > "$PHASEGATE_INPUTS/first/write/notes/note.md"'
CHECK = 'cp "$PHASEGATE_INPUTS/first/write/notes/note.md" "$PHASEGATE_EVIDENCE/read.txt"; ! grep -q doctored "$PHASEGATE_TASK" "$PHASEGATE_EVIDENCE/read.txt"'


@pytest.fixture
def passed(small):
    """A house whose first phase is done and passed."""
    house = small()
    house.run("kickoff", "first.write")
    house.close("first")
    assert house.word("first") == "PASSED"
    return house


def test_half_a_character_among_the_params_of_a_run_keeps_nobody_from_work(small):
    house = small(binding="command: 'mkdir -p notes && cp \"$PHASEGATE_TASK\" notes/note.md'")
    house.params = {"who": "half of \ud83d"}
    house.run("kickoff", "first.write")
    assert house.failures == {}
    assert b'"who": "half of ?"' in house.store.blob(house.record.newest("first/write").says.evidence[0].digest)


def test_checks_are_given_inputs_and_a_task_file_of_their_own(small):
    house = small()
    path = house.specs / "workflow.yaml"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("  reader: {command"))
    house.write(text.replace(line, f"  reader: {{command: '{DOCTOR}', verify: '{CHECK}'}}"))
    house.run("kickoff", "first.write")
    house.close("first")
    house.run("second.read")
    house.close("second")
    assert house.failures == {}
    assert house.word("second") == "PASSED"
    [entry] = house.record.newest("second/read").says.evidence
    assert b"doctored" not in house.store.blob(entry.digest)


def test_inputs_that_a_persona_doctored_are_named_and_no_check_runs(small):
    house = small()
    path = house.specs / "workflow.yaml"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("  reader: {command"))
    house.write(text.replace(line, f"  reader: {{command: '{DOCTOR_INPUTS}', verify: '{CHECK}'}}"))
    house.run("kickoff", "first.write")
    house.close("first")
    house.run("second.read")
    house.close("second")
    [text] = [finding.text for finding in house.findings("second") if finding.rule == "workspace-elsewhere"]
    assert "first/write/notes/note.md (changed)" in text
    assert house.record.newest("second/read").says.checks == ()


def test_a_kickoff_marked_by_hand_after_the_run_was_deleted_opens_nothing(passed):
    passed.xcoms.clear()  # they die with the DagRun; the store stays
    passed.run("second.read", "complete")
    for task in ("second.read", "complete"):
        assert "is not the one that `kickoff` of this DagRun wrote" in passed.failures[task]
    assert passed.record.newest("second/read") is None


def test_a_charter_taken_away_does_not_bring_the_older_one_back(passed):
    passed.run("kickoff")
    newest = sorted((Path(passed.store.path) / "charters").iterdir())[-1]
    newest.unlink()
    passed.run("second.read")
    assert "is not the one that `kickoff` of this DagRun wrote" in passed.failures["second.read"]


@pytest.mark.parametrize("name", ["check", "verify"])
def test_the_names_of_a_bindings_own_commands_are_taken(small, name):
    house = small()
    path = house.specs / "workflow.yaml"
    house.write(path.read_text(encoding="utf-8").replace("mission:", f"checks: {{{name}: 'false'}}\nmission:", 1))
    with pytest.raises(SpecError, match="name-reserved"):
        house.dag()
