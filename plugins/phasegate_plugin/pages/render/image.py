"""Pictures, known by their first bytes, as part of the page itself: nothing is loaded from anywhere.

Their size is read from their header, so that a few bytes do not make a browser draw a square mile. PNG: W3C, 3rd edition, 11.2.1; GIF89a, 18;
JPEG: ITU-T T.81, B.2.2; WebP: RFC 9649, 2.5 to 2.7.
"""

from __future__ import annotations

import base64

from markupsafe import Markup

from phasegate_plugin.pages.render.markup import NotShownError, shown
from phasegate_plugin.pages.render.signs import size

__all__ = ["MAX_BYTES", "MAX_PIXELS", "media_type", "show"]

MAX_BYTES = 2_000_000
"""The largest picture that is shown."""
MAX_PIXELS = 40_000_000
"""How many pixels it may have."""

_MAX_SEGMENTS = 1000


def media_type(data: bytes) -> str:
    """The media type of a picture that is shown, or nothing."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def show(name: str, data: bytes) -> Markup:
    """Show a picture.

    Raises
    ------
    NotShownError: it is too large, in bytes or in pixels, or does not say how large it is.

    """
    kind = media_type(data)
    if len(data) > MAX_BYTES:
        raise NotShownError(f"it has {size(len(data))}, and at most {size(MAX_BYTES)} are shown")
    across, down = _pixels(kind, data) or (0, 0)
    if not across or not down:
        raise NotShownError("its header does not tell its width and height")
    if across * down > MAX_PIXELS:
        raise NotShownError(f"it has {across} × {down} pixels, and at most {MAX_PIXELS:,} are shown")
    return Markup(
        '<figure><img src="data:{};base64,{}" width="{}" height="{}" alt="{}"><figcaption>{} × {} pixels, {}</figcaption></figure>'
    ).format(kind, base64.b64encode(data).decode(), across, down, shown(f"The picture {name}"), across, down, size(len(data)))


def _pixels(kind: str, data: bytes) -> tuple[int, int] | None:
    match kind:
        case "image/png":
            return (_big(data, 16, 4), _big(data, 20, 4)) if data[12:16] == b"IHDR" and len(data) >= 24 else None
        case "image/gif":
            return (_little(data, 6, 2), _little(data, 8, 2)) if len(data) >= 10 else None
        case "image/webp":
            return _webp(data)
    return _jpeg(data)


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Go from marker to marker up to the frame header."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if at + 9 > len(data) or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _big(data, at + 7, 2), _big(data, at + 5, 2)
        else:
            at += 2 + _big(data, at + 2, 2)
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    if len(data) < 30:
        return None
    match data[12:16]:
        case b"VP8X":
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
        case b"VP8L":
            bits = _little(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
    return None


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")
