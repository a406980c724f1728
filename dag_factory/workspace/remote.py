"""A repository behind a URL: one bare mirror a worker, into which single commits are fetched.

A task never clones. What it needs is one commit, by its id; what the mirror has is not fetched again, and of what it
has not only that commit comes, with as much history as the workflow asks for. So workers share no disk: each has its
own mirror, and all ask for the same id. `refs/phasegate/<id>` is written when a commit is there as a whole, so what a
fetch that was killed left behind is never taken for one.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from dag_factory.errors import RemoteError, WorkspaceError
from dag_factory.workspace.git import Result, git, last_words
from dag_factory.workspace.gitdir import is_commit_id
from dag_factory.workspace.located import Origin, no_branch, no_repository
from dag_factory.workspace.lock import locked

__all__ = ["branches", "fetch", "mirror_of", "push", "tip"]

_ANY = tuple(range(256))
_AWAY = re.compile(
    r"could not resolve host|connection (refused|reset|closed|aborted|timeout)|timed out|failed to connect|couldn't connect"
    r"|no route to host|network is (unreachable|down)|operation too slow|early eof|unexpected eof|the remote end hung up|closed by remote host"
    r"|returned error: (429|5\d\d)|connect tunnel failed, response (429|5\d\d)|http code (429|5\d\d) from proxy|proxy connect aborted"
    r"|rpc failed; curl|transfer closed|not closed cleanly|broken pipe|unexpected disconnect|(recv|send) failure|not responding"
    r"|ssh: connect to host|temporary failure in name resolution|name or service not known|gnutls|ssl_connect|empty reply",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"authentication failed|could not read (username|password)|terminal prompts disabled|returned error: (401|403)"
    r"|permission denied|access denied|not authori[sz]ed|invalid username or password|load key|unprotected private key",
    re.IGNORECASE,
)
_ITS_OWN = re.compile(r"^remote: .*$", re.MULTILINE)
_UNKNOWN_HOST = re.compile(r"host key verification failed|host key .*changed|no .* host key is known", re.IGNORECASE)

_ADDED = re.compile(r"fatal: Could not read from remote|Please make sure you have the correct access|and the repository exists|@@@|\s*$")


def mirror_of(origin: Origin, mirrors: Path) -> Path:
    """Where this worker keeps the mirror of a remote: one for each URL and depth."""
    name = origin.location if origin.depth == 1 else f"{origin.location}\n{origin.depth}"
    return mirrors / f"{hashlib.sha256(name.encode()).hexdigest()}.git"


def fetch(origin: Origin, mirrors: Path, commit: str) -> Path:
    """Return the mirror, with `commit` in it.

    Raises
    ------
    RemoteError: the remote is away.
    WorkspaceError: it refuses, or has that commit no longer.

    """
    mirror = mirror_of(origin, mirrors)
    with locked(mirror.with_suffix(".lock"), origin.stop):
        _settle(mirror, commit)
        if (mirror / "refs/phasegate" / commit).exists():
            return mirror
        ref = f"refs/phasegate/{commit}"
        said = _fetch(origin, mirror, f"+{commit}:{ref}")
        if said.code and not (_is_away(said) or _REFUSED.search(said.err) or _UNKNOWN_HOST.search(said.err)):
            # An old server gives out branches only, an old protocol no part of them.
            said = _fetch(origin, mirror, f"+refs/heads/{origin.branch}:refs/heads/{origin.branch}", whole=True)
            if said.code == 0 and git("cat-file", "-e", f"{commit}^{{commit}}", git_dir=mirror, ok=_ANY).code == 0:
                (mirror / ref).write_text(f"{commit}\n")
            elif said.code == 0:
                raise _rewritten(origin, commit)
        if said.code:
            raise _fault(origin, said)
    return mirror


def tip(origin: Origin) -> str:
    """Ask the remote which commit its branch is at.

    Raises
    ------
    RemoteError: the remote is away.
    WorkspaceError: it refuses, or has no such branch.

    """
    found, _ = branches(origin, origin.branch)
    if (commit := found.get(origin.branch)) is None:
        raise no_branch(origin, list(branches(origin)[0]))
    return commit


def branches(origin: Origin, name: str = "*") -> tuple[dict[str, str], list[str]]:
    """Ask the remote where its branches stand, and which of them is its default one.

    Parameters
    ----------
    name: the one that is asked for; all of them without.

    Raises
    ------
    RemoteError: the remote is away.
    WorkspaceError: it refuses.

    """
    with tempfile.TemporaryDirectory(prefix="phasegate-") as folder:
        said = _reach(origin, Path(folder), "ls-remote", "--symref", "--", origin.location, "HEAD", f"refs/heads/{name}", inside=False)
    if said.code:
        raise _fault(origin, said)
    rows = [line.split("\t") for line in said.text.splitlines() if "\t" in line]
    default = [left.removeprefix("ref: refs/heads/") for left, name in rows if left.startswith("ref: ")]
    heads = {name.removeprefix("refs/heads/"): left for left, name in rows if name.startswith("refs/heads/") and is_commit_id(left)}
    return heads, default


def push(origin: Origin, git_dir: Path, commit: str, branch: str, now: str | None) -> None:
    """Leave `commit` as `branch`, if that still stands at `now`.

    Raises
    ------
    RemoteError: the remote is away.
    WorkspaceError: it refuses, by itself or by a hook.

    """
    lease, target = f"--force-with-lease=refs/heads/{branch}:{now or ''}", f"{commit}:refs/heads/{branch}"
    said = _reach(origin, git_dir, "push", "--quiet", "--no-verify", lease, "--", origin.location, target)
    if said.code and _is_away(said):
        raise _fault(origin, said)
    if said.code:
        raise WorkspaceError(
            f"{origin.shown} does not take the branch {branch}: {_discreet(origin, said)}.",
            remedy="Give Airflow's user, or the login of the connection, the right to write branches below phasegate/ there.",
        )


def _fetch(origin: Origin, mirror: Path, refspec: str, *, whole: bool = False) -> Result:
    part = [] if whole or origin.depth == 0 else [f"--depth={origin.depth}"]
    options = ("--quiet", "--force", "--no-tags", "--no-write-fetch-head", *part)
    return _reach(origin, mirror, "fetch", *options, "--", origin.location, refspec)


def _reach(origin: Origin, where: Path, *args: str, inside: bool = True) -> Result:
    with origin.access.granted(origin.location) as grant:
        return git(
            *args, git_dir=where if inside else None, cwd=where, env=grant.env, settings=grant.settings, stop=origin.stop, abroad=True, ok=_ANY,
        )  # fmt: skip


def _settle(mirror: Path, commit: str) -> None:
    """Make the mirror, or see that it still is Phasegate's: a program of the same user can write here.

    Nothing in it steers git when what opens the remote is at hand, and no lock of a fetch that was killed stays.
    """
    extension = "" if len(commit) == 40 else "[extensions]\n\tobjectformat = sha256\n"
    config = f"[core]\n\trepositoryformatversion = {int(bool(extension))}\n\tfilemode = true\n\tbare = true\n{extension}"
    try:
        for folder in ("objects/info", "objects/pack", "refs/heads", "refs/phasegate", "info"):
            (mirror / folder).mkdir(parents=True, exist_ok=True)
        for name, text in (("config", config), ("HEAD", "ref: refs/heads/none\n")):
            if not (mirror / name).is_file() or (mirror / name).read_text() != text:
                (mirror / name).unlink(missing_ok=True)
                (mirror / name).write_text(text)
        for name in (
            "commondir",
            "config.worktree",
            "info/grafts",
            "info/attributes",
            "objects/info/alternates",
            "objects/info/http-alternates",
        ):
            with suppress(FileNotFoundError):
                (mirror / name).unlink()
        for lock in (mirror / "shallow.lock", mirror / "packed-refs.lock", *mirror.glob("refs/**/*.lock")):
            lock.unlink(missing_ok=True)
        for left in mirror.glob("objects/pack/tmp_*"):
            left.unlink(missing_ok=True)
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(
            f"The mirror {mirror} cannot be used: {error}.", remedy="Delete it: it is made again. See [phasegate] work_root."
        ) from error


def _is_away(said: Result) -> bool:
    """Whether it was not reached, or lost on the way; what it said itself, such as a hook's words, is no sign of that."""
    return _AWAY.search(_ITS_OWN.sub("", said.err)) is not None


