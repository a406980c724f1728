"""Signs that a reader does not see, or that turn what they see: control characters, marks of direction, what is no character, and fillers.

Whoever shows what somebody else wrote spells them out; whoever hands it to a model leaves them away.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_unseen", "shown", "spelled"]

_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def is_unseen(sign: str) -> bool:
    """Whether a sign cannot be seen."""
    return unicodedata.category(sign) in _HIDDEN or sign in _FILLERS


def spelled(sign: str) -> str:
    """A sign by its number, as `⟨U+202E⟩`."""
    return f"⟨U+{ord(sign):04X}⟩"


def shown(text: str, *, lines: bool = False) -> str:
    """Spell out every sign that cannot be seen.

    Parameters
    ----------
    lines: whether line ends and tabs stay; else each run of them becomes a space.

    """
    written = text.replace("\r\n", "\n") if lines else re.sub(r"[\r\n\t]+", " ", text)
    return "".join(spelled(sign) if is_unseen(sign) and not (lines and sign in "\n\t") else sign for sign in written)
