"""A remote: one mirror a worker, one commit a fetch; and every way in which it can be away, refuse, or be another than it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.remotes import HttpRemote, fake_ssh, http_remote

from dag_factory.errors import RemoteError, WorkspaceError
from dag_factory.workspace.origin import Origin, head, objects, publish
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.remote import mirror_of

Git = Callable[..., str]
ROOT = Path(__file__).parents[3]
FETCH = (
    "import sys; from pathlib import Path; from dag_factory.workspace.origin import Origin, objects;"
    "print(objects(Origin(sys.argv[1], 'main'), Path(sys.argv[2]), sys.argv[3]))"
)


@pytest.fixture
def bare(main: Path, tmp_path: Path, git_cli: Git) -> Path:
    """A remote with some history: two commits more than the template."""
    (tmp_path / "served").mkdir()
    for number in (2, 3):
        (main / "number.txt").write_text(f"{number}\n" * 2000)
        git_cli(main, "add", "-A")
        git_cli(main, "commit", "-qm", f"commit {number}")
    git_cli(tmp_path, "clone", "-q", "--bare", str(main), "served/bare.git")
    return tmp_path / "served/bare.git"


@pytest.fixture
def remote(bare: Path) -> Iterator[HttpRemote]:
    with http_remote(bare.parent) as found:
        yield found


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    return tmp_path / "mirrors"


def advance(main: Path, bare: Path, git_cli: Git, name: str = "more.txt") -> str:
    (main / name).write_text("more\n")
    git_cli(main, "add", "-A")
    git_cli(main, "commit", "-qm", name)
    git_cli(main, "push", "-q", str(bare), "main")
    return git_cli(main, "rev-parse", "main")


def work(origin: Origin, mirrors: Path, where: Path) -> tuple[PrivateRepository, str]:
    base = head(origin, mirrors)
    repo = PrivateRepository.create(where, objects=objects(origin, mirrors, base), commit=base)
    (repo.tree / "new").write_text("new\n")
    commit = repo.seal(writes=["**"], declared=[], message="work").commit
    assert commit
    return repo, commit


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


def left_after(remote: HttpRemote) -> list[str]:
    """Who still speaks to the server once what was killed had time to die."""
    end = time.monotonic() + 30
    while (found := of_remote(remote)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def of_remote(remote: HttpRemote) -> list[str]:
    """The command lines of all processes that speak to the server."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                line = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"{remote.url}/" in line and "git" in line and "python" not in line:
                found.append(line)
    return found


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
