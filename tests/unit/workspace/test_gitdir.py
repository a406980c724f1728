from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.gitdir import bundle, is_commit_id, lay_out, unbundle
from dag_factory.workspace.private import PrivateRepository

Git = Callable[..., str]
Make = Callable[..., PrivateRepository]


def sealed_in(repo: PrivateRepository, name: str) -> str:
    (repo.tree / name).write_text(name)
    commit = repo.seal(writes=["**"], declared=[], message=name).commit
    assert commit
    return commit


@pytest.mark.parametrize("text", ["main", "HEAD", "", "a" * 39, "A" * 40, "a" * 41, "a" * 40 + "\n"])
def test_what_is_no_commit_id(text: str, main: Path, tmp_path: Path) -> None:
    assert not is_commit_id(text)
    with pytest.raises(WorkspaceError, match="not a full commit id"):
        lay_out(tmp_path / "x", objects=main / ".git", commit=text, bare=True)


def test_git_takes_both_layouts_for_repositories(main: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
    for name, bare in (("seal.git", True), ("tree/.git", False)):
        lay_out(tmp_path / name, objects=main / ".git", commit=base, bare=bare)
        assert git_cli(tmp_path / name, "rev-parse", "--is-bare-repository") == str(bare).lower()
        assert git_cli(tmp_path / name, "cat-file", "-t", base) == "commit"
        assert git_cli(tmp_path / name, "fsck", "--no-dangling") == ""


def test_a_folder_in_use(main: Path, base: str, tmp_path: Path) -> None:
    lay_out(tmp_path / "x", objects=main / ".git", commit=base, bare=True)
    with pytest.raises(WorkspaceError, match="cannot be made"):
        lay_out(tmp_path / "x", objects=main / ".git", commit=base, bare=True)


def test_a_lender_with_a_line_break_in_its_name(base: str, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="line break"):
        lay_out(tmp_path / "x", objects=tmp_path / "a\nb", commit=base, bare=True)


def test_sha256_repositories(tmp_path: Path, git_cli: Git) -> None:
    git_cli(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "modern")
    modern = tmp_path / "modern"
    (modern / "a").write_text("a\n")
    git_cli(modern, "add", "a")
    git_cli(modern, "commit", "-qm", "first")
    base = git_cli(modern, "rev-parse", "main")
    repo = PrivateRepository.create(tmp_path / "task", objects=modern / ".git", commit=base)
    commit = sealed_in(repo, "b")
    assert len(commit) == 64
    repo.bundle(base, commit, tmp_path / "b.bundle")
    repo.bundle(base, base, tmp_path / "none.bundle")
    other = PrivateRepository.create(
        tmp_path / "other", objects=modern / ".git", commit=base, bundles=[tmp_path / "b.bundle", tmp_path / "none.bundle"]
    )
    assert other.read(commit, "b") == b"b"


class TestBundles:
    def test_there_and_back(self, make: Make, base: str, tmp_path: Path, git_cli: Git) -> None:
        repo = make("one")
        commit = sealed_in(repo, "new")
        bundle(repo.git_dir, base, commit, tmp_path / "x.bundle")
        other = make("two")
        assert unbundle(other.git_dir, tmp_path / "x.bundle") == (commit,)
        assert unbundle(other.git_dir, tmp_path / "x.bundle") == (commit,)
        assert other.read(commit, "new") == b"new"
        assert git_cli(other.git_dir, "fsck", "--no-dangling") == ""

    def test_the_same_commits_give_the_same_bytes(self, make: Make, base: str, tmp_path: Path) -> None:
        written = set()
        for name in ("one", "two", "three"):
            repo = make(name)
            for index in range(20):
                (repo.tree / f"file{index}").write_text("line\n" * index)
            bundle(repo.git_dir, base, sealed_in(repo, "new"), tmp_path / name / "x.bundle")
            written.add((tmp_path / name / "x.bundle").read_bytes())
        assert len(written) == 1

    def test_nothing_changed_gives_an_empty_one(self, make: Make, base: str, tmp_path: Path, git_cli: Git) -> None:
        bundle(make("one").git_dir, base, base, tmp_path / "x.bundle")
        other = make("two")
        assert git_cli(other.tree, "bundle", "verify", "-q", str(tmp_path / "x.bundle")) == ""
        assert unbundle(other.git_dir, tmp_path / "x.bundle") == (base,)

    def test_one_that_builds_on_another(self, make: Make, main: Path, base: str, tmp_path: Path) -> None:
        one = make("one")
        first = sealed_in(one, "first")
        one.bundle(base, first, tmp_path / "1.bundle")
        two = make("two", commit=first, bundles=[tmp_path / "1.bundle"])
        assert (two.tree / "first").read_text() == "first"
        second = sealed_in(two, "second")
        two.bundle(first, second, tmp_path / "2.bundle")
        three = make("three", commit=second, bundles=[tmp_path / "1.bundle", tmp_path / "2.bundle"])
        assert (three.tree / "second").read_text() == "second"
        with pytest.raises(WorkspaceError, match="cannot be taken in") as raised:
            make("four", bundles=[tmp_path / "2.bundle"])
        assert "builds on" in raised.value.remedy

    def test_after_a_failure_the_repository_is_as_it_was(self, make: Make, base: str, tmp_path: Path, git_cli: Git) -> None:
        one = make("one")
        first = sealed_in(one, "first")
        one.bundle(base, first, tmp_path / "1.bundle")
        two = make("two", commit=first, bundles=[tmp_path / "1.bundle"])
        two.bundle(first, sealed_in(two, "second"), tmp_path / "2.bundle")
        three = make("three")
        refs = git_cli(three.git_dir, "for-each-ref")
        with pytest.raises(WorkspaceError):
            three.fetch(tmp_path / "2.bundle")
        assert git_cli(three.git_dir, "for-each-ref") == refs
        assert three.bundles == []
        three.fetch(tmp_path / "1.bundle")
        three.fetch(tmp_path / "2.bundle")

    @pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text"])
    def test_damaged(self, damage: str, make: Make, base: str, tmp_path: Path) -> None:
        repo = make("one")
        path = tmp_path / "x.bundle"
        repo.bundle(base, sealed_in(repo, "new"), path)
        data = path.read_bytes()
        flipped = data[:-30] + bytes([data[-30] ^ 1]) + data[-29:]
        path.write_bytes({"truncated": data[:-20], "flipped": flipped, "empty": b"", "text": b"hello\n"}[damage])
        with pytest.raises(WorkspaceError, match="cannot be taken in"):
            make("two").fetch(path)

    def test_missing(self, repo: PrivateRepository, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="cannot be read"):
            repo.fetch(tmp_path / "nothing")

    def test_unknown_commits(self, repo: PrivateRepository, base: str, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError):
            repo.bundle(base, "0" * 39 + "1", tmp_path / "x.bundle")
        assert not (tmp_path / "x.bundle").exists()


@pytest.mark.parametrize("spoil", [lambda name: name[:12], lambda name: "", lambda name: f"{name}\n"])
@pytest.mark.parametrize("which", [0, 1])
def test_a_bundle_is_of_full_ids(main: Path, base: str, tmp_path: Path, spoil: Callable[[str], str], which: int) -> None:
    named = [base, "1" * 40]
    named[which] = spoil(named[which])
    with pytest.raises(WorkspaceError, match="is not a full commit id"):
        bundle(main / ".git", *named, tmp_path / "work.bundle")
    assert not (tmp_path / "work.bundle").exists()


def test_a_bundle_that_cannot_be_written(main: Path, base: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="cannot be written"):
        bundle(main / ".git", base, base, tmp_path / "file" / "work.bundle")
