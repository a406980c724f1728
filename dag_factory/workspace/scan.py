"""Read a persona's tree without trusting it.

Every name is opened from the folder that holds it, and no link is ever followed (`O_NOFOLLOW`, `openat`): a folder
that turns into a link between two looks leads nowhere. What is no ordinary file is named, and never opened for
reading; opening does not wait (`O_NONBLOCK`), so a fifo cannot hold the worker.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from dag_factory.errors import WorkspaceError

__all__ = ["Item", "Tree", "restless"]

Kind = Literal["folder", "file", "symlink", "special", "repository", "unreadable"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PIECE = 1 << 20
_DEEPEST = 128


@dataclass(frozen=True)
class Item:
    """One thing in the tree: what it is, whether its owner may execute it, and its size.

    A `repository` is a nested `.git`, or what some file system takes for one; an `unreadable` one is a folder that
    cannot be opened, or lies deeper than 128 folders.
    """

    path: bytes
    kind: Kind
    executable: bool = False
    size: int = 0


class Tree:
    """An open work tree; close it, or use it in a `with`.

    Parameters
    ----------
    root: the work tree.
    identity: device and inode it must have.

    Raises
    ------
    WorkspaceError: it is no folder, or another one than it was.

    """

    def __init__(self, root: Path, identity: tuple[int, int] | None = None) -> None:
        try:
            self._root = os.open(root, _FOLDER)
        except OSError as error:
            raise WorkspaceError(f"The work tree is gone: {error.strerror}.") from error
        found = os.fstat(self._root)
        self._last: tuple[bytes, int] = (b"", self._root)
        if identity not in (None, (found.st_dev, found.st_ino)):
            os.close(self._root)
            raise WorkspaceError("The work tree was replaced by another folder.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        for descriptor in {self._last[1], self._root}:
            os.close(descriptor)

    def walk(self) -> Iterator[Item]:
        """Yield everything except the `.git` at the root; a folder before what is in it."""
        waiting = [b""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self._folder(folder)) as found:
                    here = sorted((os.fsencode(entry.name), entry.stat(follow_symlinks=False)) for entry in found)
            except OSError:
                yield Item(folder or b".", "unreadable")
                continue
            for name, facts in here:
                path = folder + b"/" + name if folder else name
                if path == b".git":
                    continue
                if is_dot_git(name):
                    yield Item(path, "repository")
                elif stat.S_ISDIR(facts.st_mode):
                    deep = path.count(b"/") >= _DEEPEST
                    yield Item(path, "unreadable" if deep else "folder")
                    waiting += [] if deep else [path]
                else:
                    yield Item(path, _kind(facts.st_mode), bool(facts.st_mode & stat.S_IXUSR), facts.st_size)

    def link(self, path: bytes) -> bytes:
        """Return where the link at `path` points, as it is written.

        Raises
        ------
        OSError: it is no link any more.

        """
        folder, _, name = path.rpartition(b"/")
        return os.readlink(name, dir_fd=self._folder(folder))

    def read(self, path: bytes) -> Iterator[bytes]:
        """Yield first `b"<size>"`, then the bytes of the ordinary file at `path`: exactly so many.

        Raises
        ------
        OSError: it cannot be opened.
        WorkspaceError: it is no ordinary file, or changes while it is read.

        """
        handle, size = self._open(path)
        try:
            yield b"%d" % size
            left = size
            while piece := os.read(handle, min(left + 1, _PIECE)):  # one byte more than there should be
                left -= len(piece)
                if left < 0:
                    raise restless(path)
                yield piece
            if left:
                raise restless(path)
        finally:
            os.close(handle)

    def blob_id(self, path: bytes, algorithm: str) -> str:
        """Return the id git would give the ordinary file at `path`; see `read` for what is raised."""
        hashed = hashlib.sha1 if algorithm == "sha1" else hashlib.sha256
        handle, size = self._open(path)
        try:
            if size < _PIECE:  # nearly all files, of which there are many: two calls, since each is paid ten thousand times
                data = os.read(handle, size + 1)
                if len(data) != size:
                    raise restless(path)
                return hashed(b"blob %d\0" % size + data, usedforsecurity=False).hexdigest()
        finally:
            os.close(handle)
        pieces = self.read(path)
        digest = hashed(b"blob " + next(pieces) + b"\0", usedforsecurity=False)
        for piece in pieces:
            digest.update(piece)
        return digest.hexdigest()

    def _open(self, path: bytes) -> tuple[int, int]:
        folder, _, name = path.rpartition(b"/")
        handle = os.open(name, _FILE, dir_fd=self._folder(folder))
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            os.close(handle)
            raise restless(path)
        return handle, facts.st_size

    def _folder(self, path: bytes) -> int:
        """Open a folder name by name from the root; the last one stays open, since its neighbours come next."""
        if path == self._last[0]:
            return self._last[1]
        descriptor = self._root
        for name in path.split(b"/") if path else ():
            try:
                inner = os.open(name, _FOLDER, dir_fd=descriptor)
            finally:
                if descriptor != self._root:
                    os.close(descriptor)
            descriptor = inner
        if self._last[1] != self._root:
            os.close(self._last[1])
        self._last = (path, descriptor)
        return descriptor


def restless(path: bytes) -> WorkspaceError:
    """Return the error that the file at `path` changed under our eyes."""
    return WorkspaceError(
        f"{path.decode('utf-8', 'backslashreplace')} changed while it was being sealed.",
        remedy="Something the persona started is still running: end it, and clear the task.",
    )


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    return "symlink" if stat.S_ISLNK(mode) else "special"


def is_dot_git(name: bytes) -> bool:
    """Say whether some file system would take `name` for `.git`: CVE-2014-9390 and its kin."""
    plain = name.lower().partition(b":")[0].rstrip(b". ")
    return plain in (b".git", b"git~1")
