from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.scan import Item, Tree


def kinds(root: Path) -> dict[bytes, str]:
    with Tree(root) as tree:
        return {item.path: item.kind for item in tree.walk() if item.kind != "folder"}


def test_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_text("12345")
    (tmp_path / "run").write_text("")
    (tmp_path / "run").chmod(0o700)
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder-link").symlink_to("a")
    os.mkfifo(tmp_path / "fifo")
    with Tree(tmp_path) as tree:
        found = set(tree.walk())
    assert Item(b"a/b/file", "file", size=5) in found
    assert Item(b"run", "file", executable=True) in found
    assert {item.path: item.kind for item in found if item.kind != "file"} == {
        b"a": "folder",
        b"a/b": "folder",
        b"link": "symlink",
        b"folder-link": "symlink",
        b"fifo": "special",
    }


@pytest.mark.parametrize("name", [".git", ".GIT", ".Git", ".git.", ".git ", "git~1", "GIT~1", ".git::$INDEX_ALLOCATION"])
def test_repositories_within(name: str, tmp_path: Path) -> None:
    (tmp_path / "sub" / name).mkdir(parents=True)
    (tmp_path / "sub" / name / "config").write_text("")
    assert kinds(tmp_path) == {f"sub/{name}".encode(): "repository"}


def test_the_dot_git_at_the_root_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("")
    (tmp_path / ".gitignore").write_text("")
    assert kinds(tmp_path) == {b".gitignore": "file"}


def test_no_link_is_followed_whenever_it_comes(tmp_path: Path) -> None:
    (tmp_path / "tree/a").mkdir(parents=True)
    (tmp_path / "tree/a/file").write_text("mine")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/file").write_text("secret")
    with Tree(tmp_path / "tree") as tree:
        assert [item.path for item in tree.walk()] == [b"a", b"a/file"]
        (tmp_path / "tree/a").rename(tmp_path / "tree/b")
        (tmp_path / "tree/a").symlink_to(tmp_path / "secret")
        list(tree.read(b"b/file"))  # lets go of the folder it had open
        with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
            list(tree.read(b"a/file"))
        (tmp_path / "tree/b/file").unlink()
        (tmp_path / "tree/b/file").symlink_to(tmp_path / "secret/file")
        with pytest.raises(OSError, match="symbolic links"):
            list(tree.read(b"b/file"))


def test_a_fifo_holds_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with Tree(tmp_path) as tree, pytest.raises(WorkspaceError, match="changed while"):
        list(tree.read(b"fifo"))


def test_ids_are_gits(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "big").write_bytes(b"x" * 3_000_000)
    with Tree(tmp_path) as tree:
        assert tree.blob_id(b"empty", "sha1") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
        assert tree.blob_id(b"big", "sha256") == hashlib.sha256(b"blob 3000000\0" + b"x" * 3_000_000).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 2_000_000])
def test_a_file_that_changes_its_size_while_read(size: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1_000_000)
    with Tree(tmp_path) as tree:
        pieces = tree.read(b"file")
        assert next(pieces) == b"1000000"
        os.truncate(tmp_path / "file", size)
        with pytest.raises(WorkspaceError, match="changed while"):
            list(pieces)


@pytest.mark.parametrize("size", [0, 1, 2_000])
def test_a_small_file_that_changes_its_size_while_hashed(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1_000)
    opened = Tree._open

    def opening(tree: Tree, path: bytes) -> tuple[int, int]:
        found = opened(tree, path)
        os.truncate(tmp_path / "file", size)
        return found

    monkeypatch.setattr(Tree, "_open", opening)
    with Tree(tmp_path) as tree, pytest.raises(WorkspaceError, match="changed while"):
        tree.blob_id(b"file", "sha1")


def test_deeper_than_anybody_works(tmp_path: Path) -> None:
    folder = tmp_path / "/".join("d" * 200)
    folder.mkdir(parents=True)
    (folder / "file").write_text("")
    with Tree(tmp_path) as tree:
        found = list(tree.walk())
    assert [item.kind for item in found] == ["folder"] * 128 + ["unreadable"]


@pytest.mark.parametrize("what", ["nothing", "file", "link"])
def test_no_tree(what: str, tmp_path: Path) -> None:
    if what == "file":
        (tmp_path / "tree").write_text("")
    if what == "link":
        (tmp_path / "tree").symlink_to(tmp_path)
    with pytest.raises(WorkspaceError, match="gone"):
        Tree(tmp_path / "tree")


def test_another_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    facts = (tmp_path / "tree").stat()
    Tree(tmp_path / "tree", (facts.st_dev, facts.st_ino)).close()
    (tmp_path / "tree").rename(tmp_path / "old")
    (tmp_path / "tree").mkdir()
    with pytest.raises(WorkspaceError, match="replaced"):
        Tree(tmp_path / "tree", (facts.st_dev, facts.st_ino))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    for name in ("a/b/c", "d/e"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text("x")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with Tree(tmp_path) as tree:
            for item in tree.walk():
                if item.kind == "file":
                    list(tree.read(item.path))
            for path in (b"a/nothing/x", b"nothing", b"a/b/c/file/x"):
                with pytest.raises(OSError):
                    list(tree.read(path))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
