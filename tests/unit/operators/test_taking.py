"""A persona or a check that takes too much is ended, told as what it was, and found by the gate."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.elsewhere import folder_elsewhere

from dag_factory.runners import warden
from dag_factory.runners.bounds import why_not_offline
from dag_factory.runners.confinement import why_not_kept_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

GREEDY = {
    "disk": ("i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > file$i; sleep 0.01; done", "disk: 20 MB", "of the disk, and 20 MB are allowed"),
    "one-file": ("yes > file", "disk: 20 MB", "File size limit exceeded"),
    "processes": ("while :; do sleep 600 & done", "processes: 30", "processes at once, and 30 are allowed"),
    "memory": (
        f"for i in 1 2 3; do {sys.executable} -c 'import time; held = bytearray(80_000_000); time.sleep(600)' & done; wait",
        "memory: 150 MB", "of memory, and 150 MB are allowed",
    ),
}  # fmt: skip


def left():
    """What runs below this process; git may have a helper that is about to end."""
    return [pid for pid in warden.below(os.getpid()) if (facts := warden.facts(pid)) and facts[0] != 1]


@pytest.mark.parametrize("what", GREEDY)
def test_a_greedy_persona_fails_with_the_reason_and_leaves_nothing_running(small, what):
    command, bound, told = GREEDY[what]
    house = small(binding=f"command: {command!r}, {bound}" if "'" not in command else f'command: "{command}", {bound}')
    house.run("kickoff", "first.write")
    assert told in house.failures["first.write"]
    assert left() == []
    said = house.record.newest("first/write").says
    assert said.outcome == "failed"
    assert told in said.excerpt
    house.close("first")
    assert "task-failed" in {finding.rule for finding in house.findings("first")}


def test_a_greedy_check_is_a_finding_and_the_work_stays(small):
    house = small(
        binding="command: 'mkdir -p notes; echo a note > notes/note.md', verify: 'while :; do sleep 600 & done', processes: 30",
    )
    house.run("kickoff", "first.write")
    assert house.failures == {}
    said = house.record.newest("first/write").says
    [check] = said.checks
    assert (said.outcome, said.sealed is not None, check.exit_code) == ("completed", True, None)
    assert "processes at once, and 30 are allowed" in check.ended
    house.close("first")
    assert {finding.rule for finding in house.findings("first")} == {"check-failed"}


@pytest.mark.skipif(bool(why_not_offline()), reason=f"this machine does not allow it: {why_not_offline()}")
@pytest.mark.parametrize(
    ("binding", "alone", "check"), [("", False, "none"), (", network: false", True, "none"), (", network: true", False, "open")]
)
def test_who_may_reach_the_network(small, binding, alone, check):
    """A network namespace has a number: whose is the worker's, has the worker's network."""
    house = small(
        binding=f"command: 'mkdir -p notes; readlink /proc/self/ns/net | tee notes/note.md', verify: readlink /proc/self/ns/net{binding}"
    )
    house.run("kickoff", "first.write")
    said = house.record.newest("first/write").says
    [ran] = said.checks
    ours = str(Path("/proc/self/ns/net").readlink())
    assert (said.excerpt != ours) is alone
    assert (ran.network, ran.excerpt != ours) == (check, check == "none")
    house.close("first")
    assert house.word("first") == "PASSED"


@pytest.mark.skipif(bool(why_not_kept_in()), reason=f"this machine does not allow it: {why_not_kept_in()}")
@pytest.mark.parametrize("runner", ["command", "verify", "python"])
@pytest.mark.parametrize(
    ("binding", "written"), [("", False), (", outside: [FOLDER/inner]", False), (", outside: [FOLDER]", True), (", outside: true", True)]
)
def test_who_may_write_elsewhere(small, runner, binding, written):
    """What is denied is an error of the program's, whose words are in the statement."""
    with folder_elsewhere() as folder:
        script = f"mkdir -p notes; echo a note > notes/note.md; echo x > {folder}/new || exit 3"
        work = {
            "command": f"command: '{script}'",
            "verify": f"command: 'mkdir -p notes; echo a note > notes/note.md', verify: 'echo x > {folder}/new || exit 3'",
            "python": f"command: [python3, -c, \"import os; os.makedirs('notes'); open('notes/note.md', 'w').write('x'); open('{folder}/new', 'w')\"]",
        }[runner]
        house = small(binding=work + binding.replace("FOLDER", str(folder)))
        house.run("kickoff", "first.write")
        assert (folder / "new").exists() is written
        house.close("first")
        assert house.word("first") == ("PASSED" if written else "FAILED")
        said = house.record.newest("first/write").says
        told = said.checks[0].excerpt if runner == "verify" else said.excerpt
        assert {said.kept_in, *(check.kept_in for check in said.checks)} == {"outside: true" not in binding}
        assert (f"{folder}/new" in told and "ermission denied" in told) is not written


@pytest.mark.skipif(bool(why_not_kept_in()), reason=f"this machine does not allow it: {why_not_kept_in()}")
@pytest.mark.parametrize(("binding", "read"), [("", False), (", outside: true", True)])
def test_the_key_folder_is_not_read(small, monkeypatch, binding, read):
    with folder_elsewhere() as folder:
        monkeypatch.setattr("dag_factory.operators.given.hidden_places", lambda: (folder / "inner",))
        (folder / "inner" / "qa.pem").write_text("PRIVATE")
        house = small(
            binding=f"command: 'mkdir -p notes; echo a note > notes/note.md; cat {folder}/kept {folder}/inner/*; exit 0'{binding}"
        )
        house.run("kickoff", "first.write")
        said = house.record.newest("first/write").says
        assert "as it was" in said.excerpt
        assert ("PRIVATE" in said.excerpt) is read