def _discreet(origin: Origin, said: Result) -> str:
    """Tell what was said, without what git adds to every answer of ssh's, and without a name or password."""
    own = "\n".join(line for line in said.err.splitlines() if not _ADDED.match(line))
    return last_words(Result(said.code, b"", own or said.err)).replace(origin.location, origin.shown).rstrip(".")


def _fault(origin: Origin, said: Result) -> WorkspaceError:
    """Tell apart a remote that is away, one that refuses, one that is unknown, and one that is none."""
    words = _discreet(origin, said)
    if _UNKNOWN_HOST.search(said.err):
        return WorkspaceError(
            f"The host of {origin.shown} is not known to this worker: {words}.",
            remedy="Name a known_hosts_file in the connection's extra, or say strict_host_key_checking: accept-new there.",
        )
    if _REFUSED.search(said.err):
        return WorkspaceError(
            f"{origin.shown} refuses this worker: {words}.",
            remedy="Correct login and password, private_key or key_file of the workflow's git connection; see docs/workspaces.md.",
        )
    if _is_away(said):
        return RemoteError(
            f"{origin.shown} cannot be reached: {words}.",
            remedy="See that the host is up and that this worker may reach it, then clear the task; what was sealed is in the store.",
        )
    return no_repository(origin, words)


def _rewritten(origin: Origin, commit: str) -> WorkspaceError:
    return WorkspaceError(
        f"{origin.shown} no longer has the commit {commit[:12]} the run began with: the branch {origin.branch} was rewritten.",
        remedy="Push that commit again, under any name; or start a new run, which begins where the branch is now.",
    )
