"""Every way in which a remote can be away, refuse, or be another than it was when the run began."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.mirrored import FETCH, ROOT, Git, advance, left_after, of_remote, with_history, work
from support.remotes import HttpRemote

from dag_factory.errors import RemoteError, WorkspaceError
from dag_factory.workspace.origin import Origin, head, objects, publish


@pytest.fixture
def bare(main: Path, tmp_path: Path, git_cli: Git) -> Path:
    return with_history(main, tmp_path / "served", git_cli)


class TestAway:
    def test_nobody_listens(self, mirrors: Path) -> None:
        with pytest.raises(RemoteError, match="cannot be reached") as raised:
            head(Origin("http://127.0.0.1:9/x.git", "main"), mirrors)
        assert "clear the task" in raised.value.remedy

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_it_answers_errors(self, status: int, remote: HttpRemote, mirrors: Path) -> None:
        remote.answers = status
        with pytest.raises(RemoteError, match="cannot be reached"):
            head(Origin(f"{remote.url}/bare.git", "main"), mirrors)

    def test_it_goes_away_in_the_middle_of_a_run(self, remote: HttpRemote, main: Path, bare: Path, mirrors: Path, git_cli: Git) -> None:
        origin = Origin(f"{remote.url}/bare.git", "main")
        base = head(origin, mirrors)
        remote.answers = 503
        objects(origin, mirrors, base)  # what is here needs nobody
        with pytest.raises(RemoteError):
            objects(origin, mirrors, advance(main, bare, git_cli))
        remote.answers = None
        objects(origin, mirrors, git_cli(main, "rev-parse", "main"))

    def test_it_is_away_when_the_branch_is_pushed(
        self, remote: HttpRemote, mirrors: Path, tmp_path: Path, bare: Path, git_cli: Git
    ) -> None:
        origin = Origin(f"{remote.url}/bare.git", "main")
        repo, commit = work(origin, mirrors, tmp_path / "task")
        remote.answers = 503
        with pytest.raises(RemoteError, match="cannot be reached"):
            publish(origin, repo.git_dir, commit, "phasegate/x")
        remote.answers = None
        publish(origin, repo.git_dir, commit, "phasegate/x")
        assert git_cli(bare, "rev-parse", "phasegate/x") == commit

    def test_one_that_never_answers_is_left_when_the_task_is_stopped(self, remote: HttpRemote, mirrors: Path) -> None:
        remote.waits, stop = threading.Event(), threading.Event()
        threading.Thread(target=lambda: remote.asked.wait(30) and stop.set(), daemon=True).start()
        with pytest.raises(WorkspaceError, match="was stopped"):
            head(Origin(f"{remote.url}/bare.git", "main", stop=stop), mirrors)
        assert left_after(remote) == []

    def test_nothing_waits_for_it_when_the_worker_is_killed(self, remote: HttpRemote, mirrors: Path) -> None:
        remote.waits = threading.Event()
        worker = subprocess.Popen(
            [sys.executable, "-c", FETCH, f"{remote.url}/bare.git", str(mirrors), "0" * 40], env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        assert remote.asked.wait(30)
        assert of_remote(remote)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert left_after(remote) == []


class TestRefuses:
    @pytest.mark.parametrize("over", ["http", "file"])
    def test_the_push_by_a_hook(self, over: str, remote: HttpRemote, bare: Path, mirrors: Path, tmp_path: Path, git_cli: Git) -> None:
        hook = bare / "hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'Branches need a ticket number.' >&2\nexit 1\n")
        hook.chmod(0o755)
        origin = Origin(f"{remote.url}/bare.git" if over == "http" else f"file://{bare}", "main")
        repo, commit = work(origin, mirrors, tmp_path / "task")
        with pytest.raises(WorkspaceError, match=r"does not take the branch phasegate/x: .*hook declined") as raised:
            publish(origin, repo.git_dir, commit, "phasegate/x")
        assert not isinstance(raised.value, RemoteError)
        assert "branches below phasegate/" in raised.value.remedy
        assert git_cli(bare, "branch", "--list", "phasegate/*") == ""

    def test_reading(self, remote: HttpRemote, mirrors: Path) -> None:
        remote.answers = 403
        with pytest.raises(WorkspaceError, match="refuses this worker"):
            head(Origin(f"{remote.url}/bare.git", "main"), mirrors)

    def test_a_repository_that_is_not_there(self, remote: HttpRemote, mirrors: Path) -> None:
        with pytest.raises(WorkspaceError, match="is no git repository"):
            head(Origin(f"{remote.url}/nothing.git", "main"), mirrors)

    def test_a_branch_somebody_moved_meanwhile(self, bare: Path, mirrors: Path, tmp_path: Path, git_cli: Git) -> None:
        """The lease: what nobody looked at is not overwritten."""
        from dag_factory.workspace import remote as module

        origin = Origin(f"file://{bare}", "main")
        repo, commit = work(origin, mirrors, tmp_path / "task")
        git_cli(bare, "branch", "phasegate/x", "main")
        with pytest.raises(WorkspaceError, match="does not take the branch"):
            module.push(origin, repo.git_dir, commit, "phasegate/x", None)


class TestRewritten:
    def test_the_commit_is_fetched_as_long_as_the_remote_has_it(self, bare: Path, main: Path, tmp_path: Path, git_cli: Git) -> None:
        origin = Origin(f"file://{bare}", "main")
        base = head(origin, tmp_path / "one")
        git_cli(main, "commit", "-q", "--amend", "-m", "other")
        git_cli(main, "push", "-q", "--force", str(bare), "main")
        assert git_cli(objects(origin, tmp_path / "two", base), "cat-file", "-t", base) == "commit"

    def test_and_then_it_is_told_by_name(self, bare: Path, main: Path, tmp_path: Path, git_cli: Git) -> None:
        origin = Origin(f"file://{bare}", "main")
        base = head(origin, tmp_path / "one")
        git_cli(main, "commit", "-q", "--amend", "-m", "other")
        git_cli(main, "push", "-q", "--force", str(bare), "main")
        git_cli(bare, "reflog", "expire", "--expire=now", "--all")
        git_cli(bare, "gc", "-q", "--prune=now")
        with pytest.raises(WorkspaceError, match=f"no longer has the commit {base[:12]} .* main was rewritten") as raised:
            objects(origin, tmp_path / "two", base)
        assert "start a new run" in raised.value.remedy
        assert objects(origin, tmp_path / "one", base).exists()

    def test_the_result_is_left_all_the_same(self, bare: Path, main: Path, mirrors: Path, tmp_path: Path, git_cli: Git) -> None:
        origin = Origin(f"file://{bare}", "main", depth=0)
        repo, commit = work(origin, mirrors, tmp_path / "task")
        git_cli(main, "commit", "-q", "--amend", "-m", "other")
        git_cli(main, "push", "-q", "--force", str(bare), "main")
        publish(origin, repo.git_dir, commit, "phasegate/x")
        assert git_cli(bare, "show", "phasegate/x:new") == "new"

    def test_it_was_deleted(self, bare: Path, mirrors: Path, git_cli: Git) -> None:
        git_cli(bare, "branch", "other", "main")
        git_cli(bare, "update-ref", "-d", "refs/heads/main")
        with pytest.raises(WorkspaceError, match="has no branch main; it has other"):
            head(Origin(f"file://{bare}", "main"), mirrors)

    def test_the_repository_is_gone(self, bare: Path, mirrors: Path) -> None:
        origin = Origin(f"file://{bare}", "main")
        base = head(origin, mirrors)
        shutil.rmtree(bare)
        assert objects(origin, mirrors, base).exists()
        with pytest.raises(WorkspaceError, match="is no git repository"):
            head(origin, mirrors)
