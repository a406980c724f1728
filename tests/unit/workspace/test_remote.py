"""A remote: one mirror a worker, one commit a fetch, and many that fetch at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.mirrored import FETCH, ROOT, Git, advance, with_history, work
from support.remotes import HttpRemote, fake_ssh

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.origin import Origin, head, objects, publish
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.remote import mirror_of


@pytest.fixture
def bare(main: Path, tmp_path: Path, git_cli: Git) -> Path:
    return with_history(main, tmp_path / "served", git_cli)


class TestOneCommit:
    def test_no_history_is_fetched(self, bare: Path, mirrors: Path, git_cli: Git) -> None:
        origin = Origin(f"file://{bare}", "main")
        commit = head(origin, mirrors)
        mirror = objects(origin, mirrors, commit)
        assert git_cli(mirror, "rev-list", "--count", commit) == "1"
        assert git_cli(mirror, "fsck", "--no-dangling") == ""
        assert git_cli(mirror, "for-each-ref", "--format=%(refname)") == f"refs/phasegate/{commit}"

    @pytest.mark.parametrize(("depth", "count"), [(2, "2"), (0, "3")])
    def test_unless_the_workflow_asks_for_it(self, depth: int, count: str, bare: Path, mirrors: Path, tmp_path: Path, git_cli: Git) -> None:
        origin = Origin(f"file://{bare}", "main", depth)
        commit = head(origin, mirrors)
        repo = PrivateRepository.create(tmp_path / "task", objects=objects(origin, mirrors, commit), commit=commit)
        assert git_cli(repo.tree, "rev-list", "--count", "HEAD") == count
        assert mirror_of(origin, mirrors) != mirror_of(Origin(f"file://{bare}", "main"), mirrors)

    def test_of_the_next_commit_only_what_is_new(self, remote: HttpRemote, bare: Path, main: Path, mirrors: Path, git_cli: Git) -> None:
        (main / "large.bin").write_bytes(os.urandom(400_000))
        advance(main, bare, git_cli, "first.txt")
        origin = Origin(f"{remote.url}/bare.git", "main")
        mirror = objects(origin, mirrors, head(origin, mirrors))
        before = {path: path.stat().st_size for path in mirror.glob("objects/**/*") if path.is_file()}
        assert sum(before.values()) > 400_000
        objects(origin, mirrors, advance(main, bare, git_cli, "second.txt"))
        fresh = [path for path in mirror.glob("objects/**/*") if path.is_file() and path not in before]
        assert sum(path.stat().st_size for path in fresh) < 10_000

    def test_what_is_there_asks_nobody(self, remote: HttpRemote, mirrors: Path) -> None:
        origin = Origin(f"{remote.url}/bare.git", "main")
        commit = head(origin, mirrors)
        remote.seen.clear()
        assert objects(origin, mirrors, commit) == mirror_of(origin, mirrors)
        assert remote.seen == []

    def test_workers_that_share_no_disk_get_the_same(self, bare: Path, main: Path, tmp_path: Path, git_cli: Git) -> None:
        """The run's commit, wherever the branch is by then."""
        origin = Origin(f"file://{bare}", "main")
        base = head(origin, tmp_path / "one")
        advance(main, bare, git_cli)
        tip = git_cli(main, "rev-parse", "main")
        mirror = objects(origin, tmp_path / "two", base)
        repo = PrivateRepository.create(tmp_path / "task", objects=mirror, commit=base)
        assert not (repo.tree / "more.txt").exists()
        assert git_cli(mirror, "for-each-ref", "--format=%(objectname)") == base != tip

    def test_an_old_server_gives_the_branch(
        self, bare: Path, main: Path, mirrors: Path, tmp_path: Path, git_cli: Git, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake_ssh(tmp_path / "bin", old=True)
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        base = git_cli(main, "rev-parse", "main~1")
        mirror = objects(Origin(f"host:{bare}", "main"), mirrors, base)
        repo = PrivateRepository.create(tmp_path / "task", objects=mirror, commit=base)
        assert (repo.tree / "number.txt").read_text().startswith("2\n")

    def test_sha256(self, tmp_path: Path, mirrors: Path, git_cli: Git) -> None:
        git_cli(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "modern")
        (tmp_path / "modern/a").write_text("a\n")
        git_cli(tmp_path / "modern", "add", "a")
        git_cli(tmp_path / "modern", "commit", "-qm", "first")
        origin = Origin(f"file://{tmp_path}/modern", "main")
        repo, commit = work(origin, mirrors, tmp_path / "task")
        publish(origin, repo.git_dir, commit, "phasegate/x")
        assert len(commit) == 64
        assert git_cli(tmp_path / "modern", "show", "phasegate/x:new") == "new"


class TestManyAtOnce:
    def test_they_share_one_mirror(self, bare: Path, main: Path, mirrors: Path, git_cli: Git) -> None:
        commits = [advance(main, bare, git_cli, f"{number}.txt") for number in range(3)]
        running = [
            subprocess.Popen(
                [sys.executable, "-c", FETCH, f"file://{bare}", str(mirrors), commit],
                stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            for commit in (*commits, *commits)
        ]  # fmt: skip
        answers = {process.communicate()[0].strip() for process in running}
        assert {process.returncode for process in running} == {0}
        assert answers == {str(mirror_of(Origin(f"file://{bare}", "main"), mirrors))}
        [mirror] = mirrors.glob("*.git")
        assert git_cli(mirror, "fsck", "--no-dangling") == ""
        for commit in commits:
            assert git_cli(mirror, "rev-list", "--objects", "--count", commit)

    def test_what_a_killed_fetch_left_holds_nobody(self, bare: Path, main: Path, mirrors: Path, git_cli: Git) -> None:
        origin = Origin(f"file://{bare}", "main")
        mirror = objects(origin, mirrors, head(origin, mirrors))
        commit = advance(main, bare, git_cli)
        for name in ("shallow.lock", "packed-refs.lock", f"refs/phasegate/{commit}.lock", "objects/pack/tmp_pack_x1y2z3"):
            (mirror / name).write_text("")
        assert objects(origin, mirrors, commit) == mirror
        assert not list(mirror.glob("objects/pack/tmp_*"))

    def test_a_mirror_that_was_made_in_part(self, bare: Path, mirrors: Path) -> None:
        origin = Origin(f"file://{bare}", "main")
        mirror_of(origin, mirrors).mkdir(parents=True)
        (mirror_of(origin, mirrors) / "HEAD").write_text("")
        head(origin, mirrors)

    def test_a_mirror_that_is_no_folder(self, bare: Path, mirrors: Path) -> None:
        mirrors.mkdir()
        mirror_of(Origin(f"file://{bare}", "main"), mirrors).write_text("")
        with pytest.raises(WorkspaceError, match="cannot be used") as raised:
            head(Origin(f"file://{bare}", "main"), mirrors)
        assert "Delete it" in raised.value.remedy
