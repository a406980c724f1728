"""Reading markdown as a reader sees it: headings, the text under them, and nothing that is hidden.

Headings come from markdown-it's tokens, so a `#` inside a code fence or an HTML comment is none. What a browser would
not show (HTML comments, link definitions) is neither text of a section nor a place to cite an id in. The format is
CommonMark 0.31.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.prose import Block, Document, Item, Section

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["MAX_BYTES", "MAX_HEADINGS", "MAX_LINES", "read"]

MAX_BYTES = 2_000_000
"""The largest document that is read."""
MAX_LINES = 50_000
"""The most lines that are read: what a parser of markdown spends, it spends by line."""
MAX_HEADINGS = 2_000
"""The most headings that are read; each is read once more for its markup."""
_MAX_HEADING = 200
_SEEN = ("text", "code_inline", "softbreak")
_MARKUP = re.compile(r"[\\`*_<\[!&]")
_LINK_TARGET = re.compile(r"\]\([^()\s]*\)")
_TAG = re.compile(r"<[^<>]*>")
_HIDING = re.compile(
    r"<(?:template|script|style|noscript|title|xmp)\b|<[?]|<!\[CDATA"
    r"|<[^<>]*(?:\shidden(?=[\s=>/])|display\s*:\s*none|visibility\s*:\s*hidden)",
    re.IGNORECASE,
)


def read(data: bytes) -> Document:
    """Read a markdown document.

    Raises
    ------
    EvidenceError: it is empty of text, not UTF-8, or beyond the limits.

    """
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{len(data)} bytes, and at most {MAX_BYTES} are read.", remedy="Split the document.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EvidenceError(f"line {line} is not UTF-8.", remedy="Save the document as UTF-8.") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") >= MAX_LINES:
        raise EvidenceError(f"more than {MAX_LINES} lines.", remedy="Split the document.")
    reading = _Reading(text)
    reading.take(_parser().parse(text))
    return reading.document()


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Text within lines is read for headings only, and then by `_plain`: it is the larger half of the time.
    return MarkdownIt("commonmark").disable("inline")


@lru_cache(maxsize=1)
def _line_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


def _plain(content: str) -> str:
    """Read a heading's own text: without emphasis, links, code marks and HTML."""
    if len(content) > _MAX_HEADING or not _MARKUP.search(content):
        return content
    children = _line_parser().parseInline(content)[0].children or []
    return "".join(" " if child.type == "softbreak" else child.content for child in children if child.type in _SEEN)


class _Reading:
    """One walk over the tokens of one document."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._shown = [not line.strip() for line in self._lines]
        self._sections: list[Section] = []
        self._hiding: list[int] = []
        self._commented = False  # an HTML comment left open hides all up to where HTML closes it

    def take(self, tokens: Sequence[Token]) -> None:
        within_heading = False
        for index, token in enumerate(tokens):
            if token.type == "html_block":
                self._take_html(token)
            elif self._commented:
                continue
            elif token.type == "heading_open":
                within_heading = True
            elif token.type == "heading_close":
                within_heading = False
            elif token.type == "inline":
                self._take_text(token, tokens[index - 1], within_heading)
            elif token.type in ("fence", "code_block"):
                self._show(token)
                self._add(Block(token.content, _line(token), verbatim=True))
            elif token.type == "hr":
                self._show(token)
            elif token.type == "list_item_open" and token.level == 1:
                self._take_item(token, tokens[index + 1 : index + 3])

    def document(self) -> Document:
        text = "\n".join(line for line, shown in zip(self._lines, self._shown, strict=True) if shown)
        return Document(text, tuple(self._sections), tuple(self._hiding))

    def _take_text(self, token: Token, before: Token, within_heading: bool) -> None:
        self._show(token)
        content = token.content
        if "<!--" in content:
            content = _without_comments(content, html=False)[0]
            self._blank_comments(token, html=False)
        if not within_heading:
            self._add(Block(_TAG.sub(" ", _LINK_TARGET.sub("]()", content)), _line(token)))
        elif before.level == 0:  # a heading quoted or in a list structures nothing
            number, level = len(self._sections), int(before.tag[1:])
            if number == MAX_HEADINGS:
                raise EvidenceError(f"more than {MAX_HEADINGS} headings.", remedy="Split the document.")
            self._sections.append(Section(number, _plain(token.content), level, _line(token)))

    def _take_html(self, token: Token) -> None:
        hidden = self._commented
        text, self._commented = _without_comments(token.content, hidden=hidden)
        if _HIDING.search(text):
            self._hiding.append(_line(token))
        text = _TAG.sub(" ", text)
        if text.strip():
            self._add(Block(text, _line(token)))
            self._show(token)
            self._blank_comments(token, hidden=hidden)

    def _take_item(self, token: Token, inside: Sequence[Token]) -> None:
        if self._sections:
            starts = len(inside) == 2 and inside[0].type == "paragraph_open"
            self._sections[-1].items.append(Item(inside[1].content if starts else "", _line(token)))

    def _add(self, block: Block) -> None:
        if self._sections and block.text.strip():
            self._sections[-1].blocks.append(block)

    def _show(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self._shown[start:end] = [True] * len(self._shown[start:end])

    def _blank_comments(self, token: Token, *, hidden: bool = False, html: bool = True) -> None:
        start, end = token.map or (0, 0)
        shown, _ = _without_comments("\n".join(self._lines[start:end]), hidden=hidden, html=html)
        self._lines[start:end] = shown.split("\n")


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _without_comments(text: str, *, hidden: bool = False, html: bool = True) -> tuple[str, bool]:
    """Take HTML comments out, but for their line ends; tell whether one is open at the end.

    In HTML an open comment hides the rest; in a line of markdown an open comment is text. Linear, whatever the text.
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
