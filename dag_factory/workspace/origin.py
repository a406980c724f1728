"""The repository a workflow works on: where its objects are, where its branch stands, and leaving a result in it.

A local repository is only read, and lends its objects where they lie; of one behind a URL a mirror on this worker lends
them. `publish` is the only call that writes into an origin, and it writes one branch that is nobody's work in progress.
"""

from __future__ import annotations

from pathlib import Path

from dag_factory.errors import WorkspaceError
from dag_factory.workspace import local, remote
from dag_factory.workspace.gitdir import is_commit_id
from dag_factory.workspace.located import Origin, check_branch, no_branch

__all__ = ["Origin", "head", "objects", "publish"]


def objects(origin: Origin, mirrors: Path, commit: str | None = None) -> Path:
    """Return the git directory to borrow the origin's objects from.

    Parameters
    ----------
    mirrors: the folder for mirrors of what lies behind URLs.
    commit: a commit that is needed; a mirror that has it already asks nobody. None is where the branch is now.

    Raises
    ------
    RemoteError: the remote is away.
    WorkspaceError: there is no such repository, branch or commit, or the remote refuses.

    """
    if not origin.is_url:
        return local.repository(origin)
    return remote.fetch(origin, mirrors, commit if commit and is_commit_id(commit) else remote.tip(origin))


def head(origin: Origin, mirrors: Path) -> str:
    """Return the commit the origin's branch is at now; of a remote, it is fetched too.

    Raises
    ------
    RemoteError: the remote is away.
    WorkspaceError: there is no such repository or branch, it is empty, or the remote refuses.

    """
    if origin.is_url:
        commit = remote.tip(origin)
        remote.fetch(origin, mirrors, commit)
        return commit
    git_dir = local.repository(origin)
    found = local.tip(git_dir, origin.branch)
    if found is None:
        raise no_branch(origin, local.branches(git_dir))
    return found


def publish(origin: Origin, git_dir: Path, commit: str, branch: str, *, force: bool = False) -> None:
    """Leave `commit` of the repository `git_dir` in the origin as `branch`; doing so again changes nothing.

    Parameters
    ----------
    force: move the branch if it exists at another commit.

    Raises
    ------
    RemoteError: the remote is away.
    WorkspaceError: the branch is main, master, the origin's own, its default one or checked out somewhere; it exists
        at another commit; or the origin does not take it.

    """
    check_branch(branch)
    if not is_commit_id(commit):
        raise WorkspaceError(f"{commit!r} is not a full commit id.", remedy="Give the id `git rev-parse` prints.")
    lender = None if origin.is_url else local.repository(origin)
    if lender:
        now, busy = local.taken(lender, branch)
    else:
        found, busy = remote.branches(origin, branch)
        now = found.get(branch)
    if branch.casefold() in {name.casefold() for name in (*busy, "main", "master", "head", origin.branch)}:
        raise WorkspaceError(
            f"The branch {branch} of {origin.shown} is not Phasegate's to write.",
            remedy="Publish under a name of its own, such as phasegate/<workflow>/<run>.",
        )
    if now == commit:
        return
    if now is not None and not force:
        what = f"The branch {branch} of {origin.shown} exists at {now[:12]}, not at {commit[:12]}."
        raise WorkspaceError(what, remedy="Delete the branch, or publish under another name.")
    if lender:
        local.give(origin, git_dir, lender, commit, branch, now)
    else:
        remote.push(origin, git_dir, commit, branch, now)
