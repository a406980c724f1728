"""The room of a model: what it may touch, and what it may not, however it asks."""

from __future__ import annotations

import inspect
import os
import stat

import pytest

from dag_factory.globs import matches
from dag_factory.runners import room as rooms
from dag_factory.runners.room import Room

OUTSIDE = "not for you"


@pytest.fixture
def room(tmp_path):
    """A workspace with a few files, inputs, and a file outside that nobody may see or change."""
    for name in ("workspace/src/deep", "workspace/.git/hooks", "inputs/foundation/architect", "evidence"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "workspace/src/a.py").write_text("x = 1\ny = 2\n")
    (tmp_path / "workspace/README.md").write_text("Read me.\n")
    (tmp_path / "workspace/.git/config").write_text("[core]\n")
    (tmp_path / "inputs/foundation/architect/UX.md").write_text("flows\n")
    (tmp_path / "task.json").write_text("{}")
    (tmp_path / "outside").write_text(OUTSIDE)
    return Room(
        tmp_path / "workspace", tmp_path / "inputs", tmp_path / "evidence", tmp_path / "task.json", ("src/**", "docs/"), ("report.md",)
    )


def test_what_there_is(room):
    assert room.list_files() == "README.md  9\nsrc/a.py  12"
    assert room.list_files("src") == "a.py  12"
    assert room.list_files("src/deep") == "There are no files."
    assert room.list_files("$PHASEGATE_INPUTS") == "foundation/architect/UX.md  6"
    assert room.list_files(str(room.inputs / "foundation")) == "architect/UX.md  6"


def test_a_name_that_is_no_text_is_told_so_that_a_model_can_be_given_it(room):
    (room.workspace / os.fsdecode(b"caf\xe9.md")).write_text("Read me, too.\n")
    assert room.list_files() == "README.md  9\ncaf\\xe9.md  14\nsrc/a.py  12"
    assert room.search_files("Read me") == "README.md:1: Read me.\ncaf\\xe9.md:1: Read me, too."
    (room.workspace / "caf\xe9.txt").write_text("")
    assert "\ncaf\xe9.txt  0\n" in room.list_files()


def test_reading(room):
    assert room.read_file("src/a.py") == "x = 1\ny = 2\n"
    assert room.read_file("./src//a.py") == "x = 1\ny = 2\n"
    assert room.read_file(str(room.workspace / "src/a.py"), first_line=2) == "y = 2\n"
    assert room.read_file("src/a.py", lines=1) == "x = 1\n\n[it goes on at line 2]"
    assert room.read_file("src/a.py", first_line=9) == "[it has 2 lines]"
    assert room.read_file("$PHASEGATE_TASK") == "{}"
    assert room.read_file("$PHASEGATE_INPUTS/foundation/architect/UX.md") == "flows\n"
    assert room.read_file(str(room.task_file)) == "{}"
    (room.workspace / "picture").write_bytes(b"\x89PNG\0\0")
    assert room.read_file("picture") == "picture is no text: 6 bytes."


def test_searching(room):
    (room.workspace / "picture").write_bytes(b"\xff\0y =")
    assert room.search_files("y =") == "picture:1: \ufffd\x00y =\nsrc/a.py:2: y = 2"
    assert room.search_files("y =", "docs").startswith("REFUSED")
    assert room.search_files("[core]") == "No line contains it."
    assert room.search_files("") == "REFUSED: there is nothing to look for."


def test_changing(room):
    tool = room.workspace / "src/tool"
    tool.write_text("old")
    tool.chmod(0o755)
    assert room.write_file("src/tool", "new") == "Wrote src/tool, 3 bytes."
    assert (tool.read_text(), stat.S_IMODE(tool.stat().st_mode)) == ("new", 0o755)
    assert room.write_file("src/new/b.py", "") == "Wrote src/new/b.py, 0 bytes."
    assert room.edit_file("src/a.py", "x = 1", "x = 3") == "Wrote src/a.py, 12 bytes."
    assert (room.workspace / "src/a.py").read_text() == "x = 3\ny = 2\n"
    assert "is 0 times" in room.edit_file("src/a.py", "z", "q")
    assert "is 2 times" in room.edit_file("src/a.py", " = ", "")
    assert "is 0 times" in room.edit_file("src/a.py", "", "q")
    assert room.delete_file("src/a.py") == "Deleted src/a.py."
    assert not (room.workspace / "src/a.py").exists()
    assert room.write_report("report.md", "good") == "Wrote report.md, 4 bytes."
    assert room.write_report(str(room.evidence / "report.md"), "better") == "Wrote report.md, 6 bytes."
    assert (room.evidence / "report.md").read_text() == "better"
    assert room.read_file("$PHASEGATE_EVIDENCE/report.md") == "better"


