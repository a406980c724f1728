"""Markdown as HTML that is written here, tag by tag, from the parser's tokens: what has no place in `_TAGS` is shown as text.

HTML within it is text. A link leads away only by http, https or mailto, tells where to, and says nothing of where it was followed from; any
other is shown with its address and leads nowhere. A picture is told by its description and address and loaded from nowhere.
The format is CommonMark 0.31, with tables and struck-out text as GitHub has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from phasegate_plugin.pages.render.markup import clipped, note, shown
from phasegate_plugin.pages.render.signs import beginning, decoded, size

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

__all__ = ["MAX_LINES", "MAX_SIGNS", "show"]

MAX_SIGNS = 128_000
"""How much of a document is laid out; what a parser of Markdown spends, it spends by sign and by line."""
MAX_LINES = 5_000
"""How many of its lines."""

_MAX_PARAGRAPH = 4_000
_MAX_COLUMNS = 100
_MAX_MADE = 1_000_000
_MAX_ADDRESS = 2_000
_TAGS = frozenset(
    "blockquote code del em h3 h4 h5 h6 hr li ol p pre s strong table tbody td th thead tr ul".split()  # noqa: SIM905 # easier to read
)
_DEEPER = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}  # the page has its own h1 and h2
_LEADING = re.compile(r"(?:https?://([a-z0-9.-]+(?::[0-9]+)?)(?:[/?#][^\s\\<>\"'`]*)?|mailto:([a-z0-9.+_-]+@[a-z0-9.-]+))", re.IGNORECASE)


def show(name: str, data: bytes) -> Markup:  # noqa: ARG001 # every shape is asked alike
    """Show a document."""
    text, broken = decoded(data)
    text = text.replace("\r", "\n")
    part = beginning(text, signs=MAX_SIGNS, lines=MAX_LINES)
    said = Markup("")
    if broken:
        said += note("It is not all UTF-8: � stands for what could not be read.")
    if len(part) < len(text):
        said += note(f"The first {size(len(part.encode(errors='replace')))} of it are laid out.")
    return said + Markup('<div class="prose">{}</div>').format(_laid_out(part))


def _laid_out(text: str) -> Markup:
    made: list[Markup] = []
    length = 0
    closing: list[Markup] = []
    for piece in _pieces(_parser(tables=_narrow(text)).parse(text), closing):
        made.append(piece)
        length += len(piece)
        if length > _MAX_MADE:
            made += [*reversed(closing), note("The rest is not laid out: it grows beyond what is shown. See it as written.")]
            break
    return Markup("").join(made)


def _narrow(text: str) -> bool:
    """Whether tables can be read: of one with very many columns a parser makes them anew in every row."""
    return all(line.count("|") <= _MAX_COLUMNS for line in text.split("\n"))


@lru_cache(maxsize=2)
def _parser(*, tables: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"] if tables else ["strikethrough"])
    made.core.ruler.at("inline", _read_lines)
    return made


def _read_lines(state: StateCore) -> None:
    """Read what is within paragraphs; those so long that it would take long are shown as they are written."""
    from markdown_it.token import Token

    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        if len(token.content) <= _MAX_PARAGRAPH:
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        else:
            token.children.append(Token("text", "", 0, content=token.content))


def _pieces(tokens: Sequence[Token], closing: list[Markup]) -> Iterator[Markup]:
    """Write tokens; `closing` holds the ends of what is open meanwhile."""
    for token in tokens:
        tag = _DEEPER.get(token.tag, token.tag)
        if token.type == "inline":
            yield from _pieces(token.children or (), closing)
        elif token.nesting < 0:
            if not token.hidden:
                yield closing.pop()
        elif token.type == "link_open":
            yield _link(token, closing)
        elif token.type == "image":
            yield _picture(token)
        elif token.type in ("fence", "code_block"):
            yield Markup("<pre><code>{}</code></pre>\n").format(shown(token.content))
        elif token.type == "code_inline":
            yield Markup("<code>{}</code>").format(shown(token.content))
        elif token.type in ("softbreak", "hardbreak"):
            yield Markup("<br>\n") if token.type == "hardbreak" else Markup("\n")
        elif tag not in _TAGS:
            yield shown(token.content)
        elif not token.hidden:
            yield _tag(tag, token, closing)


def _tag(tag: str, token: Token, closing: list[Markup]) -> Markup:
    if token.nesting == 0:
        return Markup("<{}>\n").format(tag)
    closing.append(Markup("</{}>{}").format(tag, "\n" if token.block else ""))
    if tag == "table":
        closing[-1] = Markup("</table></div>\n")
        return Markup('<div class="wide" tabindex="0" role="group" aria-label="Table"><table>')
    start = str(token.attrGet("start") or "")
    if tag == "ol" and start.isascii() and start.isdigit():
        return Markup('<ol start="{}">').format(start)
    return Markup('<th scope="col">') if tag == "th" else Markup("<{}>").format(tag)


def _link(token: Token, closing: list[Markup]) -> Markup:
    """A link that leads away and says where to, or a text with the address it would have led to."""
    address = str(token.attrGet("href") or "")
    leads = _LEADING.fullmatch(address) if len(address) <= _MAX_ADDRESS else None
    if not leads:
        closing.append(Markup(" <code>{}</code></span>").format(shown(clipped(address, 200))))
        return Markup('<span class="inert">')
    host = leads[1] or leads[2]
    plain = token.markup == "autolink" and "xn--" not in host.lower()  # its text is its address
    closing.append(Markup("</a>") if plain else Markup('</a> <span class="host">({})</span>').format(clipped(host, 100)))
    return Markup('<a href="{}" rel="noopener nofollow noreferrer">').format(address)


def _picture(token: Token) -> Markup:
    address = str(token.attrGet("src") or "")
    return Markup('<span class="inert">[picture: {} <code>{}</code>]</span>').format(
        shown(token.content or "without a description"), shown(clipped(address, 200))
    )
