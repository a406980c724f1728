"""What the bytes of git's commits and trees say, for those that git itself would write.

Paths are bytes here, as they are in git; they become text where they leave this package.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.scan import is_dot_git

__all__ = ["FOLDER", "REGULAR", "SUBMODULE", "Entry", "MalformedError", "Stamp", "commit_of", "forged", "tree_of"]

REGULAR = ("100644", "100755")
"""The modes of ordinary files."""

FOLDER, SUBMODULE = "040000", "160000"

_HEAD = re.compile(rb"tree ([0-9a-f]+)\n((?:parent [0-9a-f]+\n)*)", re.IGNORECASE)
_DATE = re.compile(rb"^committer .*> *([0-9]{1,18})(?![0-9])", re.MULTILINE)


class MalformedError(WorkspaceError):
    """A commit or tree is what its name says, and none that git would write: somebody made it by hand."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The {what}, is none that git writes.", remedy="Find out who made it by `git fsck`, and how.")


@dataclass(frozen=True)
class Entry:
    """One file, link or submodule of a tree: its mode as git writes it, and its object id."""

    mode: str
    id: str


@dataclass(frozen=True)
class Stamp:
    """What a commit's child must know of it: its tree, its committer date in seconds, and its parents."""

    tree: str
    seconds: int
    parents: tuple[str, ...] = ()


def forged(why: str) -> WorkspaceError:
    """Say that what git believed is not so."""
    return WorkspaceError(
        f"Objects of the repository are not what their names say: {why}.",
        remedy="Run `git fsck` in the origin and find out who changed it; of a remote, delete this worker's mirror: it is fetched again.",
    )


def commit_of(name: str, body: bytes) -> Stamp:
    """Read a commit; a date that git could not read is 0, as it is there.

    Raises
    ------
    MalformedError: it is none.

    """
    if (head := _HEAD.match(body)) is None:
        raise MalformedError(f"commit {name}, at its head")
    date = _DATE.search(body.partition(b"\n\n")[0])
    tree, *parents = (one.decode("ascii").lower() for one in (head[1], *head[2].split()[1::2]))
    return Stamp(tree, int(date[1]) if date else 0, tuple(parents))


def tree_of(tree: str, body: bytes) -> Iterator[tuple[bytes, Entry]]:
    """Yield what a tree holds: `mode SP name NUL id`, one behind the other, each name once and in git's order (gitformat-pack(5), git-fsck(1)).

    What else there may be, git reads in one way here and in another there: a name twice, one that leads elsewhere, a mode that is none.

    Raises
    ------
    MalformedError: it is none.

    """
    size, at, last = len(tree) // 2, 0, b""
    seen: set[bytes] = set()
    while at < len(body):
        space, nul = body.find(b" ", at), body.find(b"\0", at)
        mode = _mode(body[at:space]) if at < space < nul < len(body) - size else ""
        name = body[space + 1 : nul]
        place = name + b"/" if mode == FOLDER else name
        if not mode or not name or name in seen or place <= last or b"/" in name or name in (b".", b"..") or is_dot_git(_seen(name)):
            raise MalformedError(f"tree {tree}, at {name[:100]!r}")
        yield name, Entry(mode, body[nul + 1 : nul + 1 + size].hex())
        seen.add(name)
        at, last = nul + 1 + size, place


def _seen(name: bytes) -> bytes:
    """A name without the signs that nobody sees, which some file systems leave out."""
    if name.isascii():
        return name
    return "".join(sign for sign in name.decode("utf-8", "replace") if unicodedata.category(sign) != "Cf").encode()


def _mode(written: bytes) -> str:
    """The mode as git shows it; nothing for what is none."""
    if not re.fullmatch(rb"[0-7]{1,6}", written):
        return ""
    mode = int(written, 8)
    match mode & 0o170000:
        case 0o100000:
            return "100755" if mode & 0o100 else "100644"
        case 0o120000:
            return "120000"
        case 0o040000:
            return FOLDER
        case 0o160000:
            return SUBMODULE
    return ""
