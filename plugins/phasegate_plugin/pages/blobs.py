"""Bytes by their digest: only those that a signed statement of the very run and task names are ever opened.

A file is never read whole into memory. One of up to 16 MB is hashed before anything of it is shown; a download of any size is hashed while
it goes out, and its last piece is held back until the digest is right: what was altered never arrives whole.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from dag_factory.errors import StoreError
from dag_factory.evidence.statement import ConvergeStatement, TaskStatement
from dag_factory.evidence.store import RunStore
from phasegate_plugin.pages.faults import missing, unreachable
from phasegate_plugin.pages.reading import Delivery

__all__ = ["Beginning", "Named", "beginning", "named", "pieces", "size_of"]

_log = logging.getLogger(__name__)
_CHUNK = 1 << 18
_HASHED = 16_000_000
_ALTERED = "The store holds other bytes than those that were signed. They are not shown."


@dataclass(frozen=True)
class Named:
    """What a statement says of a digest: what a download of it is called, and its size where it is told."""

    name: str
    size: int | None


def named(made: Delivery) -> dict[str, Named]:
    """Every digest that the statements of a task name: its files, logs and bundles, of every attempt."""
    found: dict[str, Named] = {}
    for stored in made.found:
        says: TaskStatement | ConvergeStatement = stored.says
        if says.sealed and says.sealed.bundle:
            found[says.sealed.bundle] = Named(f"{says.sealed.commit[:12]}.bundle", None)
        if isinstance(says, TaskStatement) and says.log:
            found[says.log] = Named("task.log", None)
        found |= {result.log: Named(f"{result.name}.log", None) for result in says.checks}
        found |= {entry.digest: Named(entry.name.rpartition("/")[2], entry.size) for entry in says.evidence}
    return found


def size_of(store: RunStore, digest: str) -> int | None:
    """How large a blob is; None if it is not there. It is not read."""
    path = store.blob_path(digest)
    try:
        return int(path.stat().st_size) if path.is_file() else None
    except OSError:
        return None


@dataclass(frozen=True)
class Beginning:
    """The beginning of a file; whether all its bytes were hashed; and what is wrong with it, if anything is."""

    data: bytes
    checked: bool
    problem: str


def beginning(store: RunStore, digest: str, size: int, at_most: int) -> Beginning:
    """Read the first bytes of a file.

    Raises
    ------
    PageError: the store does not answer.

    """
    there = size_of(store, digest)
    if there is None:
        return Beginning(b"", checked=False, problem="The store does not hold this file any more.")
    if there != size:
        return Beginning(b"", checked=False, problem=_ALTERED)
    with _stream(store, digest) as stream:
        data = stream.read(at_most)
        if size > _HASHED:
            return Beginning(data, checked=False, problem="")
        told = hashlib.sha256(data)
        while chunk := stream.read(_CHUNK):
            told.update(chunk)
    if told.hexdigest() != digest:
        return Beginning(b"", checked=True, problem=_ALTERED)
    return Beginning(data, checked=True, problem="")


def pieces(store: RunStore, digest: str, size: int | None) -> tuple[Iterator[bytes], int]:
    """The bytes of a digest, piece by piece, and how many there are.

    Raises
    ------
    PageError: they are missing, are of another size or, if they are few, are not those that were signed.

    """
    there = size_of(store, digest)
    if there is None or (size is not None and there != size):
        raise missing("No such bytes", "The store does not hold these bytes any more." if there is None else _ALTERED)
    stream = _stream(store, digest)
    first = stream.read(_CHUNK)
    if there <= _CHUNK and hashlib.sha256(first).hexdigest() != digest:
        stream.close()
        raise missing("No such bytes", _ALTERED)
    return _held_back(stream, first, digest), there


def _held_back(stream: BinaryIO, piece: bytes, digest: str) -> Iterator[bytes]:
    """Give each piece when the next was read, and the last when the digest is right."""
    told = hashlib.sha256(piece)
    with stream:
        while chunk := stream.read(_CHUNK):
            yield piece
            piece = chunk
            told.update(piece)
    if told.hexdigest() != digest:
        _log.error("The blob %s was altered; its download was cut off", digest)
        raise StoreError(f"The blob {digest} was altered.", remedy="Find out by whom; start a new run.")
    yield piece


def _stream(store: RunStore, digest: str) -> Any:
    path = store.blob_path(digest)
    try:
        return _open_plain(path) if store.store.local else path.open("rb")
    except OSError as error:
        _log.warning("A blob cannot be read: %s", error)
        raise unreachable("The evidence store cannot be read; the API server's log says where and why.") from error


def _open_plain(path: Any) -> BinaryIO:
    """Open a plain file: a link put in its place could lead to what is no evidence, and a pipe would be waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no plain file")
    return os.fdopen(handle, "rb")
