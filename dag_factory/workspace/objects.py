"""What a repository holds, read through one `git cat-file --batch`, and every object held against its name.

git believes the name of an object that it reads, and a borrowed one could be forged. Paths are bytes here, as they are in git; they become text
where they leave this package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.git import conversing
from dag_factory.workspace.parsed import FOLDER, SUBMODULE, Entry, Stamp, commit_of, forged, tree_of

__all__ = ["Objects"]

_AT_ONCE = 60  # names: fewer bytes than the smallest pipe takes (pipe(7)), so that git and its reader never wait for each other
_PIECE = 1 << 20


@dataclass
class Objects:
    """The objects of one git directory, while it is open; a tree that was read once is not read again.

    Parameters
    ----------
    git_dir: the git directory.

    """

    git_dir: Path
    _ask: IO[bytes]
    _answer: IO[bytes]
    _words: Callable[[], tuple[str, int]]
    _trees: dict[str, list[tuple[bytes, Entry]]] = field(default_factory=dict)
    _awaited: int = 0

    @classmethod
    @contextmanager
    def of(cls, git_dir: Path) -> Iterator[Self]:
        """Open them."""
        with conversing("cat-file", "--batch", git_dir=git_dir) as (ask, answer, words):
            yield cls(git_dir, ask, answer, words)

    def stamps(self, commits: Iterable[str]) -> dict[str, Stamp]:
        """Return tree, date and parents of each commit.

        Raises
        ------
        WorkspaceError: one of them is not there, or is not what its name says.

        """
        names = list(dict.fromkeys(commits))
        found = {}
        for name, kind, body in self._read(names):
            if kind != b"commit":
                raise self._absent(names)
            found[name] = commit_of(name, body)
        return found

    def entries(self, commit: str) -> dict[bytes, Entry]:
        """Return everything `commit` holds, by path, in git's order.

        Raises
        ------
        WorkspaceError: there is no such commit, or something in it is not what its name says.

        """
        root = self.stamps([commit])[commit].tree
        self._spread([root])
        found: dict[bytes, Entry] = {}
        waiting = [(b"", Entry(FOLDER, root))]
        while waiting:
            path, entry = waiting.pop()
            if entry.mode != FOLDER:
                found[path] = entry
                continue
            inner = path + b"/" if path else b""
            waiting += [(inner + name, below) for name, below in reversed(self._trees[entry.id])]
        return found

    def differing(self, before: str, after: str) -> set[bytes]:
        """Return the paths of all files that two trees do not have alike; what is in both is not looked into.

        Raises
        ------
        WorkspaceError: one is not there, or something in it is not what its name says.

        """
        self._spread([before, after])
        found: set[bytes] = set()
        waiting: list[tuple[bytes, str, str]] = [(b"", before, after)]
        while waiting:
            inner, one, other = waiting.pop()
            left, right = (dict(self._trees.get(name, ())) for name in (one, other))
            for name in left.keys() | right.keys():
                sides = (left.get(name), right.get(name))
                if sides[0] == sides[1]:
                    continue
                if any(side and side.mode != FOLDER for side in sides):
                    found.add(inner + name)
                was, now = (side.id if side and side.mode == FOLDER else "" for side in sides)
                if was or now:
                    waiting.append((inner + name + b"/", was, now))
        return found

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return the bytes of blobs by their ids.

        Raises
        ------
        WorkspaceError: one of them is missing, no blob, or not what its name says.

        """
        found = {}
        for name, kind, body in self._read(sorted(set(ids))):
            self._see_blob(name, kind)
            found[name] = body
        return found

    def digests(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the sha256 of blobs by their ids, in hex.

        Raises
        ------
        WorkspaceError: one of them is missing, no blob, or not what its name says.

        """
        found = {}
        for name in self._asked(sorted(set(ids))):
            digest = hashlib.sha256()
            self._see_blob(name, self._next(name, digest.update))
            found[name] = digest.hexdigest()
        return found

    def verify(self, commits: Iterable[str]) -> None:
        """See that everything the commits hold is what its name says.

        Raises
        ------
        WorkspaceError: an object is missing, or is not what its name says.

        """
        self._spread([stamp.tree for stamp in self.stamps(commits).values()])
        due = {entry.id for tree in self._trees.values() for _, entry in tree if entry.mode not in (FOLDER, SUBMODULE)}
        for name in self._asked(sorted(due)):
            if (kind := self._next(name)) != b"blob":
                raise forged(f"the object {name} is missing" if not kind else f"{name} is no file")

    def _spread(self, trees: list[str]) -> None:
        """Read these trees and all below them, level by level."""
        while due := [name for name in dict.fromkeys(trees) if name not in self._trees]:
            trees = []
            for name, kind, body in self._read(due):
                if kind != b"tree":
                    raise forged(f"the object {name} is missing" if not kind else f"{name} is no folder")
                self._trees[name] = list(tree_of(name, body))
                trees += [entry.id for _, entry in self._trees[name] if entry.mode == FOLDER]

    def _read(self, names: Sequence[str]) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield name, kind and bytes of each; no kind if it is not there."""
        for name in self._asked(names):
            pieces: list[bytes] = []
            kind = self._next(name, pieces.append)
            yield name, kind, b"".join(pieces)

    def _asked(self, names: Sequence[str]) -> Iterator[str]:
        """Ask for objects, and yield the name of each when its turn has come to be taken."""
        for first in range(0, len(names), _AT_ONCE):
            part = names[first : first + _AT_ONCE]
            if self._awaited:  # what was asked before was not taken to its end: answers and names no longer go together
                raise forged("what was asked for before could not be read")
            self._awaited = len(part)
            try:
                self._ask.write("".join(f"{name}\n" for name in part).encode())
                self._ask.flush()
            except BrokenPipeError:
                raise self._ended("them") from None
            yield from part

    def _next(self, name: str, take: Callable[[bytes], object] = len) -> bytes:
        """Take the object whose turn it is, piece by piece, and tell its kind; nothing if it is not there.

        Parameters
        ----------
        take: is given the pieces.

        """
        facts = self._answer.readline().split()
        if len(facts) == 2 and facts[1] == b"missing":
            self._awaited -= 1
            return b""
        if not facts:
            raise self._ended(name)
        if len(facts) != 3 or facts[0] != name.encode():
            raise forged(f"{name} is {facts[-1].decode('ascii', 'replace')}")
        left = int(facts[2])
        digest = hashlib.new("sha1" if len(name) == 40 else "sha256", b"%b %d\0" % (facts[1], left), usedforsecurity=False)
        while left:
            piece = self._answer.read(min(left, _PIECE))
            if not piece:
                raise self._ended(f"the whole of {name}")
            left -= len(piece)
            digest.update(piece)
            take(piece)
        self._answer.read(1)
        if digest.hexdigest() != name:
            raise forged(f"the {facts[1].decode()} {name} has other bytes")
        self._awaited -= 1
        return facts[1]

    def _ended(self, what: str) -> WorkspaceError:
        """Say why git ended before it had answered: of a broken object it dies."""
        words, number = self._words()
        if number:
            remedy = "See whether the machine is short of memory, and clear the task."
            return WorkspaceError(f"git was ended by signal {number} while it read {self.git_dir}.", remedy=remedy)
        return forged(f"git cannot read {what}: {words}")

    def _see_blob(self, name: str, kind: bytes) -> None:
        if kind != b"blob":
            remedy = "The origin is damaged or a partial clone."
            raise WorkspaceError(f"The object {name} is missing from {self.git_dir}.", remedy=remedy)

    def _absent(self, commits: Sequence[str]) -> WorkspaceError:
        named = ", ".join(commit[:12] for commit in commits)
        return WorkspaceError(
            f"{'The commit' if len(commits) == 1 else 'One of the commits'} {named} is not in {self.git_dir}.",
            remedy="Take in the bundle that brings it, or see whether the origin's history was replaced.",
        )
