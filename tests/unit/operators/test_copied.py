"""Without a repository a check runs in a copy of the workspace; what has no copy is a refusal, and never costs the statement."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from dag_factory.operators.copied import copied


def put_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize("put", [os.mkfifo, put_socket], ids=["pipe", "socket"])
def test_what_is_no_file_is_refused_and_nothing_is_copied(tmp_path, monkeypatch, put):
    monkeypatch.chdir(tmp_path)
    Path("from/a").mkdir(parents=True)
    put("from/a/p")
    [refusal] = copied(tmp_path / "from", tmp_path / "to")
    assert (refusal.rule, refusal.path) == ("workspace-special-file", "a/p")
    assert refusal.text.startswith("a/p is no ordinary file")
    assert not (tmp_path / "to").exists()


def test_files_folders_and_links_are_copied(tmp_path):
    (tmp_path / "from/a/.git").mkdir(parents=True)
    (tmp_path / "from/a/x").write_text("x", encoding="utf-8")
    (tmp_path / "from/nowhere").symlink_to("no/such")
    (tmp_path / "to").mkdir()
    assert copied(tmp_path / "from", tmp_path / "to") == []
    assert (tmp_path / "to/a/x").read_text(encoding="utf-8") == "x"
    assert (tmp_path / "to/nowhere").readlink() == Path("no/such")
    assert (tmp_path / "to/a/.git").is_dir()


@pytest.mark.parametrize("parts", [(), (b"x" * 100_000,), (b"x", 5_000_000, b"yy"), (3_000_000, b"x" * 2_000_000), (b"x", 5_000_000)])
def test_a_hole_stays_one(tmp_path, parts):
    """A file that is all hole takes no room, and would fill the disk if it were copied byte for byte."""
    (tmp_path / "from").mkdir()
    with (tmp_path / "from/x").open("wb") as file:
        for part in parts:
            file.write(part) if isinstance(part, bytes) else file.seek(part, os.SEEK_CUR)
        file.truncate()
    (tmp_path / "from/x").chmod(0o755)
    with (tmp_path / "from/huge").open("wb") as file:
        file.truncate(1 << 30)
    assert copied(tmp_path / "from", tmp_path / "to") == []
    assert (tmp_path / "to/x").read_bytes() == (tmp_path / "from/x").read_bytes()
    assert (tmp_path / "to/x").stat().st_mode & 0o777 == 0o755
    facts = (tmp_path / "to/huge").stat()
    assert (facts.st_size, facts.st_blocks) == (1 << 30, (tmp_path / "from/huge").stat().st_blocks)


def test_what_lies_too_deep_is_refused(tmp_path):
    (tmp_path / "from" / "/".join("d" * 140)).mkdir(parents=True)
    [refusal] = copied(tmp_path / "from", tmp_path / "to")
    assert refusal.rule == "workspace-unreadable"


@pytest.mark.parametrize("put", [lambda path: None, lambda path: path.symlink_to("/etc")], ids=["gone", "a link"])
def test_a_workspace_that_is_gone_gives_nothing(tmp_path, put):
    put(tmp_path / "from")
    assert copied(tmp_path / "from", tmp_path / "to") == []
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("readable", [False, True])
def test_what_cannot_be_read_is_refused_and_a_full_disk_is_not_its_fault(tmp_path, monkeypatch, readable):
    (tmp_path / "from").mkdir()
    (tmp_path / "from/x").write_text("x", encoding="utf-8")

    def fail(source, target, **_):
        raise shutil.Error([(str(source / "x"), str(target / "x"), "[Errno 28] or [Errno 13]")])

    monkeypatch.setattr(shutil, "copytree", fail)
    monkeypatch.setattr(os, "access", lambda path, mode: readable)
    if readable:
        with pytest.raises(shutil.Error):
            copied(tmp_path / "from", tmp_path / "to")
        return
    assert [(one.rule, one.path) for one in copied(tmp_path / "from", tmp_path / "to")] == [("workspace-unreadable", "x")]


@pytest.mark.parametrize("check", [", check: look", ""], ids=["a check", "none"])
def test_a_pipe_in_a_workspace_without_git(small, check):
    more = "checks: {look: {run: 'test -f note.md'}}\n" if check else ""
    house = small("echo a note > note.md; mkfifo p", git=False, evidence=f"path: note.md, kind: file{check}", more=more)
    house.run("kickoff", "first.write")
    house.close("first")
    assert house.record.newest("first/write").says.outcome == "completed"
    assert "workspace-special-file" in {finding.rule for finding in house.findings("first")} or not check
    assert house.word("first") == ("FAILED" if check else "PASSED")
