"""Only plain files within a folder become evidence, and none that tells a secret."""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path

import pytest
from support.collecting import ITEMS, SECRET, TASK

from dag_factory.errors import StoreError
from dag_factory.evidence.contract import Item, TaskContract
from dag_factory.evidence.store import Store
from dag_factory.operators.collect import LARGEST, collect, collect_file
from dag_factory.runners.masking import Secrets


@pytest.fixture
def run(tmp_path):
    return Store(tmp_path / "store").run("dag", "run")


@pytest.fixture
def task():
    return TASK


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "folder"
    (made / "notes").mkdir(parents=True)
    (made / "notes" / "note.md").write_text("a note\n", encoding="utf-8")
    return made


def gather(run, task, folder, *, reports=False, grade="observed"):
    return collect(run, task, folder=folder, reports=reports, grade=grade, items=task.items)


def test_a_file_is_collected_by_digest_with_its_grade(run, task, folder):
    [entry], refusals = gather(run, task, folder)
    assert refusals == []
    assert (entry.task, entry.item, entry.name, entry.size, entry.grade) == ("build/one", "note", "notes/note.md", 7, "observed")
    assert run.blob(entry.digest) == b"a note\n"


def test_reports_are_looked_for_where_reports_belong(run, task, folder):
    (folder / "read.txt").write_bytes(b"")
    [entry], _ = gather(run, task, folder, reports=True, grade="re-executed")
    assert (entry.item, entry.size, entry.grade) == ("read", 0, "re-executed")


def test_a_file_that_nobody_would_read_is_not_kept_though_it_is_made_of_holes(run, task, folder):
    os.truncate(folder / "notes" / "note.md", LARGEST + 1)
    entries, [refusal] = gather(run, task, folder)
    assert (entries, refusal.rule, refusal.path) == ([], "workspace-too-large", "notes/note.md")
    assert refusal.text == "notes/note.md has 268,435,457 bytes, and 268,435,456 may be."
    assert not run.path.exists(), "nothing was written"


def test_a_file_that_may_just_be_is_kept(run, task, folder, monkeypatch):
    monkeypatch.setattr("dag_factory.operators.collect.LARGEST", 7)
    [entry], refusals = gather(run, task, folder)
    assert (entry.size, refusals) == (7, [])


def test_what_is_missing_is_for_the_gate_to_say(run, task, folder):
    (folder / "notes" / "note.md").unlink()
    assert gather(run, task, folder) == ([], [])
    assert gather(run, task, folder / "nowhere") == ([], [])


def as_link(path):
    path.symlink_to("/etc/hostname")


def as_own_copy(path):
    (path.parent / "same").write_text("a note\n", encoding="utf-8")
    path.symlink_to("same")


def as_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path is short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


HOSTILE = {
    "link": (as_link, "it is a symbolic link"),
    "link to identical bytes": (as_own_copy, "it is a symbolic link"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "it is a symbolic link"),
    "link to itself": (lambda path: path.symlink_to(path.name), "it is a symbolic link"),
    "pipe": (os.mkfifo, "it is a folder, a pipe or a device"),
    "folder": (Path.mkdir, "Is a directory"),
    "socket": (as_socket, ""),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_what_is_no_plain_file_is_refused_at_once_and_nothing_is_kept(run, task, folder, how):
    make, why = HOSTILE[how]
    path = folder / "notes" / "note.md"
    path.unlink()
    make(path)
    began, open_before = time.monotonic(), open_files()
    entries, [refusal] = gather(run, task, folder)
    assert time.monotonic() - began < 1
    assert open_files() == open_before
    assert entries == []
    assert (refusal.rule, refusal.path) == ("evidence-no-file", "notes/note.md")
    assert refusal.text.startswith(f"notes/note.md is no plain file that can be read: {why}")
    assert run.names("blobs") == []


def test_a_full_store_is_not_the_programs_fault(run, task, folder, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(StoreError, match=r"The evidence store cannot be written at .*: No space left on device"):
        gather(run, task, folder)


@pytest.mark.parametrize("linked", ["notes", "."])
def test_a_file_below_a_linked_folder_is_refused(run, task, folder, linked, tmp_path):
    (folder / linked).rename(tmp_path / "elsewhere")
    (folder / linked if linked != "." else folder).symlink_to(tmp_path / "elsewhere")
    entries, [refusal] = gather(run, task, folder)
    assert entries == []
    assert "symbolic link" in refusal.text


def test_one_refusal_does_not_hide_the_others(run, folder):
    (folder / "bad").symlink_to("notes/note.md")
    items = [Item(id="bad", kind="file", path="bad"), ITEMS[0]]
    task = TaskContract(id="build/one", phase="build", task="one", persona="w", duty="d", runner="command", items=tuple(items))
    entries, refusals = gather(run, task, folder)
    assert ([entry.item for entry in entries], [refusal.path for refusal in refusals]) == (["note"], ["bad"])


@pytest.mark.parametrize("name", ["../secret", "notes/../../secret", "{there}/secret"])
def test_no_name_leads_out_of_the_folder(run, folder, tmp_path, name):
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    with pytest.raises(OSError, match="it leads out of the folder"):
        collect_file(run, "build/one", "note", name.format(there=tmp_path), folder, "observed")
    assert run.names("blobs") == []


@pytest.mark.parametrize("name", ["", "."])
def test_the_folder_itself_is_no_file(run, folder, name):
    with pytest.raises(OSError, match="Is a directory"):
        collect_file(run, "build/one", "note", name, folder, "observed")


@pytest.mark.parametrize("name", ["n\0te", "notes/note.md/below"])
def test_a_name_no_file_can_have_is_missing(run, folder, name):
    assert collect_file(run, "build/one", "note", name, folder, "observed") is None


def test_a_name_that_is_too_long_is_refused(run, folder):
    with pytest.raises(OSError, match="File name too long"):
        collect_file(run, "build/one", "note", "x" * 300, folder, "observed")


@pytest.mark.parametrize("before", [0, (1 << 20) - 5, (1 << 20) + 7])
def test_a_file_that_tells_a_secret_is_not_kept(run, task, folder, before):
    (folder / "notes" / "note.md").write_bytes(b"x" * before + SECRET.encode() + b"\n")
    entries, refusals = collect(
        run, task, folder=folder, reports=False, grade="observed", items=task.items, secrets=Secrets((SECRET,), (SECRET,))
    )
    assert entries == []
    assert [(refusal.rule, refusal.path) for refusal in refusals] == [("secret-in-evidence", "notes/note.md")]
    assert SECRET not in refusals[0].text
    assert not list(run.path.rglob("blobs/??/*"))


@pytest.mark.parametrize("secrets", [Secrets((SECRET,), ()), Secrets(("a note",), ("a note",)), Secrets((SECRET,), (SECRET,))])
def test_what_is_no_secret_or_too_short_or_not_there_is_kept(run, task, folder, secrets):
    [entry], refusals = collect(run, task, folder=folder, reports=False, grade="observed", items=task.items, secrets=secrets)
    assert (run.blob(entry.digest), refusals) == (b"a note\n", [])
