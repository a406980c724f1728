"""A worker is killed with SIGKILL in the middle of each step: nothing is left running, nothing sealed is lost, nothing finished is done twice."""

from __future__ import annotations

import base64
import json
import signal
import sys
from pathlib import Path

import pytest
from support.house import House
from support.lost import child_of, gone, kill, lost_at, supervised

from dag_factory.runners import warden

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

COUNTED = "mkdir -p notes; echo a note >> notes/note.md; echo x >> {root}/ran; {more}"
"""A persona that says each time that it ran, and adds to what it finds."""

DAEMONS = "(setsid sh -c 'trap \"\" TERM HUP; sleep 600 & sleep 600' &) ; (sleep 600 &); touch {root}/here; sleep 600"

SEALED = ("verifying", "collecting", "attesting")
"""Moments at which the work is sealed, and no statement is stored."""


@pytest.fixture
def lossy(small, tmp_path):
    """Makes the small workflow with a persona that counts, which Airflow tries again twice; `kickoff` is done."""

    def make(more: str = "true") -> House:
        root = tmp_path / "house0"
        command = COUNTED.format(root=root, more=f"test -e {root}/go || {{ {more.format(root=root)}; }}")
        house: House = small(binding=f"command: {json.dumps(command)}, verify: 'true', retries: 2")
        house.run("kickoff")
        return house

    return make


def ran(house):
    return (house.root / "ran").read_text().count("x")


def attempts(house):
    return [(stored.says.binding.attempt, stored.says.outcome) for stored in house.record.statements["first/write"]]


def note_of(house):
    newest = house.record.newest("first/write").says
    [entry] = [entry for entry in newest.evidence if entry.name == "notes/note.md"]
    return house.store.blob(entry.digest)


@pytest.mark.parametrize("moment", ["running", "preparing", "sealing", "bundling", *SEALED])
def test_a_lost_attempt_is_done_once_more_and_only_that_counts(lossy, moment):
    house = lossy(DAEMONS if moment == "running" else "true")
    assert kill(lost_at(house, "first.write", moment)) == {}
    assert attempts(house) == [], "nothing half-done counts"
    before = ran(house) if moment != "preparing" else 0
    (house.root / "go").touch()
    house.run("first.write", again=True)
    assert house.failures == {}
    assert attempts(house) == [(2, "completed")]
    assert ran(house) == before + 1
    assert note_of(house) == (b"a note\na note\n" if moment in SEALED else b"a note\n"), (
        "from the last sealed commit, never from a dirty tree"
    )
    house.close("first")
    assert house.word("first") == "PASSED"


def test_an_attempt_whose_statement_is_stored_is_not_done_again(lossy):
    house = lossy()
    assert kill(lost_at(house, "first.write", "attested")) == {}
    assert attempts(house) == [(1, "completed")]
    house.run("first.write", again=True)
    house.run("first.write", again=True)
    assert house.failures == {}
    assert (attempts(house), ran(house)) == ([(1, "completed")], 1)
    house.close("first")
    assert house.word("first") == "PASSED"


def test_finished_tasks_are_not_done_again_when_another_is_lost(lossy):
    house = lossy()
    house.run("first.write")
    house.close("first")
    assert kill(lost_at(house, "second.read", "collecting")) == {}
    house.run("second.read", again=True)
    house.close("second")
    house.run("complete")
    assert house.failures == {}
    assert (attempts(house), ran(house)) == ([(1, "completed")], 1)
    assert [stored.says.binding.attempt for stored in house.record.statements["second/read"]] == [2]


@pytest.fixture
def breaking(monkeypatch):
    """Has an attempt end before it is signed, as if its worker were lost, but in this process."""

    def lose(house):
        with monkeypatch.context() as patch:
            patch.setattr("dag_factory.operators.attempt.sign", lambda *_: 1 / 0)
            house.run("first.write", again=True)
        assert "division by zero" in house.failures["first.write"]

    return lose


def test_a_worker_lost_twice(lossy, breaking):
    house = lossy()
    assert kill(lost_at(house, "first.write", "sealing")) == {}
    breaking(house)
    house.run("first.write", again=True)
    assert house.failures == {}
    assert (attempts(house), note_of(house)) == ([(3, "completed")], b"a note\na note\n")


def test_what_was_sealed_is_still_the_last_when_the_next_worker_is_lost_before_it_seals(lossy, breaking):
    house = lossy(DAEMONS)
    (house.root / "go").touch()
    breaking(house)
    (house.root / "go").unlink()
    assert kill(lost_at(house, "first.write", "running")) == {}
    (house.root / "go").touch()
    house.run("first.write", again=True)
    assert house.failures == {}
    assert (attempts(house), note_of(house)) == ([(3, "completed")], b"a note\na note\n")


def test_who_clears_a_task_wants_it_done_again(lossy):
    house = lossy()
    house.run("first.write")
    house.run("first.write")
    assert (attempts(house), ran(house)) == ([(1, "completed"), (2, "completed")], 2)
    assert note_of(house) == b"a note\n", "from the beginning"