HOSTILE = [
    "../outside", "src/../../outside", "/etc/passwd", "..", "src/..", "\0", "src/a\0b", "src/a\nb", "~/x", "/", "", ".", "src", "$HOME/x",
    ".git/config", ".GIT/config", ".git /config", "src/.git/hooks/pre-commit", "../inputs/foundation/architect/UX.md", "//etc/passwd",
    "$PHASEGATE_INPUTS/../outside", "$PHASEGATE_TASK/x", "/proc/self/environ", "a/" * 3000, "x" * 300,
    "src/a\ud83d.py", "\udcff",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_no_path_leads_out(room, tmp_path, path):
    before = {one: one.stat().st_mtime_ns for one in tmp_path.rglob("*") if one.is_file()}
    hostile = str(tmp_path / "outside") if path == "/etc/passwd" else path
    for answer in (
        room.read_file(hostile), room.write_file(hostile, "x"), room.edit_file(hostile, "n", "x"), room.delete_file(hostile),
        room.write_report(hostile, "x"),
    ):  # fmt: skip
        assert answer.startswith("REFUSED"), answer
        assert OUTSIDE not in answer
    assert OUTSIDE not in room.list_files(hostile) + room.search_files(OUTSIDE, hostile)
    assert {one: one.stat().st_mtime_ns for one in tmp_path.rglob("*") if one.is_file()} == before


@pytest.mark.parametrize("where", ["src/link", "src/folder/outside", "src/out/x"])
def test_no_link_leads_out(room, tmp_path, where):
    (room.workspace / "src/link").symlink_to(tmp_path / "outside")
    (room.workspace / "src/folder").symlink_to(tmp_path)
    (room.workspace / "src/out").symlink_to("../../evidence")
    for answer in (room.read_file(where), room.write_file(where, "x"), room.edit_file(where, "not", "x"), room.list_files(where)):
        assert answer.startswith("REFUSED"), answer
    assert room.search_files("not for") == "No line contains it."
    assert "src/link  a link, not followed" in room.list_files()
    assert (tmp_path / "outside").read_text() == OUTSIDE
    assert not (room.evidence / "x").exists()
    assert room.delete_file("src/link") == "Deleted src/link."
    assert (tmp_path / "outside").exists()


def test_a_second_name_of_a_file_outside_is_not_written_through(room, tmp_path):
    os.link(tmp_path / "outside", room.workspace / "src/same")
    assert room.write_file("src/same", "mine").startswith("Wrote")
    assert (tmp_path / "outside").read_text() == OUTSIDE


def test_what_is_no_file_is_not_waited_for(room):
    os.mkfifo(room.workspace / "src/pipe")
    for answer in (room.read_file("src/pipe"), room.write_file("src/pipe", "x"), room.edit_file("src/pipe", "a", "b")):
        assert answer == "REFUSED: src/pipe is no plain file."
    assert "pipe" not in room.list_files()


@pytest.mark.parametrize("path", ["README.md", "src", "source/x", "Src/x", "inputs/x"])
def test_only_what_may_be_written(room, path):
    assert not matches(path, room.writes)
    assert room.write_file(path, "x") == f"REFUSED: you may change only src/**, docs/; {path} is not among it."


def test_inputs_are_only_read(room):
    path = str(room.inputs / "foundation/architect/UX.md")
    for answer in (room.write_file(path, "x"), room.edit_file(path, "flows", "x"), room.delete_file(path)):
        assert "is not in the workspace" in answer
    assert room.write_report("other.md", "x") == "REFUSED: no report of that name is owed, but report.md."


def test_what_is_too_much(room, monkeypatch):
    assert room.write_file("src/big", "x" * 1_000_001) == "REFUSED: 1000001 bytes are too many: 1000000 are allowed."
    assert room.write_file("src/bad", "\ud800") == "REFUSED: the content is no text."
    monkeypatch.setattr(rooms, "_ENTRIES", 2)
    monkeypatch.setattr(rooms, "_HITS", 2)
    for number in range(3):
        assert room.write_file(f"src/n/{number}", "same\n").startswith("Wrote")
    assert room.list_files("src/n") == "0  5\n1  5\n[more than 2 files; list a folder below]"
    assert room.search_files("same").endswith("[more than 2 lines; look for something rarer]")
    (room.workspace / "long").write_text("y" * 200_000)
    assert len(room.read_file("long")) < 140_000
    room._left = 4
    assert room.write_file("src/last", "12345").startswith("REFUSED")


def test_who_may_write_nothing_has_no_tool_to_write(room):
    names = [tool.__name__ for tool in Room(room.workspace, room.inputs, room.evidence, room.task_file).tools()]
    assert names == ["list_files", "read_file", "search_files"]
    for tool in room.tools():
        assert inspect.getdoc(tool), "the model reads it"
