"""Whatever a persona does to the git it was given reaches nobody else: it has no effect. What is refused is in `test_hostile_refused.py`.

Each trick is played in a workspace that then is sealed, checked out, merged with another's work, bundled, taken over by a
next task and left in the origin. Nothing of the persona's may run, no byte may differ, and the origin stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.tricks import Bench, Git, Trick, attributes, seal

from dag_factory.workspace.merge import merge
from dag_factory.workspace.origin import Origin, publish
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.watch import Watch

Make = Callable[..., PrivateRepository]
CRLF = b"one\r\ntwo\r\n$Id$ $Format:%H$\r\n"


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
