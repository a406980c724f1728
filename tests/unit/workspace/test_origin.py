from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.gitdir import bundle
from dag_factory.workspace.origin import Origin, head, objects, publish
from dag_factory.workspace.private import PrivateRepository

Git = Callable[..., str]


def snapshot(folder: Path) -> dict[str, bytes]:
    """Everything there is, byte for byte."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def bare(main: Path, tmp_path: Path, git_cli: Git) -> Path:
    git_cli(tmp_path, "clone", "-q", "--bare", str(main), "bare.git")
    return tmp_path / "bare.git"


class TestLocal:
    def test_objects_are_borrowed_where_they_lie(self, origin: Origin, main: Path, base: str, tmp_path: Path) -> None:
        before = snapshot(main)
        assert objects(origin, tmp_path / "mirrors") == main / ".git"
        assert head(origin, tmp_path / "mirrors") == base
        assert snapshot(main) == before
        assert not (tmp_path / "mirrors").exists()

    def test_bare(self, bare: Path, base: str, tmp_path: Path) -> None:
        assert objects(Origin(str(bare), "main"), tmp_path) == bare
        assert head(Origin(str(bare), "main"), tmp_path) == base

    def test_a_linked_worktree_lends_what_its_repository_has(self, main: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
        git_cli(main, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
        side = Origin(str(tmp_path / "side"), "side")
        assert objects(side, tmp_path) == main / ".git"
        assert head(side, tmp_path) == base

    def test_dirty_files_and_a_detached_head_do_not_matter(
        self, origin: Origin, main: Path, base: str, tmp_path: Path, git_cli: Git
    ) -> None:
        (main / "README.md").write_text("dirty\n")
        git_cli(main, "checkout", "-q", "--detach")
        assert head(origin, tmp_path) == base

    def test_no_such_folder(self, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="there is no such folder") as raised:
            head(Origin(str(tmp_path / "nothing"), "main"), tmp_path)
        assert "workspace:" in raised.value.remedy

    def test_a_folder_inside_a_repository_is_none(self, main: Path, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="is no git repository"):
            head(Origin(str(main / "src"), "main"), tmp_path)

    def test_no_such_branch_tells_those_there_are(self, main: Path, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="has no branch trunk; it has main"):
            head(Origin(str(main), "trunk"), tmp_path)

    def test_an_empty_repository(self, tmp_path: Path, git_cli: Git) -> None:
        git_cli(tmp_path, "init", "-q", "-b", "main", "empty")
        with pytest.raises(WorkspaceError, match="or no commit at all") as raised:
            head(Origin(str(tmp_path / "empty"), "main"), tmp_path)
        assert "first commit" in raised.value.remedy


class TestBehindUrl:
    def test_a_mirror_of_what_the_branch_is_at_alone(self, bare: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
        git_cli(bare, "branch", "other", "main")
        git_cli(bare, "tag", "v1", "main")
        origin, mirrors = Origin(f"file://{bare}", "main"), tmp_path / "mirrors"
        mirror = objects(origin, mirrors)
        assert mirror.parent == mirrors
        assert len(mirror.stem) == 64
        assert git_cli(mirror, "for-each-ref", "--format=%(refname)") == f"refs/phasegate/{base}"
        assert head(origin, mirrors) == base

    def test_what_is_new_is_fetched_and_what_is_there_is_not(self, bare: Path, main: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
        origin, mirrors = Origin(f"file://{bare}", "main"), tmp_path / "mirrors"
        objects(origin, mirrors)
        git_cli(main, "commit", "-q", "--allow-empty", "-m", "second")
        git_cli(main, "push", "-q", str(bare), "main")
        assert head(origin, mirrors) == git_cli(main, "rev-parse", "main")
        shutil.rmtree(bare)
        assert objects(origin, mirrors, base).exists()
        with pytest.raises(WorkspaceError, match="is no git repository"):
            objects(origin, mirrors)

    def test_a_branch_that_was_replaced(self, bare: Path, main: Path, base: str, tmp_path: Path, git_cli: Git) -> None:
        origin, mirrors = Origin(f"file://{bare}", "main"), tmp_path / "mirrors"
        objects(origin, mirrors)
        git_cli(main, "commit", "-q", "--amend", "-m", "other")
        git_cli(main, "push", "-q", "--force", str(bare), "main")
        assert head(origin, mirrors) == git_cli(main, "rev-parse", "main")
        assert git_cli(objects(origin, mirrors, base), "cat-file", "-t", base) == "commit"

    def test_a_lock_left_behind(self, bare: Path, base: str, tmp_path: Path) -> None:
        origin, mirrors = Origin(f"file://{bare}", "main"), tmp_path / "mirrors"
        (objects(origin, mirrors) / "refs/heads/main.lock").write_text("")
        assert head(origin, mirrors) == base

    def test_many_at_once(self, bare: Path, base: str, tmp_path: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from dag_factory.workspace.origin import Origin, head;"
            "print(head(Origin(sys.argv[1], 'main'), Path(sys.argv[2])))"
        )
        command = [sys.executable, "-c", code, f"file://{bare}", str(tmp_path / "mirrors")]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        assert [process.communicate()[0].strip() for process in running] == [base] * 4

    def test_no_such_branch(self, bare: Path, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="has no branch trunk"):
            head(Origin(f"file://{bare}", "trunk"), tmp_path / "mirrors")

    def test_passwords_are_not_told(self, tmp_path: Path) -> None:
        origin = Origin("https://me:s3cret@localhost:1/x.git", "main")
        with pytest.raises(WorkspaceError, match=r"https://localhost:1/x\.git") as raised:
            head(origin, tmp_path / "mirrors")
        assert "s3cret" not in str(raised.value)

    def test_no_transport_that_runs_programs(self, tmp_path: Path) -> None:
        with pytest.raises(WorkspaceError, match="not allowed"):
            head(Origin(f"ext::touch {tmp_path / 'ran'}", "main"), tmp_path / "mirrors")
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize(
        ("location", "is_url"),
        [
            ("https://host/x", True),
            ("git@host:x.git", True),
            ("host:x", True),
            ("/a/b", False),
            ("./a:b", False),
            ("/a/b:c", False),
            ("~/x", False),
        ],
    )
    def test_what_is_a_url(self, location: str, is_url: bool) -> None:
        assert Origin(location, "main").is_url is is_url


@pytest.mark.parametrize(
    ("location", "branch"),
    [
        ("", "main"),
        ("--upload-pack=x", "main"),
        ("/x\n/y", "main"),
        ("/x", ""),
        ("/x", "-f"),
        ("/x", "a..b"),
        ("/x", "a b"),
        ("/x", "a/.b"),
        ("/x", "a.lock"),
        ("/x", "a//b"),
        ("/x", "*"),
        ("/x", "@{-1}"),
    ],
)
def test_locations_and_branches_that_are_none(location: str, branch: str) -> None:
    with pytest.raises(WorkspaceError):
        Origin(location, branch)


def test_a_shallow_origin(main: Path, tmp_path: Path, git_cli: Git) -> None:
    git_cli(main, "commit", "-q", "--allow-empty", "-m", "second")
    git_cli(tmp_path, "clone", "-q", "--depth=1", f"file://{main}", "shallow")
    origin = Origin(str(tmp_path / "shallow"), "main")
    tip = head(origin, tmp_path)
    repo = PrivateRepository.create(tmp_path / "task", objects=objects(origin, tmp_path), commit=tip)
    (repo.tree / "src/new.py").write_text("new\n")
    commit = repo.seal(writes=["src/**"], declared=[], message="m").commit
    assert commit
    bundle(repo.git_dir, tip, commit, tmp_path / "x.bundle")
    publish(origin, repo.git_dir, commit, "phasegate/x")
    assert git_cli(tmp_path / "shallow", "log", "--format=%s", "phasegate/x") == "m\nsecond"


def test_a_partial_clone_lacks_what_is_needed(main: Path, tmp_path: Path, git_cli: Git) -> None:
    git_cli(main, "config", "uploadpack.allowFilter", "true")
    git_cli(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{main}", "partial.git")
    origin = Origin(str(tmp_path / "partial.git"), "main")
    with pytest.raises(WorkspaceError, match="unable to read") as raised:
        PrivateRepository.create(tmp_path / "task", objects=objects(origin, tmp_path), commit=head(origin, tmp_path))
    assert "partial clone" in raised.value.remedy
