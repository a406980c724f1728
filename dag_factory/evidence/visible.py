"""What a reader sees of a text: characters without a shape are left out, and two texts of the same words are told to be the same."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

__all__ = ["PROSE", "says", "visible", "wording"]

PROSE = frozenset({"markdown", "interface"})
"""The kinds of evidence that people read, and of which the words count."""

# Default_Ignorable_Code_Point of Unicode 16: what a font shows nothing for, a few of them letters to a program, like the fillers of Hangul.
_SHAPELESS = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_WORDS = re.compile(r"[^\W_]+")
_DEFINITION = re.compile(
    r"""^ {0,3}\[[^\[\]\n]{1,999}\]:[ \t]*[^\s"'(]\S{0,2000}(?:[ \t]+(?:"[^"\n]{0,500}"|'[^'\n]{0,500}'|\([^()\n]{0,500}\)))?[ \t]*$""",
    re.MULTILINE,
)
"""The definition of a link, in a line; `[//]: # (…)` is one that is written to be a comment."""
_OPEN = re.compile(r"^ {0,3}<!--.*", re.MULTILINE | re.DOTALL)
"""A comment that no line ends: begun with a line, it hides the rest."""
_EMPTY = re.compile(r"</?(?:a|br|div|hr|p|span)(?:\s[^<>]{0,500})?/?>", re.IGNORECASE)
"""Tags that show nothing of themselves."""


def visible(text: str) -> str:
    """A text without the characters that show nothing; blanks stay."""
    return text if text.isascii() else _SHAPELESS.sub("", text)


def says(text: str) -> bool:
    """Whether a text holds a letter or a digit that a reader sees."""
    return any(map(str.isalnum, visible(text)))


def wording(data: bytes) -> str:
    """The sha256 of the words of a file: capitals, blanks, line ends and signs change nothing in it. Empty where there is no word.

    What no reader sees is none of its words: comments, definitions of links, tags that show nothing, and what entities are called.
    """
    from dag_factory.evidence.kinds.hidden import without_comments

    text = data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    text, _ = without_comments(text, html=False)
    text = html.unescape(_EMPTY.sub(" ", _DEFINITION.sub("", _OPEN.sub("", text))))
    text = visible(unicodedata.normalize("NFKC", text).casefold())
    words = " ".join(_WORDS.findall(text))
    return hashlib.sha256(words.encode()).hexdigest() if words else ""
