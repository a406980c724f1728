"""What a persona may do wrong: each ends in one clear message, and in a red gate that names the thing."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

WRITTEN = "mkdir -p notes && echo a note > notes/note.md"
OUTSIDE = "workspace-outside-writes first/write:README.md: README.md"
NOTE = "path: notes/note.md, kind: file"
REPORT = "report: note.md, kind: file"


def done(house):
    house.run("kickoff", "first.write")
    house.close("first")
    return house


def told(house):
    """The findings of the first gate, as an author reads them."""
    return [f"{finding.rule} {finding.subject}: {finding.text}" for finding in house.findings("first")]


@pytest.mark.parametrize(
    ("git", "evidence", "command"),
    [
        (True, NOTE, WRITTEN),
        (False, "path: note.md, kind: file", "echo a note > note.md"),
        (False, REPORT, 'echo a note > "$PHASEGATE_EVIDENCE/note.md"'),
        (True, NOTE, f"{WRITTEN}; echo '*' > notes/.gitignore"),
        (True, NOTE, f"{WRITTEN}; git add -A; git -c user.name=x -c user.email=x commit -qm x; rm -rf .git"),
        (True, NOTE, f"{WRITTEN}; rm README.md; git checkout README.md; chmod 400 notes/note.md"),
    ],
    ids=["git", "no git", "report", "ignored by git", "committed and repository removed", "read-only"],
)
def test_what_was_asked_for_is_enough(small, git, evidence, command):
    house = done(small(command, git=git, evidence=evidence))
    assert (house.failures, told(house), house.word("first")) == ({}, [], "PASSED")
    [entry] = house.record.newest("first/write").says.evidence
    assert (house.store.blob(entry.digest), entry.grade) == (b"a note\n", "observed")
    house.run("second.read")
    house.close("second")
    house.run("complete")
    assert house.failures == {}


@pytest.mark.parametrize(
    ("binding", "says"),
    [
        ("command: no-such-program --go", "no-such-program: not found). Install it for the worker"),
        ("command: [no-such-program, --go]", "'no-such-program' is not on the worker's PATH: install it there"),
        ("command: [./missing.sh]", "'./missing.sh' does not exist in the workspace: mend its path."),
        ("command: [./README.md]", "'./README.md' is not executable: run `chmod +x`"),
        ("command: 'echo working; sleep 60', timeout: 1s", "Still running after 1 s; it and everything it had started were ended."),
        ("command: 'echo the disk is full >&2; exit 3'", "the disk is full"),
        ("command: 'kill -9 $$'", "signal 9"),
        ("python: 'nowhere:main'", "nowhere"),
    ],
)
def test_a_program_that_fails_is_attested_as_failed(small, binding, says):
    house = done(small(binding=binding))
    assert type(house.errors["first.write"]) is AirflowException, "so that Airflow retries it"
    assert house.failures["first.write"].startswith("@writer ")
    [finding] = told(house)
    assert finding.startswith("task-failed first/write: @writer failed (")
    assert says in finding
    said = house.record.newest("first/write").says
    assert (said.outcome, said.evidence, said.sealed, said.checks) == ("failed", (), None, ())
    assert list((house.root / "work_root").glob("*/first__write/0001/log.txt")), "what it left is kept, to be looked at"


NO_FILE = "evidence-no-file first/write:note.md: note.md is no plain file that can be read: "
LEFT = [
    ("true", NOTE, "evidence-missing first/write/note: notes/note.md is missing."),
    ("true", REPORT, "evidence-missing first/write/note: note.md is missing."),
    ('rm -rf "$PHASEGATE_EVIDENCE"', REPORT, "evidence-missing first/write/note: note.md is missing."),
    (f"{WRITTEN}; ln -s /etc/passwd notes/link", NOTE, "workspace-symlink first/write:notes/link: notes/link is a symbolic link."),
    (f"{WRITTEN}; mkfifo notes/pipe", NOTE, "workspace-special-file first/write:notes/pipe: notes/pipe is no ordinary file."),
    (f"{WRITTEN}; echo b > README.md", NOTE, f"{OUTSIDE} was modified, and this task may write notes/**."),
    (f"{WRITTEN}; rm README.md", NOTE, f"{OUTSIDE} was deleted, and this task may write notes/**."),
    ('rm -rf "$PWD"', NOTE, "workspace-gone first/write:: The work tree is gone: No such file or directory."),
    ('rm -rf "$PWD"/../*', NOTE, "workspace-gone first/write:: The work tree is gone: No such file or directory."),
    ('ln -s /etc/passwd "$PHASEGATE_EVIDENCE/note.md"', REPORT, f"{NO_FILE}it is a symbolic link."),
    ('mkfifo "$PHASEGATE_EVIDENCE/note.md"', REPORT, f"{NO_FILE}it is a folder, a pipe or a device."),
    ('mkdir "$PHASEGATE_EVIDENCE/note.md"', REPORT, f"{NO_FILE}Is a directory."),
    (
        'mkdir "$PWD"/../else; echo a > "$PWD"/../else/note.md; rm -rf "$PHASEGATE_EVIDENCE"; ln -s "$PWD"/../else "$PHASEGATE_EVIDENCE"',
        REPORT,
        f"{NO_FILE}its folder was replaced by a symbolic link.",
    ),
]


@pytest.mark.parametrize(("command", "evidence", "finding"), LEFT)
def test_what_a_program_leaves_is_looked_at(small, command, evidence, finding):
    house = done(small(command, evidence=evidence))
    assert set(house.failures) == {"first.gate"}, "the gate alone judges"
    assert finding in told(house)
    first = house.findings("first")[0]
    many = "one red flag" if len(told(house)) == 1 else f"{len(told(house))} red flags. The first"
    assert house.failures["first.gate"] == f"First: FAILED, {many}: {first.id}: {first.text}"
    assert house.word("first") == "FAILED"
    said = house.record.newest("first/write").says
    assert said.evidence == ()
    assert said.refusals == () or said.sealed is None or "evidence-no-file" in finding


def test_an_empty_file_is_no_evidence(small):
    house = done(small("mkdir notes; touch notes/note.md"))
    assert told(house) == [
        "evidence-missing first/write/note:notes/note.md: notes/note.md: there is no file, or nothing in it. Deliver it."
    ]


def test_a_workspace_without_git_may_be_gone_or_turned_into_a_link(small):
    for command in ('rm -rf "$PWD"', 'rm -rf "$PWD"; ln -s /etc "$PWD"'):
        house = done(small(command, git=False, evidence="path: passwd, kind: file"))
        assert set(house.failures) == {"first.gate"}
        assert "evidence-missing first/write/note: passwd is missing." in told(house)
        assert house.record.newest("first/write").says.evidence == ()


def test_two_hundred_megabytes_of_output_are_cut_in_the_middle(small):
    house = done(small(f"{WRITTEN}; echo begun; yes 0123456789012345678901234567890123456789 | head -c 200000000; echo ended"))
    assert house.word("first") == "PASSED"
    log = house.store.blob(house.record.newest("first/write").says.log)
    assert len(log) < 11_000_000
    assert log.startswith(b"begun\n")
    assert log.endswith(b"ended\n")


def test_a_check_that_does_nothing_leaves_nothing(small):
    house = done(small(binding="check: 'true'", evidence="report: note.md, kind: file, needs: re-executed"))
    assert told(house) == ["evidence-missing first/write/note: note.md is missing."]


def test_a_check_that_fails_is_green_and_its_gate_is_red(small):
    binding = "check: 'echo a > \"$PHASEGATE_EVIDENCE/note.md\"; echo no good; exit 4'"
    house = done(small(binding=binding, evidence="report: note.md, kind: file, needs: re-executed"))
    assert set(house.failures) == {"first.gate"}
    assert told(house) == ["check-failed first/write/check: The check failed (exit code 4): no good"]


def test_a_skip_is_a_failure(small, monkeypatch):
    house = small()
    house.run("kickoff")

    def skip(self, *rest):
        raise AirflowSkipException("nothing to do")

    monkeypatch.setattr("dag_factory.operators.attempt.Attempt.run", skip)
    house.run("first.write")
    assert type(house.errors["first.write"]) is AirflowFailException
    assert house.failures["first.write"] == "A skip is no answer here: nothing to do"
    assert house.record.newest("first/write") is None


def test_what_is_killed_is_never_attested(small):
    house = small("sleep 60")
    house.run("kickoff")
    dag = house.dag()
    dag.get_task("first.write").on_kill()
    house.run("first.write", dag=dag)
    assert house.failures["first.write"] == "The work was stopped; nothing of it is attested. Clear the task to have it done again."
    assert house.record.newest("first/write") is None


def test_an_attempt_is_attested_once(small, monkeypatch):
    house = done(small())
    house.tries["first.write"] = 0
    monkeypatch.setattr("dag_factory.operators.resuming.finished", lambda *_: None)  # as if two processes worked on one try at once
    house.run("first.write")
    assert house.failures["first.write"] == "Attempt 1 of first/write has a statement already. Clear the task to have it done again."
    assert len(house.record.statements["first/write"]) == 1


def test_a_store_that_is_gone_in_the_middle_takes_no_statement(small, tmp_path):
    paths = tmp_path / "paths"
    house = small(f'read -r from < "{paths}"; mv "$from" "$from.away"; mkdir "$from"; echo A note. > note.md')
    paths.write_text(f"{house.root / 'evidence_root'}\n")
    house.run("kickoff", "first.write")
    assert "The charter that this task began with is gone from" in house.failures["first.write"]
    assert house.failures["first.write"].endswith("nothing is attested here. See that the evidence store is mounted, then clear the task.")
    assert list((house.root / "evidence_root").rglob("*.json")) == []


def test_the_task_s_log_tells_what_was_delivered(small, capsys):
    done(small(WRITTEN, git=True, evidence=NOTE))
    assert "Attempt 1 is in the store: notes/note.md (observed); no checks." in capsys.readouterr().out


def test_the_task_s_log_tells_what_was_refused(small, capsys):
    done(small(f"{WRITTEN}; echo x > README.md", git=True, evidence=NOTE))
    assert "Attempt 1 is in the store: no evidence; no checks; 1 refused." in capsys.readouterr().out
