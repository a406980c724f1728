"""git believes the name of an object that it reads. Nothing that counts does: a forged one, whoever put it there and whenever, is found."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.content import check_out
from dag_factory.workspace.merge import merge
from dag_factory.workspace.private import PrivateRepository

Git = Callable[..., str]
Make = Callable[..., PrivateRepository]
Forge = Callable[[Path, str, Git], None]


def put(main: Path, name: str, kind: bytes, data: bytes) -> None:
    """Put other bytes where an object of the origin lies."""
    path = main / ".git/objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(zlib.compress(b"%s %d\0%s" % (kind, len(data), data)))


def blob(main: Path, base: str, git_cli: Git) -> None:
    put(main, git_cli(main, "rev-parse", f"{base}:README.md"), b"blob", b"evil\n")


def folder(main: Path, base: str, git_cli: Git) -> None:
    """A folder in which app.py is another file, which is sound in itself."""
    (main / "evil").write_text("evil\n")
    evil = bytes.fromhex(git_cli(main, "hash-object", "-w", "evil"))
    (main / "evil").unlink()
    name = git_cli(main, "rev-parse", f"{base}:src")
    path = main / ".git/objects" / name[:2] / name[2:]
    data = zlib.decompress(path.read_bytes()).partition(b"\0")[2]
    at = data.index(b"app.py\0") + len(b"app.py\0")
    put(main, name, b"tree", data[:at] + evil + data[at + 20 :])


def root(main: Path, base: str, git_cli: Git) -> None:
    """A root in which `tests` is what `src` is."""
    source, tests = (bytes.fromhex(git_cli(main, "rev-parse", f"{base}:{name}")) for name in ("src", "tests"))
    name = git_cli(main, "rev-parse", f"{base}^{{tree}}")
    path = main / ".git/objects" / name[:2] / name[2:]
    put(main, name, b"tree", zlib.decompress(path.read_bytes()).partition(b"\0")[2].replace(tests, source))


def commit(main: Path, base: str, git_cli: Git) -> None:
    """A commit that holds another tree, which is sound in itself."""
    (main / "README.md").write_text("evil\n")
    git_cli(main, "add", "README.md")
    other = git_cli(main, "write-tree")
    data = git_cli(main, "cat-file", "commit", base) + "\n"
    put(main, base, b"commit", data.replace(data.split()[1], other, 1).encode())


ALL = pytest.mark.parametrize("forge", [blob, folder, root, commit], ids=lambda forge: forge.__name__)
BELIEVED = pytest.mark.parametrize(("forge", "path"), [(blob, "README.md"), (folder, "src/app.py")], ids=["blob", "folder"])
FOUND = r"not what their names say|hash mismatch|is corrupt|lacks these prerequisite"


@BELIEVED
def test_git_believes_it(forge: Forge, path: str, main: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
    """Else these tests would show nothing. Of roots and commits git itself finds out."""
    forge(main, base, git_cli)
    check_out(main / ".git", base, tmp_path / "clean")
    assert (tmp_path / "clean" / path).read_text() == "evil\n"


@ALL
def test_a_clean_checkout_does_not(forge: Forge, make: Make, main: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
    repo = make("task")
    forge(main, base, git_cli)
    with pytest.raises(WorkspaceError, match=FOUND) as raised:
        repo.checkout(base, tmp_path / "clean")
    assert "git fsck" in raised.value.remedy
    assert not (tmp_path / "clean").exists()


@pytest.mark.parametrize("forge", [folder, root, commit], ids=lambda forge: forge.__name__)
def test_a_seal_does_not(forge: Forge, make: Make, main: Path, base: str, git_cli: Git) -> None:
    repo = make("task")
    forge(main, base, git_cli)
    (repo.tree / "src/new.py").write_text("new\n")
    with pytest.raises(WorkspaceError, match=FOUND):
        repo.seal(writes=["src/**"], declared=[], message="m")


def test_a_seal_asks_for_no_file_that_lies_in_the_tree(make: Make, main: Path, base: str, git_cli: Git) -> None:
    repo = make("task")
    blob(main, base, git_cli)
    (repo.tree / "src/new.py").write_text("new\n")
    assert [change.path for change in repo.seal(writes=["src/**"], declared=[], message="m").changes] == ["src/new.py"]


@BELIEVED
def test_a_workspace_that_was_made_of_it_gives_it_away(forge: Forge, path: str, make: Make, main: Path, base: str, git_cli: Git) -> None:
    forge(main, base, git_cli)
    repo = make("task")
    assert (repo.tree / path).read_text() == "evil\n"
    if forge is blob:
        assert [refusal.path for refusal in repo.seal(writes=["src/**"], declared=[], message="m").refusals] == [path]
        return
    with pytest.raises(WorkspaceError, match=FOUND):
        repo.seal(writes=["src/**"], declared=[], message="m")


@pytest.mark.parametrize("forge", [root, commit], ids=lambda forge: forge.__name__)
def test_of_some_no_workspace_is_made(forge: Forge, make: Make, main: Path, base: str, git_cli: Git) -> None:
    forge(main, base, git_cli)
    with pytest.raises(WorkspaceError, match=FOUND):
        make("task")


@ALL
def test_a_merge_does_not(forge: Forge, make: Make, main: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
    sealed = []
    for name in ("one", "two"):
        repo = make(name)
        (repo.tree / f"{name}.txt").write_text(name)
        done = repo.seal(writes=["**"], declared=[], message=name).commit
        assert done
        repo.bundle(base, done, tmp_path / f"{name}.bundle")
        sealed.append((name, done))
    forge(main, base, git_cli)

    def together() -> None:
        joint = make("joint", bundles=[tmp_path / "one.bundle", tmp_path / "two.bundle"], with_tree=False)
        merge(joint, base, sealed)

    with pytest.raises(WorkspaceError, match=FOUND):
        together()
