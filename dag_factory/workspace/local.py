"""A repository on this machine: it is only read, lends its objects where they lie, and is given one branch.

No transport is used, so none of its hooks or settings are asked.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.git import Result, git, last_words
from dag_factory.workspace.gitdir import bundle
from dag_factory.workspace.located import Origin, no_repository

__all__ = ["branches", "give", "repository", "taken", "tip"]

_ANY = tuple(range(256))


def repository(origin: Origin) -> Path:
    """Find the git directory of a local repository; a folder inside one is not one.

    Raises
    ------
    WorkspaceError: there is none.

    """
    folder = Path(origin.location).expanduser().resolve()
    if not folder.is_dir():
        raise no_repository(origin, "there is no such folder")
    for plain in (folder / ".git", folder):  # the two usual layouts, without asking git
        if (plain / "HEAD").is_file() and (plain / "objects").is_dir() and (plain / "refs").is_dir():
            return plain
    ceiling = {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    ask = ("rev-parse", "--path-format=absolute", "--git-common-dir")
    found = git(*ask, git_dir=None, cwd=folder, env=ceiling, ok=_ANY)
    if found.code:
        raise no_repository(origin, last_words(found))
    return Path(found.out.decode("utf-8", "surrogateescape").rstrip("\n"))


def tip(git_dir: Path, branch: str) -> str | None:
    """Tell which commit a branch is at; None if there is none."""
    found = git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}", git_dir=git_dir, ok=_ANY)
    return found.text if found.code == 0 else None


def branches(git_dir: Path) -> list[str]:
    """Name the branches there are."""
    return git("for-each-ref", "--format=%(refname:short)", "refs/heads", git_dir=git_dir).text.split()


def taken(git_dir: Path, branch: str) -> tuple[str | None, list[str]]:
    """Tell where `branch` of a local repository is, and which of its branches are checked out or its default."""
    lines = git("worktree", "list", "--porcelain", git_dir=git_dir).text.splitlines()
    lines += ["branch " + git("symbolic-ref", "--quiet", "HEAD", git_dir=git_dir, ok=_ANY).text]
    return tip(git_dir, branch), [line.removeprefix("branch refs/heads/") for line in lines if "branch refs/" in line]


def give(origin: Origin, git_dir: Path, lender: Path, commit: str, branch: str, now: str | None) -> None:
    """Leave `commit` as `branch` in the repository `lender`, if that still stands at `now`.

    Raises
    ------
    WorkspaceError: it cannot be written, or the commit does not build on what is there.

    """
    done = _hand_over(origin, git_dir, lender, commit)
    if done.code == 0:
        done = git("update-ref", f"refs/heads/{branch}", commit, now or "0" * len(commit), git_dir=lender, ok=_ANY)
    if done.code:
        raise WorkspaceError(
            f"{origin.shown} does not take the branch {branch}: {last_words(done)}.",
            remedy="Give Airflow's user the right to write branches there.",
        )


def _hand_over(origin: Origin, git_dir: Path, local: Path, commit: str) -> Result:
    """Copy the objects of `commit` into a local origin: no transport, so none of its hooks or settings are asked."""
    whole = ("rev-list", "--quiet", "--objects", commit, "--not", "--all")
    found = git(*whole, git_dir=local, ok=_ANY)
    if found.code == 0:
        return found
    base = tip(local, origin.branch) or ""
    if not base or git("merge-base", base, commit, git_dir=git_dir, ok=_ANY).code:
        raise WorkspaceError(
            f"{commit[:12]} does not build on the branch {origin.branch} of {origin.shown}.",
            remedy="See whether the branch was replaced while the workflow ran.",
        )
    with tempfile.TemporaryDirectory(prefix="phasegate-") as folder:
        parcel = Path(folder) / "parcel.bundle"
        bundle(git_dir, base, commit, parcel)
        taken = git("bundle", "unbundle", str(parcel), git_dir=local, ok=_ANY)
    return taken if taken.code else git(*whole, git_dir=local, ok=_ANY)