def test_a_clear_of_what_was_lost_goes_on_with_what_was_sealed(lossy, breaking):
    house = lossy()
    breaking(house)
    house.run("first.write")
    assert note_of(house) == b"a note\na note\n"


def test_what_failed_is_tried_again(lossy):
    house = lossy("exit 3")
    house.run("first.write")
    assert "exit code 3" in house.failures["first.write"]
    (house.root / "go").touch()
    house.run("first.write", again=True)
    assert (attempts(house), house.failures) == ([(1, "failed"), (2, "completed")], {})


@pytest.mark.parametrize(("more", "word"), [("true", "completed"), ("exit 3", "failed")])
def test_the_same_attempt_once_more_tells_what_its_statement_says(lossy, more, word):
    house = lossy(more)
    house.run("first.write")
    house.tries["first.write"] = 0
    house.run("first.write")
    assert (attempts(house), ran(house)) == ([(1, word)], 1)
    assert ("as its statement says" in house.failures.get("first.write", "")) is (word == "failed")


def _edited(note):
    envelope = json.loads(note)
    said = json.loads(base64.b64decode(envelope["payload"]))
    said["predicate"]["binding"]["attempt"] = 1
    said["predicate"]["tree"] = "0" * 40
    return json.dumps({**envelope, "payload": base64.b64encode(json.dumps(said).encode()).decode()}).encode()


@pytest.mark.parametrize("spoil", [lambda note: b"", lambda note: b"{}", lambda note: note[:-40], _edited])
def test_a_note_that_was_tampered_with_counts_for_nothing(lossy, breaking, spoil):
    house = lossy()
    breaking(house)
    [path] = house.store.path.rglob("sealed/**/0001.json")
    path.write_bytes(spoil(path.read_bytes()))
    house.run("first.write", again=True)
    assert (attempts(house), note_of(house)) == ([(2, "completed")], b"a note\n")


def test_a_note_of_another_persona_or_attempt_counts_for_nothing(lossy, breaking, monkeypatch):
    from dag_factory.evidence.keys import KeyFolder

    house = lossy()
    real = KeyFolder.signer
    with monkeypatch.context() as patch:
        patch.setattr(KeyFolder, "signer", lambda self, persona: real(self, "reader" if persona == "writer" else persona))
        breaking(house)
    [path] = house.store.path.rglob("sealed/**/0001.json")
    breaking(house)
    [own] = house.store.path.rglob("sealed/**/0002.json")
    assert b"a note\na note" not in path.read_bytes()
    path.with_name("0003.json").write_bytes(own.read_bytes())
    house.tries["first.write"] = 3
    house.run("first.write", again=True)
    assert (attempts(house), note_of(house)) == ([(4, "completed")], b"a note\n")


# Who is told to end, and who is there no more.


@pytest.mark.parametrize("moment", ["running", "verifying", "attesting"])
def test_a_task_that_is_told_to_end_ends_all_within_four_seconds_and_attests_nothing(lossy, moment):
    """A kill, a clear, a mark and an orderly shutdown of the worker all reach the task's process as SIGTERM."""
    house = lossy(DAEMONS if moment == "running" else "true")
    worker = lost_at(house, "first.write", moment)
    programs = warden.below(worker.pid)
    assert len(programs) > 4 or moment != "running"
    worker.send_signal(signal.SIGTERM)
    assert gone(programs, 4)
    assert worker.wait(60) == 1, "it ended by itself"
    assert attempts(house) == []


def test_a_task_whose_supervisor_is_gone_ends_all_and_attests_nothing(lossy):
    """Airflow's supervisor is killed, and the task's own process lives on: unheard, it must not go on."""
    house = lossy(DAEMONS)
    supervisor = supervised(house, "first.write")
    task = child_of(supervisor.pid)
    below = warden.below(supervisor.pid)
    assert len(below) > 4
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    programs = {pid: began for pid, began in below.items() if pid != task}
    assert gone(programs, 4)
    assert gone({task: below[task]}, 30), "it ended by itself"
    assert attempts(house) == []


def test_what_a_statement_names_is_on_the_disk_before_the_statement(lossy, monkeypatch):
    """So that a machine that loses its power has no statement without its evidence."""
    import os

    from dag_factory.evidence.store import RunStore

    events = []
    real, create = os.fsync, RunStore.create
    monkeypatch.setattr(os, "fsync", lambda handle: (events.append(Path(f"/proc/self/fd/{handle}").readlink().name), real(handle))[1])
    monkeypatch.setattr(RunStore, "create", lambda self, name, data: (events.append(name), create(self, name, data))[1])
    house = lossy()
    house.run("first.write")
    said = house.record.newest("first/write").says
    before = events[: next(index for index, name in enumerate(events) if "/statements/" in name and "/sealed/" not in name)]
    [check] = said.checks
    kept = {said.log, said.sealed.bundle, check.log, *(entry.digest for entry in said.evidence)}
    blobs = {name.rpartition("/")[2] for name in before}
    assert kept <= blobs
