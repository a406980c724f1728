from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.private import PrivateRepository, Sealed

Git = Callable[..., str]
Make = Callable[..., PrivateRepository]


def seal(repo: PrivateRepository, *writes: str) -> Sealed:
    return repo.seal(writes=writes or ("**",), declared=(), message="work")


def tree_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a trace when it runs."""
    script = tmp_path / "trap"
    script.write_text(f"#!/bin/sh\necho ran >> {tmp_path / 'ran'}\nexit 0\n")
    script.chmod(0o755)
    return script


class TestCreate:
    def test_a_clean_tree_on_a_branch_of_its_own(self, repo: PrivateRepository, base: str, git_cli: Git) -> None:
        assert (repo.tree / "src/app.py").read_text() == "print('app')\n"
        assert os.access(repo.tree / "run.sh", os.X_OK)
        assert git_cli(repo.tree, "status", "--porcelain", "-b") == "## work"
        assert git_cli(repo.tree, "rev-parse", "HEAD") == base
        assert git_cli(repo.tree, "remote") == ""
        assert sorted(item.name for item in repo.where.iterdir()) == ["seal.git", "tree"]

    def test_objects_are_borrowed(self, repo: PrivateRepository, main: Path) -> None:
        for git_dir in (repo.git_dir, repo.tree / ".git"):
            assert (git_dir / "objects/info/alternates").read_text() == f"{main}/.git/objects\n"
            assert [path for path in (git_dir / "objects").rglob("*") if path.is_file() and path.name != "alternates"] == []

    def test_a_folder_in_use(self, repo: PrivateRepository, base: str) -> None:
        with pytest.raises(WorkspaceError, match="There is a workspace") as raised:
            PrivateRepository.create(repo.where, objects=repo.objects, commit=base)
        assert "new folder" in raised.value.remedy

    def test_no_such_commit(self, make: Make) -> None:
        with pytest.raises(WorkspaceError, match="The commit 012345678901 is not in"):
            make("other", commit="0123456789" * 4)

    def test_without_a_tree(self, make: Make, base: str) -> None:
        repo = make("other", with_tree=False)
        assert not repo.tree.exists()
        assert repo.read(base, "README.md") == b"read me\n"

    def test_attributes_of_the_base_change_no_byte(self, main: Path, tmp_path: Path, git_cli: Git) -> None:
        (main / ".gitattributes").write_text("*.md text eol=crlf\n*.py filter=lfs ident working-tree-encoding=UTF-16\n")
        (main / "id.py").write_text("$Id$\n")
        git_cli(main, "add", ".gitattributes")
        blob = git_cli(main, "hash-object", "-w", "--no-filters", "id.py")
        git_cli(main, "update-index", "--add", "--cacheinfo", f"100644,{blob},id.py")
        git_cli(main, "commit", "-qm", "attributes")
        repo = PrivateRepository.create(tmp_path / "task", objects=main / ".git", commit=git_cli(main, "rev-parse", "main"))
        assert (repo.tree / "README.md").read_bytes() == b"read me\n"
        assert (repo.tree / "id.py").read_bytes() == b"$Id$\n"
        assert git_cli(repo.tree, "status", "--porcelain") == ""
        assert seal(repo).changes == ()

    def test_bundles_are_there_for_the_persona_too(self, make: Make, base: str, tmp_path: Path, git_cli: Git) -> None:
        one = make("one")
        (one.tree / "new").write_text("new")
        commit = str(seal(one).commit)
        one.bundle(base, commit, tmp_path / "one.bundle")
        shutil.rmtree(one.where)
        two = make("two", commit=commit, bundles=[tmp_path / "one.bundle"])
        assert git_cli(two.tree, "log", "--format=%s") == "work\nfirst"
        assert git_cli(two.tree, "fsck", "--no-dangling") == ""
        (two.tree / "newer").write_text("newer")
        sealed = seal(two)
        assert [change.path for change in sealed.changes] == ["newer"]
        assert two.read(str(sealed.commit), "new") == b"new"


class TestHostilePersona:
    def test_the_main_checkout_is_untouched(self, main: Path, make: Make, git_cli: Git) -> None:
        before, folders = tree_of(main), sorted(main.rglob("*"))
        repo = make("task")
        (repo.tree / "src/new.py").write_text("new")
        git_cli(repo.tree, "add", "-A")
        git_cli(repo.tree, "commit", "-qm", "mine")
        git_cli(repo.tree, "gc", "-q", "--prune=now")
        git_cli(repo.tree, "branch", "-M", "main")
        sealed = seal(repo)
        repo.checkout(str(sealed.commit), repo.where / "clean")
        repo.bundle(repo.commit, str(sealed.commit), repo.where / "x.bundle")
        assert tree_of(main) == before
        assert sorted(main.rglob("*")) == folders

    def test_configured_programs_do_not_run(self, repo: PrivateRepository, trap: Path, git_cli: Git, tmp_path: Path) -> None:
        for key in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "filter.x.process", "diff.external", "merge.x.driver",
                    "core.sshCommand", "core.pager", "gpg.program", "core.editor", "core.alternateRefsCommand"):  # fmt: skip
            git_cli(repo.tree, "config", key, str(trap))
        git_cli(repo.tree, "config", "filter.x.required", "true")
        git_cli(repo.tree, "config", "commit.gpgSign", "true")
        git_cli(repo.tree, "config", "core.hooksPath", str(repo.tree / ".git/hooks"))
        git_cli(repo.tree, "config", "core.worktree", "/")
        (repo.tree / ".git/info/attributes").write_text("* filter=x merge=x diff=x\n")
        (repo.tree / ".git/hooks").mkdir(exist_ok=True)
        for hook in ("pre-commit", "post-checkout", "post-index-change", "reference-transaction", "post-commit", "prepare-commit-msg"):
            (repo.tree / ".git/hooks" / hook).symlink_to(trap)
        (repo.tree / ".gitattributes").write_text("* filter=x merge=x diff=x\n")
        (repo.tree / "src/app.py").write_text("changed\n")
        sealed = seal(repo, "src/**", ".gitattributes")
        repo.checkout(str(sealed.commit), repo.where / "clean")
        repo.bundle(repo.commit, str(sealed.commit), repo.where / "x.bundle")
        assert repo.read(str(sealed.commit), "src/app.py") == b"changed\n"
        assert not (tmp_path / "ran").exists()

    def test_own_commits_count_for_nothing(self, repo: PrivateRepository, base: str, git_cli: Git) -> None:
        (repo.tree / "evil").write_text("evil")
        git_cli(repo.tree, "add", "evil")
        git_cli(repo.tree, "commit", "-qm", "evil")
        (repo.tree / "evil").unlink()
        (repo.tree / "good").write_text("good")
        sealed = seal(repo)
        assert [change.path for change in sealed.changes] == ["good"]
        assert git_cli(repo.git_dir, "rev-parse", f"{sealed.commit}^") == base

    def test_rewritten_history_counts_for_nothing(self, repo: PrivateRepository, base: str, git_cli: Git) -> None:
        (repo.tree / "README.md").write_text("evil")
        git_cli(repo.tree, "commit", "-qa", "--amend", "-m", "evil")
        git_cli(repo.tree, "replace", base, git_cli(repo.tree, "rev-parse", "HEAD"))
        git_cli(repo.tree, "checkout", "-q", "--orphan", "other")
        assert [refusal.path for refusal in seal(repo, "src/**").refusals] == ["README.md"]

    @pytest.mark.parametrize("then", ["deleted", "file", "link"])
    def test_its_dot_git_is_not_needed(self, then: str, repo: PrivateRepository, tmp_path: Path) -> None:
        shutil.rmtree(repo.tree / ".git")
        if then == "file":
            (repo.tree / ".git").write_text(f"gitdir: {tmp_path}\n")
        if then == "link":
            (repo.tree / ".git").symlink_to(tmp_path)
        (repo.tree / "new").write_text("new")
        assert [change.path for change in seal(repo).changes] == ["new"]

    @pytest.mark.parametrize("then", ["deleted", "file", "link", "another"])
    def test_its_tree_is_gone(self, then: str, repo: PrivateRepository, tmp_path: Path) -> None:
        repo.tree.rename(tmp_path / "moved")
        if then == "file":
            repo.tree.write_text("")
        if then == "link":
            repo.tree.symlink_to(tmp_path / "moved")
        if then == "another":
            shutil.copytree(tmp_path / "moved", repo.tree, symlinks=True)
        sealed = seal(repo)
        assert sealed.commit is None
        assert [refusal.rule for refusal in sealed.refusals] == ["workspace-gone"]

    def test_everything_in_its_tree_is_deleted(self, repo: PrivateRepository) -> None:
        for item in repo.tree.iterdir():
            shutil.rmtree(item) if item.is_dir() else item.unlink()
        sealed = seal(repo, "src/**")
        assert {refusal.rule for refusal in sealed.refusals} == {"workspace-outside-writes"}
        assert len(sealed.changes) == 7

    def test_what_was_prepared_in_seal_git(self, repo: PrivateRepository, trap: Path, tmp_path: Path, git_cli: Git) -> None:
        blob = repo.git_dir / "objects" / "86" / "f5ffa01e9ed4f9abaa4ba64ac40f9e2ac5f2e5"
        blob.parent.mkdir()
        blob.write_text("forged")
        (repo.git_dir / "config").write_text(f"[core]\n\tbare = true\n\tfsmonitor = {trap}\n\tworktree = /\n[include]\n\tpath = /etc/x\n")
        (repo.git_dir / "info/attributes").write_text("* filter=x\n")
        (repo.git_dir / "info/exclude").write_text("*\n")
        (repo.git_dir / "objects/info/alternates").write_text("/nowhere\n")
        (repo.git_dir / "commondir").write_text("/nowhere\n")
        os.mkfifo(repo.git_dir / "packed-refs")
        (repo.tree / "new").write_text("new")
        sealed = seal(repo)
        assert [change.path for change in sealed.changes] == ["new"]
        assert not blob.exists()
        assert not (tmp_path / "ran").exists()
        assert git_cli(repo.git_dir, "fsck", "--no-dangling") == ""

    @pytest.mark.parametrize("then", ["deleted", "file", "link"])
    def test_seal_git_is_gone(self, then: str, repo: PrivateRepository, main: Path) -> None:
        shutil.rmtree(repo.git_dir)
        if then == "file":
            repo.git_dir.write_text("")
        if then == "link":
            repo.git_dir.symlink_to(main / ".git")
        before = tree_of(main)
        (repo.tree / "new").write_text("new")
        assert [change.path for change in seal(repo).changes] == ["new"]
        assert tree_of(main) == before

    def test_sealing_again_after_a_refusal(self, repo: PrivateRepository) -> None:
        (repo.tree / "link").symlink_to("x")
        assert seal(repo).commit is None
        (repo.tree / "link").unlink()
        (repo.tree / "new").write_text("new")
        assert seal(repo).commit == seal(repo).commit is not None


class TestReading:
    def test_read(self, repo: PrivateRepository, base: str) -> None:
        assert repo.read(base, "src/app.py") == b"print('app')\n"
        for name in ("nothing", "src", "link.md", "", "/src/app.py", "src/../README.md", "README.md\n", "\udcff"):
            assert repo.read(base, name) is None
        with pytest.raises(WorkspaceError):
            repo.read("0123456789" * 4, "README.md")

    def test_blobs(self, repo: PrivateRepository, base: str) -> None:
        assert repo.blobs(base, ["README.md", "nothing", "run.sh", "link.md"]) == {"README.md": b"read me\n", "run.sh": b"#!/bin/sh\n"}

    def test_a_clean_checkout_has_no_git_and_nothing_left_out(self, repo: PrivateRepository, tmp_path: Path) -> None:
        (repo.tree / "x.pyc").write_text("ignored")
        (repo.tree / "new").write_text("new")
        commit = str(seal(repo).commit)
        repo.checkout(commit, tmp_path / "clean")
        assert sorted(item.name for item in (tmp_path / "clean").iterdir()) == [
            ".gitignore",
            "README.md",
            "link.md",
            "new",
            "run.sh",
            "src",
            "tests",
        ]
        with pytest.raises(WorkspaceError, match="not empty"):
            repo.checkout(commit, tmp_path / "clean")


class TestPacksThatAreTakenOver:
    """Between two clean checkouts a check runs, as the same user, and can reach what the next one is made of."""

    @pytest.fixture
    def joint(self, make: Make, base: str, tmp_path: Path) -> tuple[PrivateRepository, str]:
        one = make("one")
        (one.tree / "new").write_text("new")
        commit = str(seal(one).commit)
        one.bundle(base, commit, tmp_path / "one.bundle")
        repo = make("joint", bundles=[tmp_path / "one.bundle"], with_tree=False)
        repo.checkout(commit, tmp_path / "first", anew=True)
        return repo, commit

    def test_they_are_not_taken_in_again(
        self, joint: tuple[PrivateRepository, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repo, commit = joint
        monkeypatch.setattr("dag_factory.workspace.gitdir.unbundle", lambda *_: pytest.fail("it was taken in again"))
        for name in ("second", "third"):
            repo.checkout(commit, tmp_path / name, anew=True)
            assert (tmp_path / name / "new").read_text() == "new"

    @pytest.mark.parametrize("suffix", [".pack", ".idx"])
    @pytest.mark.parametrize("how", ["changed", "shorter", "gone", "pipe", "link", "folder"])
    def test_unless_somebody_touched_them(self, joint: tuple[PrivateRepository, str], tmp_path: Path, how: str, suffix: str) -> None:
        repo, commit = joint
        [pack] = (repo.git_dir / "objects/pack").glob(f"*{suffix}")
        data = pack.read_bytes()
        pack.chmod(0o644)
        if how in ("changed", "shorter"):
            pack.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:] if how == "changed" else data[:-1])
        else:
            pack.unlink()
        if how == "pipe":
            os.mkfifo(pack)
        elif how == "link":
            pack.symlink_to("/dev/zero")
        elif how == "folder":
            pack.mkdir()
        (repo.git_dir / "objects/pack/pack-0123.pack").write_bytes(b"another")
        repo.checkout(commit, tmp_path / "second", anew=True)
        assert (tmp_path / "second/new").read_text() == "new"
        assert len(list((repo.git_dir / "objects/pack").glob("*.pack"))) == 1
