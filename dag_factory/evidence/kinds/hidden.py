"""What HTML keeps from the reader of a document: comments, tags with all that is in them, and elements that a browser does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dag_factory.evidence.visible import unescaped, visible

__all__ = ["hides", "shown", "without_comments"]

_TAG = re.compile(
    r"""<[/!?]?(?![A-Za-z][A-Za-z0-9+.-]{1,31}:)[A-Za-z](?:[^<>"']|"[^"]{0,500}"|'[^']{0,500}'){0,500}+>|<[/!?]?[A-Za-z][^<>:]*>"""
)
"""A tag; what looks like one with a scheme in it is an address that is shown. Values in quotes may hold signs of tags."""
_TITLE = r"""(?<=\s)(?:"[^"]{0,500}"|'[^']{0,500}'|\([^()]{0,500}\))\s*+"""
_TARGET = re.compile(rf"""\]\(\s*+(?:(?:<[^<>\n]{{0,2000}}>|(?:[^\s()<>]|\([^\s()]{{0,500}}\)){{0,2000}}+)\s*+(?:{_TITLE})?|{_TITLE})\)""")
_LABEL = re.compile(r"\]\[([^\[\]]{1,999})\]")
_UNSHOWN = re.compile(
    r"<(?:template|script|style|noscript|noframes|noembed|title|xmp|dialog|datalist)\b"
    r"|<(?:canvas|audio|video|object|iframe)\b[^<>]*>(?!\s*(?:<|$))"  # text in them is for browsers that know them not
    r"|<[?]|<!\[CDATA"
    r"|<[^<>]*(?:\s(?:hidden|popover)(?=[\s=>/])"
    r"|(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden"
    r"|(?:opacity|font-size|(?:max-)?(?:width|height))\s*:\s*[0.]++(?![1-9])|color\s*:\s*transparent"
    r"|(?:text-indent|left|top|margin(?:-left|-top)?)\s*:\s*-\d{3}|clip(?:-path)?\s*:|scale[xy]?\(\s*0\s*[,)]))",
    re.IGNORECASE,
)
_CSS_COMMENT = re.compile(r"/\*.{0,500}?\*/", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)")


def hides(text: str) -> bool:
    """Whether HTML in a text hides what stands in it or behind it."""
    return "<" in text and (_UNSHOWN.search(text) is not None or any(_UNSHOWN.search(tag) for tag in _plainly(text)))


def _plainly(text: str) -> Iterator[str]:
    """Tags that spell something out in another way, as a browser reads them."""
    for tag in _TAG.findall(text):
        if "&" in tag or "\\" in tag or "/*" in tag:
            yield _CSS_ESCAPE.sub(_letter, _CSS_COMMENT.sub("", unescaped(tag)))


def _letter(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else 0
    return chr(code) if 0 < code < 0x110000 else found[2] or ""


def shown(text: str, references: frozenset[str] = frozenset()) -> str:
    """What a reader sees of a text: no tags, no targets of links, entities as what they stand for.

    Parameters
    ----------
    references: labels of links that are defined elsewhere, in the form in which markdown-it keeps them.

    """
    if "](" in text:
        text = _TARGET.sub("]()", text)
    if references and "][" in text:
        text = _LABEL.sub(lambda found: "][]" if " ".join(found[1].split()).lower().upper() in references else found[0], text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return visible(unescaped(text))


def without_comments(text: str, *, hidden: bool = False, html: bool = True) -> tuple[str, bool]:
    """Take HTML comments out, but for their line ends; tell whether one is open at the end.

    In HTML an open comment hides the rest; in a line of markdown an open comment is text. Linear, whatever the text.

    Parameters
    ----------
    hidden: whether the text begins within a comment.
    html: whether it is HTML throughout.

    """
    kept: list[str] = []
    start = 0
    while True:
        if not hidden:
            found = text.find("<!--", start)
            if found < 0:
                return "".join((*kept, text[start:])), False
            kept.append(text[start:found])
            start = found
        end = text.find("-->", start if hidden else start + 4)
        if end < 0:
            kept.append("\n" * text.count("\n", start) if html else text[start:])
            return "".join(kept), html
        kept.append("\n" * text.count("\n", start, end))
        start, hidden = end + 3, False
