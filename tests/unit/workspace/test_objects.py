"""What a repository holds is what git says it holds, and every object is what its name says."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.parsed import Entry, MalformedError

Git = Callable[..., str]
NOWHERE = "0123456789" * 4


@pytest.fixture
def objects(main: Path) -> Iterator[Objects]:
    with Objects.of(main / ".git") as opened:
        yield opened


def put(main: Path, kind: bytes, body: bytes) -> str:
    """Put an object where git keeps it, under its own name, whatever it holds."""
    data = b"%s %d\0%s" % (kind, len(body), body)
    name = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    path = main / ".git/objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(data))
    return name


def test_entries_and_blobs(objects: Objects, base: str) -> None:
    held = objects.entries(base)
    assert list(held) == [
        b".gitignore", b"README.md", b"link.md", b"run.sh", b"src/app.py", b"src/deep/er/lib.py", b"tests/test_app.py",
    ]  # fmt: skip
    assert [held[name].mode for name in (b"README.md", b"run.sh", b"link.md")] == ["100644", "100755", "120000"]
    wanted = [held[b"README.md"].id, held[b"run.sh"].id, held[b"README.md"].id]
    assert objects.blobs(wanted) == {held[b"README.md"].id: b"read me\n", held[b"run.sh"].id: b"#!/bin/sh\n"}
    assert objects.digests(wanted)[wanted[0]] == hashlib.sha256(b"read me\n").hexdigest()
    assert objects.blobs([]) == objects.digests([]) == {}


def test_entries_are_those_that_git_lists(objects: Objects, main: Path, git_cli: Git) -> None:
    odd = ["a", "a.b/c", "a-b/c", "ab/é/ü", " x ", "new\nline", "tab\tx", '"quoted"', "deep/" * 60 + "end"]
    for name in odd:
        (main / name).parent.mkdir(parents=True, exist_ok=True)
        (main / name).write_text(name)
    git_cli(main, "add", "-A")
    git_cli(main, "update-index", "--add", "--cacheinfo", f"160000,{NOWHERE},module")
    git_cli(main, "commit", "-q", "-m", "odd")
    listed = subprocess.run(["git", "ls-tree", "-r", "-z", "HEAD"], cwd=main, capture_output=True, check=True).stdout
    rows = [line.split(b"\t", 1) for line in listed.split(b"\0")[:-1]]
    git = {path: Entry(*(facts.decode().split(" ")[index] for index in (0, 2))) for facts, path in rows}
    ours = objects.entries(git_cli(main, "rev-parse", "HEAD"))
    assert ours == git
    assert list(ours) == list(git), "in git's order"
    objects.verify([git_cli(main, "rev-parse", "HEAD")])


def test_more_than_a_pipe_takes(objects: Objects, main: Path, git_cli: Git) -> None:
    for number in range(3000):
        (main / f"many-{number}").write_text(f"{number}\n" * 50)
    git_cli(main, "add", "-A")
    git_cli(main, "commit", "-q", "-m", "many")
    commit = git_cli(main, "rev-parse", "HEAD")
    objects.verify([commit])
    held = objects.entries(commit)
    assert len(objects.blobs(entry.id for path, entry in held.items() if path.startswith(b"many-"))) == 3000


def test_what_two_trees_do_not_have_alike_is_what_git_says(objects: Objects, main: Path, base: str, git_cli: Git) -> None:
    (main / "README.md").unlink()
    (main / "README.md").mkdir()
    (main / "README.md/now-a-folder").write_text("x")
    (main / "src/deep/er/lib.py").unlink()
    (main / "src/deep/er").rmdir()
    (main / "src/deep/er").write_text("now a file")
    (main / "run.sh").chmod(0o644)
    (main / "new").write_text("new")
    git_cli(main, "add", "-A")
    git_cli(main, "commit", "-q", "-m", "other")
    other = git_cli(main, "rev-parse", "HEAD")
    ask = ["git", "diff-tree", "-r", "-z", "--no-renames", "--name-only", base, other]
    said = subprocess.run(ask, cwd=main, capture_output=True, check=True).stdout
    trees = [objects.stamps([commit])[commit].tree for commit in (base, other)]
    assert objects.differing(*trees) == set(said.split(b"\0")[:-1])
    assert objects.differing(*reversed(trees)) == set(said.split(b"\0")[:-1])
    assert objects.differing(trees[0], trees[0]) == set()


def test_stamps(objects: Objects, main: Path, base: str, git_cli: Git) -> None:
    found = objects.stamps([base, base])
    assert found[base].tree == git_cli(main, "rev-parse", "main^{tree}")
    assert found[base].seconds == 1_700_000_000
    assert found[base].parents == ()
    git_cli(main, "checkout", "-q", "-b", "side")
    git_cli(main, "commit", "-q", "--allow-empty", "-m", "parent 0123\n\ntree 0123")
    git_cli(main, "checkout", "-q", "main")
    git_cli(main, "commit", "-q", "--allow-empty", "-m", "main")
    first, second = git_cli(main, "rev-parse", "main"), git_cli(main, "rev-parse", "side")
    git_cli(main, "merge", "-q", "--no-ff", "-m", "merge", "side")
    both = git_cli(main, "rev-parse", "HEAD")
    assert objects.stamps([both])[both].parents == (first, second)


def test_what_is_not_there(objects: Objects, main: Path, base: str, git_cli: Git) -> None:
    for ask in (lambda: objects.entries(NOWHERE), lambda: objects.stamps([NOWHERE])):
        with pytest.raises(WorkspaceError, match="The commit 012345678901 is not in"):
            ask()
    with pytest.raises(WorkspaceError, match="One of the commits"):
        objects.stamps([base, NOWHERE])
    for name in (NOWHERE, base):
        for blobs in (objects.blobs, objects.digests):
            with pytest.raises(WorkspaceError, match="is missing"):
                blobs([name])


def one(name: bytes, mode: bytes = b"100644", id: bytes = b"1" * 20) -> bytes:  # noqa: A002 # what git calls it
    """An entry of a tree."""
    return mode + b" " + name + b"\0" + id


MALFORMED = {
    "short": b"100644 x\0short", "no NUL": b"100644x", "no id": b"100644 x", "no name": b"\0" * 30, "no mode": b" x\0" + b"1" * 20,
    "a mode that is none": one(b"x", b"100844"), "a mode of nothing": one(b"x", b"0"), "a long mode": one(b"x", b"0100644"), "a pipe": one(b"x", b"010644"),
    "a name twice": one(b"x") + one(b"x"), "a folder twice": one(b"lib", b"40000") + one(b"lib", b"40000", b"2" * 20),
    "a file and a folder": one(b"x") + one(b"x.a") + one(b"x", b"40000"), "out of order": one(b"b") + one(b"a"),
    "a folder out of order": one(b"x", b"40000") + one(b"x.a"), "a slash": one(b"a/b"), "an empty name": one(b""), "here": one(b".", b"40000"),
    "above": one(b"..", b"40000"), ".git": one(b".git", b"40000"), ".GIT": one(b".GIT"), "git~1": one(b"git~1"),
    "an unseen sign in .git": one(".g\u200cit".encode(), b"40000"), "more behind it": one(b"x") + b"y",
}  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_tree_that_git_would_not_write_is_refused(objects: Objects, main: Path, base: str, git_cli: Git, body: bytes) -> None:
    """git reads it in one way here and in another there; what is checked out may be more than what is listed."""
    tree = put(main, b"tree", body)
    commit = put(main, b"commit", f"tree {tree}\ncommitter x <x> 1 +0000\n\nm\n".encode())
    with pytest.raises(MalformedError, match="is none that git writes"):
        objects.verify([commit])
    for ask in (lambda fresh: fresh.entries(commit), lambda fresh: fresh.differing(tree, tree)):
        with Objects.of(main / ".git") as fresh, pytest.raises(MalformedError, match="is none that git writes"):
            ask(fresh)


@pytest.mark.parametrize("body", [b"", b"tree\n\n", b"no tree 12\n\n", b"author x\n\ntree 0123\n"])
def test_a_commit_that_is_none_is_refused(objects: Objects, main: Path, body: bytes) -> None:
    commit = put(main, b"commit", body)
    with pytest.raises(MalformedError):
        objects.stamps([commit])


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("x <x> 1600000000 +0000", 1_600_000_000), ("x <x>  1600000000 +051800", 1_600_000_000), ("x <x>1600000000 +0000", 1_600_000_000),
        ("x > <x> 7 -0100", 7), ("x <x> then", 0), ("x <x> " + "9" * 5000, 0), ("x <x> ١٢", 0), ("", 0),
    ],
)  # fmt: skip
def test_dates_are_read_as_git_reads_them(objects: Objects, main: Path, base: str, git_cli: Git, line: str, seconds: int) -> None:
    tree = git_cli(main, "rev-parse", f"{base}^{{tree}}")
    written = f"tree {tree}\nparent {base}\nauthor x <x> 5 +0000\n{f'committer {line}' if line else 'x'}\nparent {NOWHERE}\n\ncommitter y <y> 9 +0000\n"
    commit = put(main, b"commit", written.encode())
    assert (objects.stamps([commit])[commit].seconds, objects.stamps([commit])[commit].parents) == (seconds, (base,))
    if len(line) < 100:
        assert git_cli(main, "rev-list", "--no-walk", "--format=%ct", commit).split()[-1] in (str(seconds), commit)


def test_after_one_that_could_not_be_taken_nothing_is_believed(objects: Objects, main: Path, base: str, git_cli: Git) -> None:
    blobs = sorted(git_cli(main, "rev-parse", f"{base}:{name}") for name in ("README.md", "run.sh"))
    with pytest.raises(WorkspaceError, match="One of the commits"):
        objects.stamps(blobs)
    for _ in range(3):
        with pytest.raises(WorkspaceError, match="asked for before could not be read"):
            objects.stamps([base])


def test_a_git_that_is_killed_accuses_nobody(main: Path, base: str) -> None:
    with Objects.of(main / ".git") as objects:
        objects.stamps([base])
        [git] = [pid for pid in children() if "cat-file" in Path(f"/proc/{pid}/cmdline").read_text()]
        os.kill(git, signal.SIGKILL)
        with pytest.raises(WorkspaceError, match="git was ended by signal 9"):
            objects.entries(base)


def children() -> list[int]:
    """The processes that this one has started."""
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


def test_a_tree_that_lacks_something_is_refused(objects: Objects, main: Path) -> None:
    for mode, what in (("100644", "missing"), ("40000", "missing")):
        tree = put(main, b"tree", f"{mode} x\0".encode() + bytes.fromhex(NOWHERE))
        commit = put(main, b"commit", f"tree {tree}\ncommitter x <x> 1 +0000\n\nm\n".encode())
        with pytest.raises(WorkspaceError, match=what):
            objects.verify([commit])


def test_a_file_that_is_a_folder_and_the_other_way_round_are_refused(objects: Objects, main: Path) -> None:
    empty, text = put(main, b"tree", b""), put(main, b"blob", b"text")
    for mode, name in (("100644", empty), ("40000", text)):
        tree = put(main, b"tree", f"{mode} x\0".encode() + bytes.fromhex(name))
        commit = put(main, b"commit", f"tree {tree}\ncommitter x <x> 1 +0000\n\nm\n".encode())
        with pytest.raises(WorkspaceError, match="not what their names say"):
            objects.verify([commit])


def test_an_object_that_cannot_be_unpacked_is_refused_and_nothing_waits(main: Path, base: str, git_cli: Git) -> None:
    name = git_cli(main, "rev-parse", f"{base}:README.md")
    path = main / ".git/objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-6])
    with Objects.of(main / ".git") as objects, pytest.raises(WorkspaceError, match="not what their names say"):
        objects.verify([base])
    with Objects.of(main / ".git") as objects, pytest.raises(WorkspaceError):
        objects.blobs([name])


def test_where_there_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError), Objects.of(tmp_path / "nowhere"):
        pytest.fail("nothing was opened")
    with pytest.raises(WorkspaceError), Objects.of(tmp_path) as objects:
        objects.stamps([NOWHERE])
