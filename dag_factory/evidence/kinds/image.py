"""A picture, PNG or JPEG: one that shows something, large enough to be looked at, and no bomb.

Its size is read from its header here; its pixels are decoded by Pillow in a child process (`image_child`) that is bounded in
memory and time, so that a picture made to harm its reader harms nobody's gate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

from pydantic import Field

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.apart import asked
from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    clipped,
    rejected,
)

__all__ = ["MAX_BYTES", "MAX_PICTURES", "ImageExpect", "ImageKind"]

MAX_BYTES = 30_000_000
"""The largest picture that is read."""
MAX_PICTURES = 20
"""How many pictures a set may have; each is decoded in a process of its own."""

_SHOWN: dict[str, Mapping[str, Any]] = {}
"""What was found on pictures, by their sha256: every gate looks at those of the phases before it again, and they show the same."""
_MOST_SHOWN = 256
_BEGINNINGS = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff"}
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_NAMES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


class ImageExpect(Expectation):
    """What may be asked of a picture.

    Parameters
    ----------
    min_width: the fewest pixels across.
    min_height: the fewest pixels down.
    min_drawn_percent: how much of it, at least, must not be its ground: a picture of one colour has nothing on it.

    """

    min_width: int = Field(default=64, ge=2)
    min_height: int = Field(default=64, ge=2)
    min_drawn_percent: int | float = Field(default=0.1, gt=0, le=100, allow_inf_nan=False)


class ImageKind(Opened[ImageExpect]):
    """A picture, or all pictures of a set of changed files. Facts: `pixels`, the sha256 of the pixels of each."""

    name: ClassVar[str] = "image"
    Expect: ClassVar[type[Expectation]] = ImageExpect

    def look(self, material: Material, expect: ImageExpect) -> Examination:
        """Look at every picture; two of a set must not show the same."""
        pictures: Mapping[str, bytes] = {material.name: material.data}
        if material.files:
            pictures = {path: data for path, data in material.files.items() if _suffix(path) in _NAMES}
        if not any(pictures.values()):
            return rejected(f"{material.name}: there is no picture, or nothing in it. Draw it, as PNG or JPEG.", rule=EVIDENCE_MISSING)
        if len(pictures) > MAX_PICTURES:
            raise EvidenceError(f"{len(pictures)} pictures, and at most {MAX_PICTURES} are looked at.", remedy="Deliver fewer.")
        faults: list[Fault] = []
        seen: dict[str, str] = {}
        for path, data in pictures.items():
            try:
                shown = _decoded(path, data)
            except EvidenceError as error:
                faults.append(Fault(f"{path}: {error}", path))
                continue
            faults += [Fault(f"{path}: {text}", path) for text in _lacks(shown, expect)]
            first = seen.setdefault(shown["pixels"], path)
            if first != path:
                faults.append(Fault(f"{path}: it shows the very pixels of {clipped(first)}. Draw each for itself.", path))
        return Examination(tuple(faults[:MAX_FAULTS]), {"pixels": tuple(seen)})


def _lacks(shown: Mapping[str, Any], expect: ImageExpect) -> Iterator[str]:
    width, height, percent = shown["width"], shown["height"], shown["drawn"] / 10_000
    if width < expect.min_width or height < expect.min_height:
        yield f"{width} × {height} pixels, and at least {expect.min_width} × {expect.min_height} are expected. Draw it larger."
    if shown["drawn"] == 0:
        yield "it is of one colour, so nothing can be seen on it. Draw what it is there to show."
    elif percent < expect.min_drawn_percent:
        yield f"{percent:.3f} % of it is drawn, and at least {expect.min_drawn_percent} % is expected. Draw what it is there to show."


def _decoded(path: str, data: bytes) -> Mapping[str, Any]:
    """What the child says of a picture: format, width, height, pixels, drawn."""
    remedy = "Save it as PNG or JPEG."
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{len(data)} bytes, and at most {MAX_BYTES} are read.", remedy="Draw it smaller.")
    found = next((name for name, beginning in _BEGINNINGS.items() if data.startswith(beginning)), None)
    if found is None:
        raise EvidenceError("its first bytes are those of neither PNG nor JPEG.", remedy=remedy)
    named = _NAMES.get(_suffix(path))
    if named != found:
        raise EvidenceError(f"it is named like {named or 'no picture'} and holds {found}.", remedy="Name it as what it is.")
    if found == "PNG" and not data.endswith(_PNG_END):
        raise EvidenceError("it does not end where a PNG ends: it is cut off, or more is hidden behind it.", remedy=remedy)
    digest = hashlib.sha256(data).hexdigest()
    answer = _SHOWN.get(digest) or asked("image_child.py", data)
    if "error" in answer:
        raise EvidenceError(f"it cannot be decoded: {clipped(str(answer['error']))}.", remedy=remedy)
    if len(_SHOWN) < _MOST_SHOWN:
        _SHOWN[digest] = answer
    return answer


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
