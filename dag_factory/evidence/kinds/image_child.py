"""Decodes a picture in a process of its own, with bounds on memory and time: what a decoder does with hostile bytes stays here.

Started as a program, with nothing of this package imported: the picture comes by stdin, the answer is one JSON object on
stdout. ``pixels`` is the sha256 of size and pixels, whatever format they came in; ``drawn`` is the share of pixels, in parts
of a million, that differ from the most common value in the channel where most do, on white or on black, wherever it shows more.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 36_000_000
"""The most pixels that are decoded, a screen of 8K among them; a picture of that many takes 144 MB, a few times over."""
_MEMORY = 1_500_000_000
_SECONDS = 10
_NEAR = 4  # of 256 shades


def main() -> None:
    """Read, bound, decode, answer."""
    data = sys.stdin.buffer.read()
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    if sys.platform == "linux":  # elsewhere the system does not keep it
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        answer = looked_at(data)
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(answer))


def looked_at(data: bytes) -> dict[str, Any]:
    """Decode the picture and describe it."""
    import io

    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error")  # Pillow warns of a bomb before it refuses one
    with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as image:
        size = {"format": image.format, "width": image.width, "height": image.height}
        if image.width * image.height > MAX_PIXELS:
            return {**size, "error": f"{image.width} × {image.height} pixels, and at most {MAX_PIXELS} are decoded"}
        image.load()
        whole = image.convert("RGBA")
    pixels = hashlib.sha256(f"{whole.width}x{whole.height}\n".encode())
    pixels.update(whole.tobytes())
    return {**size, "pixels": pixels.hexdigest(), "drawn": max(drawn(whole, "white"), drawn(whole, "black"))}


def drawn(whole: Image, on: str) -> int:
    """How much of a picture is not its ground, when it lies on this colour."""
    from PIL import Image

    flat = Image.new("RGBA", whole.size, on)
    flat.alpha_composite(whole)
    counts = flat.convert("RGB").histogram()
    total = whole.width * whole.height
    common = min(_ground(counts[start : start + 256]) for start in (0, 256, 512))
    return (total - common) * 1_000_000 // total


def _ground(counts: list[int]) -> int:
    """How many pixels of a channel are of its commonest shade, or so near to it that no eye tells them apart."""
    return max(sum(counts[max(0, shade - _NEAR) : shade + _NEAR + 1]) for shade in range(256))


if __name__ == "__main__":
    main()
