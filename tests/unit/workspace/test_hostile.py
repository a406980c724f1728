"""Whatever a persona does to the git it was given reaches nobody else: it is refused by name, or it has no effect.

Each trick is played in a workspace that then is sealed, checked out, merged with another's work, bundled, taken over by a
next task and left in the origin. Nothing of the persona's may run, no byte may differ, and the origin stays as it was.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.merge import merge
from dag_factory.workspace.origin import Origin, publish
from dag_factory.workspace.private import PrivateRepository, Sealed
from dag_factory.workspace.watch import Watch

Git = Callable[..., str]
Make = Callable[..., PrivateRepository]
Trick = Callable[[PrivateRepository, "Bench"], None]
CRLF = b"one\r\ntwo\r\n$Id$ $Format:%H$\r\n"


class Bench:
    """What tricks are played with."""

    def __init__(self, tmp_path: Path, main: Path, base: str, git_cli: Git) -> None:
        self.git, self.main, self.base, self.ran = git_cli, main, base, tmp_path / "ran"
        self.trap = tmp_path / "trap"
        self.trap.write_text(f"#!/bin/sh\necho $0 $@ >> {self.ran}\ncat\n")
        self.trap.chmod(0o755)

    def config(self, repo: PrivateRepository, **settings: str) -> None:
        """Write settings by hand: some of them would keep `git config` itself from running again."""
        with (repo.tree / ".git/config").open("a") as file:
            for key, value in settings.items():
                section, *sub, name = key.split("__")
                middle = f' "{sub[0]}"' if sub else ""
                file.write(f"[{section}{middle}]\n\t{name} = {value}\n")


@pytest.fixture
def bench(tmp_path: Path, main: Path, base: str, git_cli: Git) -> Bench:
    return Bench(tmp_path, main, base, git_cli)


def attributes(repo: PrivateRepository, bench: Bench) -> None:
    drivers = ("filter__x__clean", "filter__x__smudge", "filter__x__process", "diff__x__command", "diff__x__textconv", "merge__x__driver")
    bench.config(repo, **dict.fromkeys(drivers, str(bench.trap)), filter__x__required="true")
    lines = "* text=auto eol=crlf ident export-subst export-ignore filter=x diff=x merge=x working-tree-encoding=UTF-16\n"
    (repo.tree / ".git/info/attributes").write_text(lines)
    (repo.tree / ".gitattributes").write_text(lines)
    (repo.tree / "src/.gitattributes").write_text(lines)


def settings(repo: PrivateRepository, bench: Bench) -> None:
    programs = (
        "core__fsmonitor", "core__hooksPath", "core__sshCommand", "core__pager", "core__editor", "core__askPass", "core__gitProxy",
        "core__alternateRefsCommand", "gpg__program", "gpg__ssh__program", "diff__external", "interactive__diffFilter", "credential__helper",
        "sequence__editor", "uploadpack__packObjectsHook", "trailer__x__command", "alias__status", "remote__origin__uploadpack",
    )  # fmt: skip
    bench.config(repo, **dict.fromkeys(programs, str(bench.trap)))
    bench.config(
        repo, core__worktree="/", core__autocrlf="true", core__eol="crlf", core__ignoreCase="true", core__symlinks="false", core__fileMode="false",
        core__excludesFile=str(repo.tree / "README.md"), core__attributesFile=str(repo.tree / "README.md"), commit__gpgSign="true",
        core__untrackedCache="true", core__bigFileThreshold="1", i18n__commitEncoding="UTF-16", merge__renames="copies", protocol__ext__allow="always",
        include__path=str(bench.trap), url__evil__insteadOf=str(bench.main), extensions__worktreeConfig="true", submodule__recurse="true",
    )  # fmt: skip
    (repo.tree / ".git/config.worktree").write_text(f"[core]\n\tfsmonitor = {bench.trap}\n")


def hooks(repo: PrivateRepository, bench: Bench) -> None:
    folder = repo.tree / ".git/hooks"
    folder.mkdir(exist_ok=True)
    for name in (
        "pre-commit", "post-commit", "commit-msg", "prepare-commit-msg", "post-checkout", "post-merge", "post-index-change", "pre-push",
        "reference-transaction", "fsmonitor-watchman", "post-rewrite", "pre-auto-gc", "update", "pre-receive", "post-receive", "push-to-checkout",
    ):  # fmt: skip
        (folder / name).symlink_to(bench.trap)


def index_tricks(repo: PrivateRepository, bench: Bench) -> None:
    bench.git(repo.tree, "update-index", "--assume-unchanged", "src/app.py")
    bench.git(repo.tree, "update-index", "--skip-worktree", "README.md")
    bench.git(repo.tree, "rm", "-q", "--cached", "run.sh")
    bench.git(repo.tree, "update-index", "--chmod=+x", "README.md")
    (repo.tree / "later.txt").write_text("later\n")
    bench.git(repo.tree, "add", "-N", "later.txt")
    (repo.tree / "later.txt").unlink()


def sparse(repo: PrivateRepository, bench: Bench) -> None:
    bench.config(repo, core__sparseCheckout="true", core__sparseCheckoutCone="false")
    (repo.tree / ".git/info/sparse-checkout").write_text("/src/\n")
    (repo.tree / ".git/info/exclude").write_text("*\n")


def split_index(repo: PrivateRepository, bench: Bench) -> None:
    bench.config(repo, core__splitIndex="true")
    bench.git(repo.tree, "update-index", "--split-index")
    (repo.tree / ".git/index").write_bytes(b"no index at all")


def replaced(repo: PrivateRepository, bench: Bench) -> None:
    other = bench.git(repo.tree, "commit-tree", "HEAD^{tree}", "-m", "another past")
    bench.git(repo.tree, "replace", bench.base, other)
    bench.git(repo.tree, "replace", "HEAD:README.md", bench.git(repo.tree, "rev-parse", "HEAD:run.sh"))


def grafts(repo: PrivateRepository, bench: Bench) -> None:
    (repo.tree / ".git/info/grafts").write_text(f"{bench.base} {bench.base}\n")
    (repo.tree / ".git/shallow").write_text(f"{bench.base}\n")


def alternates(repo: PrivateRepository, bench: Bench) -> None:
    forged = repo.tree / ".git/objects/86/f5ffa01e9ed4f9abaa4ba64ac40f9e2ac5f2e5"
    forged.parent.mkdir(exist_ok=True)
    forged.write_bytes(b"forged")
    (repo.tree / ".git/objects/info/alternates").write_text("/nowhere\n")
    (repo.tree / ".git/objects/info/http-alternates").write_text("http://127.0.0.1:9/\n")
    (repo.tree / ".git/commondir").write_text(f"{bench.main}/.git\n")


def promised(repo: PrivateRepository, bench: Bench) -> None:
    bench.config(repo, core__repositoryFormatVersion="1", extensions__partialClone="origin", remote__origin__promisor="true")
    bench.config(repo, remote__origin__url=f"ext::{bench.trap}")


def linked_elsewhere(repo: PrivateRepository, bench: Bench) -> None:
    """Its own worktree, in the origin even, if git would let it."""
    bench.git(repo.tree, "worktree", "add", "-q", str(repo.where / "another"), check=False)
    bench.git(repo.tree, "config", "core.bare", "true")


def rewritten(repo: PrivateRepository, bench: Bench) -> None:
    bench.git(repo.tree, "commit", "-q", "--allow-empty", "--amend", "-m", "mine", check=False)
    bench.git(repo.tree, "tag", "sealed")
    bench.git(repo.tree, "checkout", "-q", "--orphan", "nothing")
    bench.git(repo.tree, "reflog", "expire", "--expire=now", "--all")
    bench.git(repo.tree, "gc", "-q", "--prune=now")
    (repo.tree / ".git/refs/heads/main").write_text("0" * 40 + "\n")


def mailmap_and_notes(repo: PrivateRepository, bench: Bench) -> None:
    (repo.tree / ".mailmap").write_text("Somebody Else <else@example.com> <phasegate@localhost>\n")
    bench.git(repo.tree, "notes", "add", "-m", "PASSED", "HEAD")


SILENT = (
    settings,
    hooks,
    index_tricks,
    sparse,
    split_index,
    replaced,
    grafts,
    alternates,
    promised,
    linked_elsewhere,
    rewritten,
    mailmap_and_notes,
)


@pytest.mark.parametrize("trick", [attributes, *SILENT], ids=lambda trick: trick.__name__)
def test_a_trick_has_no_effect(
    trick: Trick, make: Make, bench: Bench, main: Path, origin: Origin, base: str, tmp_path: Path, git_cli: Git
) -> None:
    watch = Watch.begin(origin, main / ".git", ())
    repo, other = make("task"), make("other")
    trick(repo, bench)
    bench.ran.unlink(missing_ok=True)  # what its own git ran in its own workspace is its own affair
    (repo.tree / "src/app.py").write_bytes(CRLF)
    (repo.tree / "src/new.py").write_bytes(CRLF)
    (repo.tree / "README.md").write_text("changed\n")
    (other.tree / "tests/test_more.py").write_text("more\n")

    sealed = seal(repo)
    theirs = seal(other)
    assert sealed.commit is not None
    assert theirs.commit is not None
    expected = {"src/app.py": "M", "src/new.py": "A", "README.md": "M"}
    extra = {".gitattributes", "src/.gitattributes", ".mailmap"} & {change.path for change in sealed.changes}
    assert {change.path: change.status for change in sealed.changes if change.path not in extra} == expected

    merged = tmp_path / "merged"
    repo.bundle(base, sealed.commit, tmp_path / "sealed.bundle")
    other.bundle(base, theirs.commit, tmp_path / "theirs.bundle")
    bundles = [tmp_path / "sealed.bundle", tmp_path / "theirs.bundle"]
    joint = PrivateRepository.create(merged, objects=main / ".git", commit=base, bundles=bundles, with_tree=False)
    result = merge(joint, base, [("task", sealed.commit), ("other", theirs.commit)])
    assert result.conflicts == ()

    joint.bundle(base, result.commit, tmp_path / "merged.bundle")
    after = make("next", commit=result.commit, bundles=[tmp_path / "merged.bundle"])
    after.checkout(result.commit, tmp_path / "clean")
    for folder in (after.tree, tmp_path / "clean"):
        assert (folder / "src/app.py").read_bytes() == (folder / "src/new.py").read_bytes() == CRLF
        assert (folder / "README.md").read_text() == "changed\n"
        assert (folder / "tests/test_more.py").read_text() == "more\n"
        assert (folder / "run.sh").stat().st_mode & 0o100
    assert seal(after).changes == ()

    assert watch.refusals() == []
    publish(origin, joint.git_dir, result.commit, "phasegate/x/y")
    assert git_cli(main, "status", "--porcelain") == ""
    assert git_cli(main, "log", "-1", "--format=%an <%ae>", "phasegate/x/y") == "Phasegate <phasegate@localhost>"
    assert git_cli(main, "fsck", "--strict") == ""
    assert not bench.ran.exists()


def seal(repo: PrivateRepository) -> Sealed:
    return repo.seal(writes=["**", ".gitattributes", ".gitmodules"], declared=[], message="work")


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
