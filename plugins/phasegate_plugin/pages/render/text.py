"""Plain text, logs, and whatever else is shown as it is written."""

from __future__ import annotations

from markupsafe import Markup

from phasegate_plugin.pages.render.markup import excerpt, note
from phasegate_plugin.pages.render.signs import beginning, decoded, size, without_terminal

__all__ = ["as_text"]

SIGNS = 512_000
"""How much of a text is shown."""
LINES = 10_000
"""How many of its lines."""


def as_text(data: bytes, whole: int, *, signs: int = SIGNS, lines: int = LINES) -> Markup:
    """Show bytes as the text they are, without what is meant for a terminal.

    Parameters
    ----------
    data: the beginning of a file.
    whole: the size of all of it.
    signs: how many signs are shown at most.
    lines: how many lines are shown at most.

    """
    read = data[: 4 * signs]
    text, broken = decoded(read)
    text, taken = without_terminal(text)
    part = beginning(text, signs=signs, lines=lines)
    said = []
    if len(part) < len(text) or len(read) < whole:
        seen = len(read) if len(part) == len(text) else len(part.encode(errors="replace"))
        said.append(f"The first {size(seen)} of {size(whole)}.")
    if broken:
        said.append("It is not all UTF-8: � stands for what could not be read.")
    if taken:
        said.append(f"{taken:,} terminal sequence{'s' if taken != 1 else ''} (colours and the like) left out.")
    return (note(" ".join(said)) if said else Markup("")) + excerpt(part)
