"""What a reader sees of a text: characters without a shape are left out."""

from __future__ import annotations

import html
import re
import unicodedata

__all__ = ["UNSPACED", "composed", "says", "unescaped", "visible"]

UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Letters of scripts that put no spaces between words: Thai, Lao, Tibetan, Burmese, Khmer, Japanese and Chinese."""
_NUMBERED = re.compile(r"&#(?=[0-9])0*+([0-9]*+)")
_MARKS = re.compile("[\\W\uff9e\uff9f]{30}")
"""All that may be put in order behind a letter: no letters but two, that are marks in another width."""

# Default_Ignorable_Code_Point of Unicode 16: what a font shows nothing for, a few of them letters to a program, like the fillers of Hangul.
_SHAPELESS = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """A text without the characters that show nothing; blanks stay."""
    return text if text.isascii() else _SHAPELESS.sub("", text)


def composed(text: str) -> str:
    """A text in Unicode's form NFKC. Of the marks on one letter no more than thirty are put in order at once (UAX #15, 13): of more it would take for ever."""
    return text if text.isascii() else unicodedata.normalize("NFKC", _MARKS.sub("\\g<0>\u034f", text))


def unescaped(text: str) -> str:
    """A text with its entities as what they stand for; a number too long for Python to read as an int is no character, as any too large."""
    return html.unescape(_NUMBERED.sub(lambda found: f"&#{found[1][:8] or '0'}", text)) if "&" in text else text


def says(text: str) -> bool:
    """Whether a text holds a letter or a digit that a reader sees."""
    return any(map(str.isalnum, visible(text)))
