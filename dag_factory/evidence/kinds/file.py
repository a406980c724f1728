"""A file, or a set of changed files, of any content: all that is asked is that there is something in it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import ClassVar

from pydantic import Field

from dag_factory.evidence.kinds.base import EVIDENCE_MISSING, MAX_BYTES, MAX_FAULTS, Examination, Expectation, Fault, Material, Opened
from dag_factory.evidence.visible import visible

__all__ = ["MAX_BYTES", "FileExpect", "FileKind"]

_EMPTY_BY_CUSTOM = frozenset({"__init__.py", "py.typed", ".gitkeep", ".keep", ".nojekyll"})
_PRINTED = re.compile(rb"[!-~]")  # what any text in ASCII holds, and nearly any file
_COMMENTED = frozenset({".yaml", ".yml", ".toml"})
_SAID = re.compile(
    rb"^(?:\xef\xbb\xbf)?+[ \t]*+(?!(?:---|\.\.\.)[ \t\r]*(?:#.*)?$)[^#\s]", re.MULTILINE
)  # a line that is no comment, and no mark between documents


class FileExpect(Expectation):
    """What may be asked of a file.

    Parameters
    ----------
    min_bytes: the fewest bytes of each file.

    """

    min_bytes: int = Field(default=1, ge=1)


class FileKind(Opened[FileExpect]):
    """Files that are there and not empty, blank or zeroed; one in YAML or TOML is not all comments."""

    name: ClassVar[str] = "file"
    Expect: ClassVar[type[Expectation]] = FileExpect

    def look(self, material: Material, expect: FileExpect) -> Examination:
        """Check the size of the file, or of each changed file.

        Files that are empty by custom (`__init__.py`, `py.typed`, `.gitkeep`) are let through in a set, as long as
        another file stands beside them.
        """
        if not material.files:
            faults = _faults(material.name, material.data, expect.min_bytes)
            if not faults and PurePosixPath(material.name).suffix in _COMMENTED and not _SAID.search(material.data):
                text = f"{material.name}: it is all comments, which nothing reads. Deliver what they are about."
                faults = (Fault(text, material.name, EVIDENCE_MISSING),)
            return Examination(faults)
        counted = {path: data for path, data in material.files.items() if data or not _may_be_empty(path)}
        if not counted:
            text = f"{material.name}: all {len(material.files)} changed files are empty. Deliver one with content."
            return Examination((Fault(text, rule=EVIDENCE_MISSING),))
        found = [fault for path, data in counted.items() for fault in _faults(path, data, expect.min_bytes)]
        return Examination(tuple(found[:MAX_FAULTS]))


def _may_be_empty(path: str) -> bool:
    return PurePosixPath(path).name in _EMPTY_BY_CUSTOM


def _faults(path: str, data: bytes, min_bytes: int) -> tuple[Fault, ...]:
    size = len(data)
    if size == 0:
        return (Fault(f"{path}: there is no file, or nothing in it. Deliver it.", path, EVIDENCE_MISSING),)
    if size > MAX_BYTES:
        return (Fault(f"{path}: {size} bytes, and at most {MAX_BYTES} count. Deliver a smaller file.", path),)
    if not _PRINTED.search(data) and _is_blank(data):
        text = f"{path}: its {size} bytes are all blank or zero. Deliver a file with content."
        return (Fault(text, path, EVIDENCE_MISSING),)
    if size < min_bytes:
        return (Fault(f"{path}: {size} bytes, and at least {min_bytes} are expected. Deliver all of it.", path),)
    return ()


def _is_blank(data: bytes) -> bool:
    """Whether a file without a sign of ASCII shows nothing; what is no text is taken to be something, unless it is all zeros."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not visible(text).replace("\0", "").strip()
