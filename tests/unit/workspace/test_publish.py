from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.origin import Origin, publish
from dag_factory.workspace.private import PrivateRepository

Git = Callable[..., str]
Make = Callable[..., PrivateRepository]


def snapshot(folder: Path) -> dict[str, bytes]:
    """Everything there is, byte for byte."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def bare(main: Path, tmp_path: Path, git_cli: Git) -> Path:
    git_cli(tmp_path, "clone", "-q", "--bare", str(main), "bare.git")
    return tmp_path / "bare.git"


@pytest.fixture
def work(make: Make) -> tuple[PrivateRepository, str]:
    """A sealed commit to publish."""
    repo = make("work")
    (repo.tree / "src/new.py").write_text("new\n")
    sealed = repo.seal(writes=["src/**"], declared=[], message="work")
    assert sealed.commit
    return repo, sealed.commit


class TestPublish:
    BRANCH = "phasegate/orders/run-1"

    def test_a_branch_and_nothing_else(self, origin: Origin, main: Path, work: tuple[PrivateRepository, str], git_cli: Git) -> None:
        repo, commit = work
        status = git_cli(main, "status", "--porcelain", "-b")  # it refreshes the index, so it comes first
        before = snapshot(main)
        publish(origin, repo.git_dir, commit, self.BRANCH)
        after = snapshot(main)
        new = set(after) - set(before)
        assert {name: after[name] for name in before} == before
        assert f".git/refs/heads/{self.BRANCH}" in new
        assert all(name.startswith(".git/objects/pack/") for name in new - {f".git/refs/heads/{self.BRANCH}"})
        assert git_cli(main, "rev-parse", self.BRANCH) == commit
        assert git_cli(main, "status", "--porcelain", "-b") == status
        shutil.rmtree(repo.where)
        assert git_cli(main, "show", f"{self.BRANCH}:src/new.py") == "new"
        assert git_cli(main, "fsck", "--strict") == ""

    def test_again_changes_nothing(self, origin: Origin, main: Path, work: tuple[PrivateRepository, str]) -> None:
        repo, commit = work
        publish(origin, repo.git_dir, commit, self.BRANCH)
        before = snapshot(main)
        publish(origin, repo.git_dir, commit, self.BRANCH)
        assert snapshot(main) == before

    def test_the_base_itself(self, origin: Origin, main: Path, base: str, work: tuple[PrivateRepository, str], git_cli: Git) -> None:
        publish(origin, work[0].git_dir, base, self.BRANCH)
        assert git_cli(main, "rev-parse", self.BRANCH) == base

    def test_a_branch_elsewhere_is_moved_only_by_force(
        self, origin: Origin, main: Path, base: str, work: tuple[PrivateRepository, str], git_cli: Git
    ) -> None:
        repo, commit = work
        git_cli(main, "branch", self.BRANCH, base)
        with pytest.raises(WorkspaceError, match="exists at"):
            publish(origin, repo.git_dir, commit, self.BRANCH)
        assert git_cli(main, "rev-parse", self.BRANCH) == base
        publish(origin, repo.git_dir, commit, self.BRANCH, force=True)
        assert git_cli(main, "rev-parse", self.BRANCH) == commit

    @pytest.mark.parametrize("branch", ["main", "master", "Main", "HEAD", "here", "side", "-f", "a..b"])
    def test_branches_that_are_somebodys(
        self, branch: str, main: Path, tmp_path: Path, work: tuple[PrivateRepository, str], git_cli: Git
    ) -> None:
        git_cli(main, "checkout", "-q", "-b", "here")
        git_cli(main, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
        before = snapshot(main / ".git/refs")
        with pytest.raises(WorkspaceError):
            publish(Origin(str(main), "main"), work[0].git_dir, work[1], branch, force=True)
        assert snapshot(main / ".git/refs") == before

    def test_the_origins_own_branch(self, main: Path, work: tuple[PrivateRepository, str], git_cli: Git) -> None:
        git_cli(main, "branch", "trunk")
        with pytest.raises(WorkspaceError, match="not Phasegate's to write"):
            publish(Origin(str(main), "trunk"), work[0].git_dir, work[1], "trunk", force=True)

    def test_hooks_and_settings_of_the_origin_are_not_asked(
        self, origin: Origin, main: Path, tmp_path: Path, work: tuple[PrivateRepository, str]
    ) -> None:
        script = tmp_path / "evil"
        script.write_text(f"#!/bin/sh\necho $0 >> {tmp_path / 'ran'}\nexit 1\n")
        script.chmod(0o755)
        (main / ".git/hooks").mkdir(exist_ok=True)
        for hook in ("pre-receive", "update", "post-receive", "reference-transaction", "pre-push"):
            (main / ".git/hooks" / hook).symlink_to(script)
        with (main / ".git/config").open("a") as file:
            file.write(f'[core]\n\tfsmonitor = {script}\n[url "ext::{script}"]\n\tinsteadOf = /\n')
        publish(origin, work[0].git_dir, work[1], self.BRANCH)
        assert not (tmp_path / "ran").exists()

    def test_after_the_branch_moved_on(self, origin: Origin, main: Path, work: tuple[PrivateRepository, str], git_cli: Git) -> None:
        git_cli(main, "commit", "-q", "--allow-empty", "-m", "meanwhile")
        publish(origin, work[0].git_dir, work[1], self.BRANCH)
        assert git_cli(main, "rev-parse", self.BRANCH) == work[1]

    def test_a_name_in_the_way(self, origin: Origin, main: Path, work: tuple[PrivateRepository, str], git_cli: Git) -> None:
        git_cli(main, "branch", "phasegate")
        with pytest.raises(WorkspaceError, match="does not take the branch"):
            publish(origin, work[0].git_dir, work[1], self.BRANCH)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
    def test_an_origin_that_cannot_be_written(self, origin: Origin, main: Path, work: tuple[PrivateRepository, str]) -> None:
        (main / ".git/objects/pack").chmod(0o555)
        (main / ".git/objects").chmod(0o555)
        with pytest.raises(WorkspaceError, match="does not take the branch"):
            publish(origin, work[0].git_dir, work[1], self.BRANCH)
        (main / ".git/objects").chmod(0o755)
        (main / ".git/objects/pack").chmod(0o755)

    def test_what_is_no_commit_id(self, origin: Origin, work: tuple[PrivateRepository, str]) -> None:
        with pytest.raises(WorkspaceError, match="not a full commit id"):
            publish(origin, work[0].git_dir, "HEAD", self.BRANCH)

    def test_unrelated_history(self, main: Path, tmp_path: Path, base: str, work: tuple[PrivateRepository, str], git_cli: Git) -> None:
        git_cli(tmp_path, "init", "-q", "-b", "main", "stranger")
        stranger = tmp_path / "stranger"
        git_cli(stranger, "commit", "-q", "--allow-empty", "-m", "stranger")
        with pytest.raises(WorkspaceError, match="does not build on"):
            publish(Origin(str(stranger), "main"), work[0].git_dir, work[1], self.BRANCH)

    def test_to_a_url(self, bare: Path, base: str, work: tuple[PrivateRepository, str], git_cli: Git) -> None:
        repo, commit = work
        origin = Origin(f"file://{bare}", "main")
        for _ in range(2):
            publish(origin, repo.git_dir, commit, self.BRANCH)
        assert git_cli(bare, "rev-parse", self.BRANCH) == commit
        assert git_cli(bare, "rev-parse", "main") == base
        with pytest.raises(WorkspaceError, match="exists at"):
            publish(origin, repo.git_dir, base, self.BRANCH)
        publish(origin, repo.git_dir, base, self.BRANCH, force=True)
        assert git_cli(bare, "rev-parse", self.BRANCH) == base

    def test_never_the_default_branch_behind_a_url(self, bare: Path, work: tuple[PrivateRepository, str], git_cli: Git) -> None:
        git_cli(bare, "branch", "trunk", "main")
        git_cli(bare, "symbolic-ref", "HEAD", "refs/heads/trunk")
        with pytest.raises(WorkspaceError, match="not Phasegate's to write"):
            publish(Origin(f"file://{bare}", "main"), work[0].git_dir, work[1], "trunk", force=True)
