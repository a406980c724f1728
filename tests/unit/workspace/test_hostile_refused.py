"""What a persona leaves in its workspace for somebody else's git to find is refused by name: repositories in it, links out of it, attributes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.tricks import Bench, Git, Trick, attributes, seal

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.origin import Origin
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.watch import Watch


def submodule(repo: PrivateRepository, bench: Bench) -> None:
    bench.git(repo.tree, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(bench.main), "vendored")


def gitlink(repo: PrivateRepository, bench: Bench) -> None:
    (repo.tree / "vendored").mkdir()
    (repo.tree / "vendored/.git").write_text(f"gitdir: {bench.main}/.git\n")


def nested(repo: PrivateRepository, bench: Bench) -> None:
    bench.git(repo.tree, "init", "-q", "src/inner")


def folded(repo: PrivateRepository, bench: Bench) -> None:
    (repo.tree / "src/.GIT").mkdir()
    (repo.tree / "src/.GIT/config").write_text(f"[core]\n\tfsmonitor = {bench.trap}\n")


def short_name(repo: PrivateRepository, bench: Bench) -> None:
    (repo.tree / "GIT~1").write_text(f"gitdir: {bench.main}/.git\n")


def invisible(repo: PrivateRepository, bench: Bench) -> None:
    """What a Mac takes for `.git`: CVE-2014-9390."""
    (repo.tree / ".g\u200cit").mkdir()
    (repo.tree / ".g\u200cit/config").write_text(f"[core]\n\tfsmonitor = {bench.trap}\n")


def bare_inside(repo: PrivateRepository, bench: Bench) -> None:
    bench.git(repo.tree, "init", "-q", "--bare", "src/store")


def bare_at_the_root(repo: PrivateRepository, bench: Bench) -> None:
    for name in ("objects", "refs"):
        (repo.tree / name).mkdir()
    (repo.tree / "HEAD").write_text("ref: refs/heads/main\n")
    (repo.tree / "config").write_text(f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {bench.trap}\n")


def bare_of_files(repo: PrivateRepository, bench: Bench) -> None:
    """Git asks whether it may enter `objects` and `refs`; into a file that may be executed it thinks it may."""
    bare_at_the_root(repo, bench)
    for name in ("objects", "refs"):
        (repo.tree / name).rmdir()
        (repo.tree / name).touch(0o755)


def bare_elsewhere(repo: PrivateRepository, bench: Bench) -> None:
    """A folder of which the objects and the settings lie beside it."""
    for name in ("objects", "refs"):
        (repo.tree / "src/store" / name).mkdir(parents=True)
        (repo.tree / "src/store" / name / "x").write_text("")
    (repo.tree / "src/store/config").write_text(f"[core]\n\tfsmonitor = {bench.trap}\n")
    (repo.tree / "src/door").mkdir()
    (repo.tree / "src/door/HEAD").write_text("ref: refs/heads/main\n")
    (repo.tree / "src/door/commondir").write_text("../store\n")
    assert bench.git(repo.tree / "src/door", "rev-parse", "--git-dir") == "."


def link_out(repo: PrivateRepository, bench: Bench) -> None:
    (repo.tree / "src/config").symlink_to(bench.main / ".git/config")


def folder_link(repo: PrivateRepository, bench: Bench) -> None:
    (repo.tree / "tests/test_app.py").unlink()
    (repo.tree / "tests").rmdir()
    (repo.tree / "tests").symlink_to(bench.main / "tests")


@pytest.mark.parametrize(
    ("trick", "rule"),
    [
        (submodule, "workspace-submodule"),
        (gitlink, "workspace-submodule"),
        (nested, "workspace-submodule"),
        (folded, "workspace-submodule"),
        (short_name, "workspace-submodule"),
        (invisible, "workspace-path-name"),
        (bare_inside, "workspace-submodule"),
        (bare_at_the_root, "workspace-submodule"),
        (bare_of_files, "workspace-submodule"),
        (bare_elsewhere, "workspace-submodule"),
        (link_out, "workspace-symlink"),
        (folder_link, "workspace-symlink"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_trick_is_refused_by_name(trick: Trick, rule: str, repo: PrivateRepository, bench: Bench, main: Path, origin: Origin) -> None:
    watch = Watch.begin(origin, main / ".git", ())
    trick(repo, bench)
    bench.ran.unlink(missing_ok=True)
    sealed = seal(repo)
    assert sealed.commit is None
    assert rule in {refusal.rule for refusal in sealed.refusals}
    assert watch.refusals() == []
    assert not bench.ran.exists()


def test_attributes_must_be_named_to_be_written(repo: PrivateRepository, bench: Bench) -> None:
    attributes(repo, bench)
    sealed = repo.seal(writes=["**"], declared=[], message="work")
    assert {refusal.path for refusal in sealed.refusals} == {".gitattributes", "src/.gitattributes"}


@pytest.mark.parametrize("name", [".GIT/config", "src/.git/config", "GIT~1", ".git./x", "a/.g\u200cit/config"])
def test_a_base_that_holds_what_some_file_system_takes_for_git(name: str, main: Path, tmp_path: Path, git_cli: Git) -> None:
    """Nobody checks it out: git refuses, and says which path."""
    blob = git_cli(main, "hash-object", "-w", "README.md")
    entry, kind, what = blob, "blob", "100644"
    for part in reversed(name.split("/")):
        (tmp_path / "tree").write_text(f"{what} {kind} {entry}\t{part}\n")
        with (tmp_path / "tree").open("rb") as stream:
            entry = subprocess.run(["git", "mktree"], cwd=main, stdin=stream, capture_output=True, text=True, check=True).stdout.strip()
        kind, what = "tree", "040000"
    commit = git_cli(main, "commit-tree", entry, "-m", "evil")
    with pytest.raises(WorkspaceError, match="invalid path"):
        PrivateRepository.create(tmp_path / "task", objects=main / ".git", commit=commit)
    assert not (tmp_path / "task/tree/.GIT").exists()
