"""Reading markdown as a reader sees it: headings, the text under them, and nothing that is hidden.

Headings come from markdown-it's tokens, so a `#` inside a code fence or an HTML comment is none. What a browser would
not show (HTML comments, tags, where links lead to, what a fence is called) is neither text of a section nor a place to
cite an id in. The format is CommonMark 0.31.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds import hidden
from dag_factory.evidence.kinds.prose import Block, Document, Item, Section
from dag_factory.evidence.visible import visible

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
_MAX_LOOKED = 10_000  # signs of one text whose tags are looked at one by one; of a longer one, all that may be a tag is taken for one
_SEEN = ("text", "code_inline", "softbreak")
_BLANK_LINES = re.compile(r"\n(?:\s*\n)+")
_MARKUP = re.compile(r"[\\`*_<\[!&]")


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
    reading = _Reading()
    known: dict[str, Any] = {}
    tokens = _parser().parse(text, known)
    reading.take(tokens, frozenset(known.get("references", ())))
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


def _hides(content: str) -> bool:
    """Whether HTML within a text hides any of it; what stands in code is no HTML."""
    if not hidden.hides(content):
        return False
    if len(content) > _MAX_LOOKED:
        return True
    children = _line_parser().parseInline(content)[0].children or []
    return hidden.hides("".join(child.content if child.type == "html_inline" else "x" * bool(child.content.strip()) for child in children))


class _Reading:
    """One walk over the tokens of one document."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._joins = True  # the next text goes with the one before: the first, and whatever follows a heading
        self._sections: list[Section] = []
        self._hiding: list[int] = []
        self._commented = False  # an HTML comment left open hides all up to where HTML closes it
        self._references: frozenset[str] = frozenset()
        self._items = 0  # how many items of lists are open

    def take(self, tokens: Sequence[Token], references: frozenset[str]) -> None:
        """Walk over all tokens; `references` are the labels of the links that the document defines."""
        self._references = references
        within_heading, quoted = False, 0
        for index, token in enumerate(tokens):
            quoted += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
            self._items += {"list_item_open": 1, "list_item_close": -1}.get(token.type, 0)
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
                self._add(visible(token.content), token, verbatim=True)
            elif token.type == "list_item_open" and not quoted:
                self._take_item(token, tokens[index + 1 : index + 3])

    def document(self) -> Document:
        """What was read."""
        return Document("".join(self._texts), tuple(self._sections), tuple(self._hiding))

    def _take_text(self, token: Token, before: Token, within_heading: bool) -> None:
        content = token.content
        if "<" in content:
            if "<!--" in content:
                content = hidden.without_comments(content, html=False)[0]
            if _hides(content):
                self._hiding.append(_line(token))
        if not within_heading:
            self._add(hidden.shown(content, self._references), token)
        elif before.level == 0:  # a heading quoted or in a list structures nothing
            number, level = len(self._sections), int(before.tag[1:])
            if number == MAX_HEADINGS:
                raise EvidenceError(f"more than {MAX_HEADINGS} headings.", remedy="Split the document.")
            title = visible(_plain(token.content))
            self._sections.append(Section(number, title, level, _line(token)))
            self._tell(f"{'#' * level} {title}", heading=True)
        else:
            self._tell(hidden.shown(content, self._references), heading=True)

    def _take_html(self, token: Token) -> None:
        text, self._commented = hidden.without_comments(token.content, hidden=self._commented)
        if hidden.hides(text):
            self._hiding.append(_line(token))
        self._add(hidden.shown(text), token)

    def _take_item(self, token: Token, inside: Sequence[Token]) -> None:
        if self._sections:
            starts = len(inside) == 2 and inside[0].type == "paragraph_open"
            self._sections[-1].items.append(Item(visible(inside[1].content) if starts else "", _line(token), nested=self._items > 1))

    def _add(self, text: str, token: Token, *, verbatim: bool = False) -> None:
        if text.strip():
            self._tell(text)
            if self._sections:
                self._sections[-1].blocks.append(Block(text, _line(token), verbatim=verbatim, listed=self._items > 0))

    def _tell(self, text: str, *, heading: bool = False) -> None:
        self._texts.append(f"{'' if self._joins or self._items else chr(10)}{_BLANK_LINES.sub(chr(10), text.strip(chr(10)))}\n")
        self._joins = heading


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1
