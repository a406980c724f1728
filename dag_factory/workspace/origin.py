"""The repository a workflow works on: where its objects are, where its branch stands, and leaving a result in it.

A local repository is only read, and lends its objects where they lie. One behind a URL is mirrored, one bare mirror
for each URL, so that tasks on one machine fetch once. `publish` is the only call that writes into an origin, and it
writes one branch that is nobody's work in progress.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.git import Result, git, last_words
from dag_factory.workspace.gitdir import bundle, is_commit_id
from dag_factory.workspace.lock import locked

__all__ = ["Origin", "head", "objects", "publish"]

_ANY = tuple(range(256))


@dataclass(frozen=True)
class Origin:
    """Where a workflow's product lives.

    Parameters
    ----------
    location: a folder, bare or with a work tree, or whatever URL git fetches from.
    branch: the branch work starts from; Phasegate never writes to it.

    """

    location: str
    branch: str

    def __post_init__(self) -> None:
        if not self.location or self.location.startswith("-") or not self.location.isprintable():
            raise WorkspaceError(f"{self.location!r} is no repository.", remedy="Write a folder or a URL.")
        _check_branch(self.branch)

    @property
    def is_url(self) -> bool:
        """Whether git reaches it through a transport: it has `://`, or a colon before any slash as `host:path` has."""
        return "://" in self.location or ":" in self.location.split("/", 1)[0]

    @property
    def shown(self) -> str:
        """The location without a name or password in it, for messages."""
        return re.sub(r"(?<=://)[^/]*@", "", self.location)


def objects(origin: Origin, mirrors: Path, commit: str | None = None) -> Path:
    """Return the git directory to borrow the origin's objects from.

    Parameters
    ----------
    mirrors: the folder for mirrors of what lies behind URLs.
    commit: a commit that is needed; a mirror that has it already is not fetched again.

    Raises
    ------
    WorkspaceError: there is no such repository or branch, or it is empty.

    """
    if not origin.is_url:
        return _local(origin)
    mirror = mirrors / f"{hashlib.sha256(origin.location.encode()).hexdigest()}.git"
    with locked(mirror.with_suffix(".lock")):
        if not (mirror / "HEAD").exists():
            git("init", "--bare", "--quiet", "--template=", str(mirror.absolute()), git_dir=None, cwd=mirrors)
        if commit and is_commit_id(commit) and git("cat-file", "-e", f"{commit}^{{commit}}", git_dir=mirror, ok=_ANY).code == 0:
            return mirror
        ref = f"refs/heads/{origin.branch}"
        with suppress(FileNotFoundError):
            (mirror / f"{ref}.lock").unlink()  # left by a fetch that was killed: only we write here, under the lock
        fetched = git(
            *("fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--", origin.location),
            f"+{ref}:{ref}",
            git_dir=mirror,
            ok=_ANY,
        )
        if fetched.code:
            raise _unfetched(origin, fetched)
    return mirror


def head(origin: Origin, mirrors: Path) -> str:
    """Return the commit the origin's branch is at now.

    Raises
    ------
    WorkspaceError: there is no such repository or branch, or it is empty.

    """
    git_dir = objects(origin, mirrors)
    commit = _tip(git_dir, origin.branch)
    if commit is None:
        names = git("for-each-ref", "--format=%(refname:short)", "refs/heads", git_dir=git_dir).text.split()
        raise _no_branch(origin, names)
    return commit


def publish(origin: Origin, git_dir: Path, commit: str, branch: str, *, force: bool = False) -> None:
    """Leave `commit` of the repository `git_dir` in the origin as `branch`; doing so again changes nothing.

    Parameters
    ----------
    force: move the branch if it exists at another commit.

    Raises
    ------
    WorkspaceError: the branch is main, master, the origin's own, its default one or checked out somewhere; it exists
        at another commit; or the origin does not take it.

    """
    _check_branch(branch)
    if not is_commit_id(commit):
        raise WorkspaceError(f"{commit!r} is not a full commit id.", remedy="Give the id `git rev-parse` prints.")
    local = None if origin.is_url else _local(origin)
    now, busy = _taken_in(local, branch) if local else _taken_behind(origin, branch)
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
    if local:
        done = _hand_over(origin, git_dir, local, commit)
        if done.code == 0:
            done = git("update-ref", f"refs/heads/{branch}", commit, now or "0" * len(commit), git_dir=local, ok=_ANY)
    else:
        lease, target = f"--force-with-lease=refs/heads/{branch}:{now or ''}", f"{commit}:refs/heads/{branch}"
        done = git("push", "--quiet", "--no-verify", lease, "--", origin.location, target, git_dir=git_dir, ok=_ANY)
    if done.code:
        raise WorkspaceError(
            f"{origin.shown} does not take the branch {branch}: {_discreet(origin, done)}.",
            remedy="Give Airflow's user the right to write branches there.",
        )


def _hand_over(origin: Origin, git_dir: Path, local: Path, commit: str) -> Result:
    """Copy the objects of `commit` into a local origin: no transport, so none of its hooks or settings are asked."""
    whole = ("rev-list", "--quiet", "--objects", commit, "--not", "--all")
    found = git(*whole, git_dir=local, ok=_ANY)
    if found.code == 0:
        return found
    base = _tip(local, origin.branch) or ""
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


def _local(origin: Origin) -> Path:
    """Find the git directory of a local repository; a folder inside one is not one."""
    folder = Path(origin.location).expanduser().resolve()
    if not folder.is_dir():
        raise _no_repository(origin, "there is no such folder")
    for plain in (folder / ".git", folder):  # the two usual layouts, without asking git
        if (plain / "HEAD").is_file() and (plain / "objects").is_dir() and (plain / "refs").is_dir():
            return plain
    ceiling = {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    ask = ("rev-parse", "--path-format=absolute", "--git-common-dir")
    found = git(*ask, git_dir=None, cwd=folder, env=ceiling, ok=_ANY)
    if found.code:
        raise _no_repository(origin, last_words(found))
    return Path(found.out.decode("utf-8", "surrogateescape").rstrip("\n"))


def _tip(git_dir: Path, branch: str) -> str | None:
    found = git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}", git_dir=git_dir, ok=_ANY)
    return found.text if found.code == 0 else None


def _taken_in(git_dir: Path, branch: str) -> tuple[str | None, list[str]]:
    """Tell where `branch` of a local repository is, and which of its branches are checked out or its default."""
    lines = git("worktree", "list", "--porcelain", git_dir=git_dir).text.splitlines()
    lines += ["branch " + git("symbolic-ref", "--quiet", "HEAD", git_dir=git_dir, ok=_ANY).text]
    return _tip(git_dir, branch), [line.removeprefix("branch refs/heads/") for line in lines if "branch refs/" in line]


def _taken_behind(origin: Origin, branch: str) -> tuple[str | None, list[str]]:
    """Tell where `branch` behind a URL is, and which branch is the default there."""
    ref = f"refs/heads/{branch}"
    with tempfile.TemporaryDirectory(prefix="phasegate-") as folder:
        said = git("ls-remote", "--symref", "--", origin.location, "HEAD", ref,
                   git_dir=None, cwd=Path(folder), ok=_ANY)  # fmt: skip
    if said.code:
        raise _unfetched(origin, said)
    rows = [line.split("\t") for line in said.text.splitlines() if "\t" in line]
    default = [left.removeprefix("ref: refs/heads/") for left, name in rows if left.startswith("ref: ")]
    return next((left for left, name in rows if name == ref and is_commit_id(left)), None), default


def _check_branch(branch: str) -> None:
    """Refuse what git would refuse as a branch, and what a command would take for an option or a pattern."""
    parts = branch.split("/")
    odd = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", branch)
    if odd or branch in ("", "@") or any(not p or p[0] in ".-" or p.endswith((".", ".lock")) for p in parts):
        raise WorkspaceError(f"{branch!r} is no name of a branch.", remedy="Write a name such as main.")


def _discreet(origin: Origin, result: Result) -> str:
    return last_words(result).replace(origin.location, origin.shown)


def _unfetched(origin: Origin, result: Result) -> WorkspaceError:
    if "couldn't find remote ref" in result.err:
        return _no_branch(origin, [])
    return _no_repository(origin, _discreet(origin, result))


def _no_repository(origin: Origin, why: str) -> WorkspaceError:
    return WorkspaceError(
        f"{origin.shown} is no git repository that can be read: {why}.",
        remedy="Correct `workspace: {git: …}`, or give Airflow's user the right to read it.",
    )


def _no_branch(origin: Origin, others: list[str]) -> WorkspaceError:
    known = f"; it has {', '.join(sorted(others)[:5])}" if others else ", or no commit at all"
    return WorkspaceError(
        f"{origin.shown} has no branch {origin.branch}{known}.",
        remedy="Correct `workspace: {branch: …}`; an empty repository needs a first commit.",
    )
