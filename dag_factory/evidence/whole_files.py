"""Files on this machine that are there whole or not at all: written beside their place, and linked into it once they are."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar

__all__ = ["Unfinished", "UnreadableError", "create", "in_folder", "make_folder", "open_plain", "pieces"]

_PIECE = 1 << 20  # bytes read at once

Made = TypeVar("Made")


class Unfinished:
    """A file in a folder that nobody who lists the store sees, and that is gone afterwards.

    Parameters
    ----------
    folder: where it is to lie; made if it is not there.

    Raises
    ------
    OSError: it cannot be written there.

    """

    def __init__(self, folder: str) -> None:
        self.name = f"{folder}/.new-{secrets.token_hex(8)}"
        self._stream = in_folder(_new, self.name)
        self.write, self.flush, self.fileno = self._stream.write, self._stream.flush, self._stream.fileno

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._stream.close()  # on a full disk this is where it is told
        finally:
            os.unlink(self.name)  # noqa: PTH108 # a path of pathlib's would cost more than all else here


def _new(path: str) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def create(path: str, data: bytes) -> None:
    """Create a file, on the disk before it is there.

    Raises
    ------
    FileExistsError: it is there already; it is left as it was.
    OSError: it cannot be written.

    """
    with Unfinished(os.path.dirname(path)) as copy:  # noqa: PTH120
        copy.write(data)
        copy.flush()
        os.fsync(copy.fileno())
        os.link(copy.name, path)


def in_folder(act: Callable[..., Made], *paths: str) -> Made:
    """Do something with files; where the folder of the last one is not there, it is made first."""
    try:
        return act(*paths)
    except (FileNotFoundError, NotADirectoryError):  # a file in its place is named by who would make it
        make_folder(Path(paths[-1]).parent)
        return act(*paths)


def make_folder(path: Any) -> None:
    """Make a folder; that a file is in its place is not that it is there already."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, f"{path} is no folder") from error


def open_plain(path: Path | str) -> BinaryIO:
    """Open a plain file; what is put in its place to be waited for, such as a pipe, is refused at once."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no plain file")
    return os.fdopen(handle, "rb")


class UnreadableError(Exception):
    """What was to be copied cannot be read; that is not the fault of where it was to go."""

    def __init__(self, why: OSError) -> None:
        super().__init__(str(why))
        self.why = why


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Read a stream to its end.

    Raises
    ------
    UnreadableError: it cannot be read.

    """
    try:
        while piece := stream.read(_PIECE):
            yield piece
    except OSError as error:
        raise UnreadableError(error) from error
