"""Foreign text made fit to be shown: what a terminal would obey, and what a reader of Markdown would not see as text, is spelled out.

A finding quotes what personas and their checks wrote. In Markdown such text stands in code and nowhere else: there it is no heading, link, picture or
HTML, calls nobody by an `@name`, and closes no issue.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["block", "code", "heading", "row", "visible"]

_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_WORDS = re.compile(r"(?:[^\W_]|[ ,])+")


def visible(text: str, *, lines: bool = False) -> str:
    """Spell out every sign that cannot be seen, as `⟨U+202E⟩`.

    Parameters
    ----------
    lines: whether line ends and tabs stay; else each run of them becomes a space.

    """
    written = text.replace("\r\n", "\n") if lines else re.sub(r"[\r\n\t]+", " ", text)
    return "".join(_spelled(sign) if _unseen(sign) and not (lines and sign in "\n\t") else sign for sign in written)


def _unseen(sign: str) -> bool:
    return unicodedata.category(sign) in _HIDDEN or sign in _FILLERS


def _spelled(sign: str) -> str:
    return f"⟨U+{ord(sign):04X}⟩"


def code(text: str) -> str:
    """A text as code within a line of Markdown, or within a cell of a table; `–` if it is empty."""
    shown = visible(text).replace("|", _spelled("|"))  # in a table a bar ends the cell, whatever stands before it
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
