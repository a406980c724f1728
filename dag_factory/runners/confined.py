"""Files below a folder, reached without following a link: every folder on the way is opened by itself, so that nothing made meanwhile leads out.

Only plain files are read and written. What is written is a new file of its own, so that nothing is changed that has a second name elsewhere.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["NotPlainError", "delete", "opened", "put", "walk"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class NotPlainError(OSError):
    """It is a folder, a link, a pipe or a device."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(0, f"{'/'.join(names) or 'the folder itself'} is no plain file")


@contextmanager
def _folder(root: Path, names: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """Open a folder, one name after the other, none of them a link."""
    handle = os.open(root, _FOLDER)
    try:
        for name in names:
            if make and _there(name, handle) is None:
                os.mkdir(name, dir_fd=handle)  # below an open folder
            below = os.open(name, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def _there(name: str, folder: int) -> os.stat_result | None:
    """What is there of this name, a link as itself; None if nothing is."""
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None


@contextmanager
def opened(root: Path, names: Sequence[str]) -> Iterator[BinaryIO]:
    """Open a plain file to be read.

    Raises
    ------
    OSError: it is not there, a link is on the way, or it is no plain file.

    """
    if not names:
        raise NotPlainError(names)
    with _folder(root, names[:-1]) as folder:
        handle = os.open(names[-1], _OLD, dir_fd=folder)
    with os.fdopen(handle, "rb", closefd=True) if stat.S_ISREG(os.fstat(handle).st_mode) else _closed(handle, names) as file:
        yield file


def _closed(handle: int, names: Sequence[str]) -> BinaryIO:
    os.close(handle)
    raise NotPlainError(names)


def put(root: Path, names: Sequence[str], data: bytes) -> None:
    """Write a file anew, with the rights of one that was there; folders on the way are made.

    Raises
    ------
    OSError: a link is on the way, what is there is no plain file, or it cannot be written.

    """
    if not names:
        raise NotPlainError(names)
    with _folder(root, names[:-1], make=True) as folder:
        name, mode = names[-1], 0o644
        if (was := _there(name, folder)) is not None:
            if not stat.S_ISREG(was.st_mode):
                raise NotPlainError(names)
            mode = stat.S_IMODE(was.st_mode)
            os.unlink(name, dir_fd=folder)  # below an open folder
        with os.fdopen(os.open(name, _NEW, mode, dir_fd=folder), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)


def delete(root: Path, names: Sequence[str]) -> None:
    """Delete a file, or a link, but not what it leads to.

    Raises
    ------
    OSError: it is not there, is a folder, or a link is on the way.

    """
    if not names:
        raise NotPlainError(names)
    with _folder(root, names[:-1]) as folder:
        if stat.S_ISDIR(os.lstat(names[-1], dir_fd=folder).st_mode):
            raise NotPlainError(names)
        os.unlink(names[-1], dir_fd=folder)  # below an open folder


def walk(root: Path, names: Sequence[str]) -> Iterator[tuple[str, int | None]]:
    """Every file below a folder, by its path from there, in order, and its size; a link has none, and is not followed. A repository's own folder is left out.

    Raises
    ------
    OSError: it is not there, or a link is on the way.

    """
    queue: list[tuple[str, ...]] = [()]
    while queue:
        at = queue.pop()
        below: list[tuple[str, ...]] = []
        found: list[tuple[str, int | None]] = []
        with _folder(root, (*names, *at)) as folder, os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.casefold() == ".git":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    below.append((*at, entry.name))
                elif entry.is_symlink():
                    found.append(("/".join((*at, entry.name)), None))
                elif entry.is_file(follow_symlinks=False):
                    found.append(("/".join((*at, entry.name)), entry.stat(follow_symlinks=False).st_size))
        yield from found
        queue += reversed(below)
