"""A file, or a set of changed files, of any content: all that is asked is that there is something in it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar

from pydantic import Field

from dag_factory.evidence.kinds.base import EVIDENCE_MISSING, MAX_BYTES, MAX_FAULTS, Examination, Expectation, Fault, Material, Opened

__all__ = ["MAX_BYTES", "FileExpect", "FileKind"]

_EMPTY_BY_CUSTOM = frozenset({"__init__.py", "py.typed", ".gitkeep", ".keep", ".nojekyll"})
_BLANK = b" \t\r\n\v\f\0"


class FileExpect(Expectation):
    """What may be asked of a file.

    Parameters
    ----------
    min_bytes: the fewest bytes of each file.

    """

    min_bytes: int = Field(default=1, ge=1)


class FileKind(Opened[FileExpect]):
    """Files that are there and not empty, blank or zeroed."""

    name: ClassVar[str] = "file"
    Expect: ClassVar[type[Expectation]] = FileExpect

    def look(self, material: Material, expect: FileExpect) -> Examination:
        """Check the size of the file, or of each changed file.

        Files that are empty by custom (`__init__.py`, `py.typed`, `.gitkeep`) are let through in a set, as long as
        another file stands beside them.
        """
        if not material.files:
            return Examination(_faults(material.name, material.data, expect.min_bytes))
        counted = {path: data for path, data in material.files.items() if data or not _may_be_empty(path)}
        if not counted:
            text = f"{material.name}: all {len(material.files)} changed files are empty. Deliver one with content."
            return Examination((Fault(text, rule=EVIDENCE_MISSING),))
        faults = [fault for path, data in counted.items() for fault in _faults(path, data, expect.min_bytes)]
        return Examination(tuple(faults[:MAX_FAULTS]))


def _may_be_empty(path: str) -> bool:
    return PurePosixPath(path).name in _EMPTY_BY_CUSTOM


def _faults(path: str, data: bytes, min_bytes: int) -> tuple[Fault, ...]:
    size = len(data)
    if size == 0:
        return (Fault(f"{path}: there is no file, or nothing in it. Deliver it.", path, EVIDENCE_MISSING),)
    if size > MAX_BYTES:
        return (Fault(f"{path}: {size} bytes, and at most {MAX_BYTES} count. Deliver a smaller file.", path),)
    if not data.strip(_BLANK):
        text = f"{path}: its {size} bytes are all blank or zero. Deliver a file with content."
        return (Fault(text, path, EVIDENCE_MISSING),)
    if size < min_bytes:
        return (Fault(f"{path}: {size} bytes, and at least {min_bytes} are expected. Deliver all of it.", path),)
    return ()
