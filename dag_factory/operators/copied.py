"""A copy of a workspace without git, for a check to run in; what has no copy is refused, by the rules by which sealing refuses it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dag_factory.evidence.statement import Refusal
from dag_factory.workspace.scan import Tree
from dag_factory.workspace.seal import as_text

__all__ = ["copied"]

_MOST = 20
_PIECE = 1 << 20
_KINDS = {"special": "workspace-special-file", "unreadable": "workspace-unreadable"}
_SAYS = {
    "workspace-special-file": "is no ordinary file, and a check cannot be given one. Have the task remove it before it ends.",
    "workspace-unreadable": "cannot be read, or lies too deep, and a check cannot be given it. Have the task leave what its user can read.",
}


def copied(source: Path, folder: Path) -> list[Refusal]:
    """Copy a workspace into a folder, or tell what cannot be copied; of much, the first twenty.

    A workspace that is gone, or was replaced by a link, gives an empty folder.

    Parameters
    ----------
    source: the workspace.
    folder: an empty folder.

    Raises
    ------
    shutil.Error: the copy failed for what is not the workspace's fault, such as a full disk.

    """
    if source.is_symlink() or not source.is_dir():
        return []
    with Tree(source) as tree:
        found = [(_KINDS[item.kind], as_text(item.path)) for item in tree.walk() if item.kind in _KINDS]
    if not found:
        try:
            shutil.copytree(source, folder, symlinks=True, dirs_exist_ok=True, copy_function=_copy)
        except shutil.Error as error:
            found = list(_failed(source, error))
            if not found:
                raise
    return [Refusal(rule=rule, path=path, text=f"{path} {_SAYS[rule]}") for rule, path in found[:_MOST]]


def _copy(source: str, target: str) -> None:
    """Copy a file with its holes: what took no room there takes none here, or a few of them would fill the disk."""
    with Path(source).open("rb", buffering=0) as old, Path(target).open("wb") as new:
        size, at = os.fstat(old.fileno()).st_size, 0
        while (at := _data(old.fileno(), at, size)) < size:
            end = min(os.lseek(old.fileno(), at, os.SEEK_HOLE), size)
            old.seek(at)
            new.seek(at)
            while at < end and (piece := old.read(min(end - at, _PIECE))):
                at += new.write(piece)
            if at < end:
                break  # it was cut short meanwhile
        new.truncate(size)
    shutil.copystat(source, target)


def _data(handle: int, at: int, size: int) -> int:
    """Where the next bytes begin that are no hole; the file's size where there are none."""
    try:
        return os.lseek(handle, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size


def _failed(source: Path, error: shutil.Error) -> Iterator[tuple[str, str]]:
    """What could not be read, as rules and paths; what copying tells is a list of source, target and reason."""
    for path, *_ in error.args[0]:
        if not Path(path).is_symlink() and not os.access(path, os.R_OK):
            yield _KINDS["unreadable"], as_text(os.fsencode(os.path.relpath(path, source)))
