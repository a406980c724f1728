"""The words of a document that people read: two that say the same, in another dress, are told to be the same."""

from __future__ import annotations

import hashlib
import re

from dag_factory.evidence.kinds.hidden import without_comments
from dag_factory.evidence.visible import composed, unescaped, visible

__all__ = ["PROSE", "wording"]

PROSE = frozenset({"markdown", "interface"})
"""The kinds of evidence that people read, and of which the words count."""

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


def wording(data: bytes) -> str:
    """The sha256 of the words of a file: capitals, blanks, line ends and signs change nothing in it. Empty where there is no word.

    What no reader sees is none of its words: comments, definitions of links, tags that show nothing, and what entities are called.
    """
    text = data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    text, _ = without_comments(text, html=False)
    text = unescaped(_EMPTY.sub(" ", _DEFINITION.sub("", _OPEN.sub("", text))))
    text = visible(composed(text).casefold())
    words = " ".join(_WORDS.findall(text))
    return hashlib.sha256(words.encode()).hexdigest() if words else ""
