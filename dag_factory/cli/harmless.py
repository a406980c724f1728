"""Foreign text made fit to be shown: what a terminal would obey, and what a reader of Markdown would not see as text, is spelled out.

A finding quotes what personas and their checks wrote. In Markdown such text stands in code and nowhere else: there it is no heading, link, picture or
HTML, calls nobody by an `@name`, and closes no issue.
"""

from __future__ import annotations

import re

from dag_factory.unseen import shown as visible
from dag_factory.unseen import spelled

__all__ = ["block", "code", "heading", "row", "visible"]

_WORDS = re.compile(r"(?:[^\W_]|[ ,])+")


def code(text: str) -> str:
    """A text as code within a line of Markdown, or within a cell of a table; `–` if it is empty."""
    shown = visible(text).replace("|", spelled("|"))  # in a table a bar ends the cell, whatever stands before it
    if not shown.strip():
        return "–"
    fence = "`" * (_longest(shown) + 1)
    room = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{room}{shown}{room}{fence}"


def block(text: str) -> list[str]:
    """A text as lines of code, word for word."""
    shown = visible(text.strip("\n"), lines=True)
    fence = "`" * max(3, _longest(shown) + 1)
    return [fence, *shown.split("\n"), fence]


def heading(text: str) -> str:
    """A title within a heading: as it is where it is words alone, else as code."""
    return text if _WORDS.fullmatch(text) else code(text)


def row(*cells: str) -> str:
    """One row of a table; every cell is Markdown already."""
    return f"| {' | '.join(cell or '–' for cell in cells)} |"


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
