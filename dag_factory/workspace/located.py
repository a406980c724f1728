"""Where a workflow's product lives, as a value, and what is said when nothing is found there."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, replace

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.access import Access, parted

__all__ = ["Origin", "check_branch", "no_branch", "no_repository"]


@dataclass(frozen=True)
class Origin:
    """Where a workflow's product lives.

    Parameters
    ----------
    location: a folder, bare or with a work tree, or whatever URL git fetches from; a password in it is taken out.
    branch: the branch work starts from; Phasegate never writes to it.
    depth: how many commits of history a mirror of a remote holds; 0 for all of it.
    access: what opens a remote.
    stop: ends a fetch or a push when it is set.

    Raises
    ------
    WorkspaceError: the location or the branch is none.

    """

    location: str
    branch: str
    depth: int = 1
    access: Access = field(default=Access(), repr=False)
    stop: threading.Event | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.location or self.location.startswith("-") or not self.location.isprintable():
            raise WorkspaceError(f"{self.shown!r} is no repository.", remedy="Write a folder or a URL.")
        try:
            bare, login, password = parted(self.location)
        except ValueError as error:
            raise WorkspaceError(f"{self.shown!r} is no URL: {error}.", remedy="Write a folder or a URL.") from error
        if bare != self.location:  # frozen, and its password must not come to a command line
            object.__setattr__(self, "location", bare)
            opened = replace(self.access, login=self.access.login or login, password=self.access.password or password)
            object.__setattr__(self, "access", opened)
        check_branch(self.branch)

    @property
    def is_url(self) -> bool:
        """Whether git reaches it through a transport: it has `://`, or a colon before any slash as `host:path` has."""
        return "://" in self.location or ":" in self.location.split("/", 1)[0]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be masked wherever it might be printed: a login too where it is all that opens an HTTPS remote, for then it may be a token."""
        alone = self.access.login and not self.access.password and re.match("https?://", self.location, re.IGNORECASE)
        return (*self.access.secrets, *([self.access.login] if alone else []))

    @property
    def shown(self) -> str:
        """The location without a name or password in it, for messages."""
        return re.sub(r"(?<=://)[^/]*@", "", self.location)


def check_branch(branch: str) -> None:
    """Refuse what git would refuse as a branch, and what a command would take for an option or a pattern.

    Raises
    ------
    WorkspaceError: it is no name of a branch.

    """
    parts = branch.split("/")
    odd = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", branch)
    if odd or branch in ("", "@") or any(not p or p[0] in ".-" or p.endswith((".", ".lock")) for p in parts):
        raise WorkspaceError(f"{branch!r} is no name of a branch.", remedy="Write a name such as main.")


def no_repository(origin: Origin, why: str) -> WorkspaceError:
    """Return the error that nothing can be read there."""
    return WorkspaceError(
        f"{origin.shown} is no git repository that can be read: {why}.",
        remedy="Correct `workspace: {git: …}`, or give Airflow's user the right to read it.",
    )


def no_branch(origin: Origin, others: list[str]) -> WorkspaceError:
    """Return the error that the branch is not among those there are."""
    known = f"; it has {', '.join(sorted(others)[:5])}" if others else ", or no commit at all"
    return WorkspaceError(
        f"{origin.shown} has no branch {origin.branch}{known}.",
        remedy="Correct `workspace: {branch: …}`; an empty repository needs a first commit.",
    )
