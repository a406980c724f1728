"""A markdown document as data: its sections, what stands in them, and whether that is enough."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dag_factory.evidence.kinds.base import clipped
from dag_factory.evidence.visible import UNSPACED, says

__all__ = ["Block", "Document", "Item", "Section", "normal", "repeated", "section_fault", "unfilled"]

_LATER = r"(?:\W+(?:later|soon|next|before|after|once|when|by|in|at)\b[^.!?]{0,60}+)?"
_UNFILLED = re.compile(
    r"[\W_]*+(?:(?:todo|tbd|tba|tbc|fixme|xxx|wip|placeholder|coming soon|your text here"
    r"|work in progress|under construction|(?:details|text|content|documentation|description|more) (?:to follow|to come|will follow)"
    r"|to be (?:done|written|determined|defined|decided|completed|added|filled in)"
    r"|(?:this|the) (?:section|chapter|page|part|document) (?:will be (?:written|completed|added|filled in)|is (?:still )?to be (?:written|completed|added))"
    rf"|(?:this|the) (?:section|chapter|page|part) is (?:intentionally |deliberately )?left (?:blank|empty)){_LATER}[\W_]*"
    r"|(?:todo|tbd|fixme)\s*[:(–—-].*|lorem ipsum\b.*"
    r"|todo\W+(?:write|add|fill|describe|explain|document|define|complete|finish|update)\b[^.!?]{0,120}[.!…]?"
    r"|(?:n/?a|not applicable)(?:\W+(?:not|yet|later|soon|none|so|far|for|now|at|this|time|see|above|below|please))*[\W_]*"
    r"|(?:please\s+)?(?:describe|explain|insert|add|write|fill in|enter|provide|put|replace)\b[^.!?]{0,120}\b(?:here|this text)[.!…]?)",
    re.IGNORECASE | re.DOTALL,
)
_WORDS = re.compile(r"[^\W_]+")  # without marks of emphasis and punctuation
_TELLING = 8  # words that two sections do not share by chance; a shorter "None so far." may stand in several
_TABLE = re.compile(r"[ \t]*\|.*\n[ \t|:-]*-[ \t|:-]*\n(.+)", re.DOTALL)
_BRACKETED = re.compile(r"\[[^\[\]]*\]\.?|\{\{.*\}\}|[\W_]*", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One run of text in a section, as a reader sees it; `verbatim` is code, where drawings are made of punctuation; `listed` lies in a list."""

    text: str
    line: int
    verbatim: bool = False
    listed: bool = False

    @property
    def words(self) -> int:
        """How many words it has; of code and drawings, how many runs of signs. A row of dots is no drawing."""
        tokens = self.text.split()
        if self.verbatim:
            return len(tokens) if any(len(set(token)) > 1 or token.isalnum() for token in tokens) else 0
        return sum(1 for token in tokens if any(map(str.isalnum, token))) + len(UNSPACED.findall(self.text))

    @property
    def placeholder(self) -> bool:
        """Whether it is what a template says before anyone fills it in."""
        if table := None if self.verbatim else _TABLE.fullmatch(self.text.rstrip()):
            cells = [cell for cell in re.split(r"[|\n]", table[1]) if says(cell)]  # a check mark in every cell is an answer
            return bool(cells) and all(map(unfilled, cells))
        return unfilled(self.text) or (not self.verbatim and _BRACKETED.fullmatch(self.text.strip()) is not None)


@dataclass(frozen=True)
class Item:
    """One item of a list in a section, or of a list in an item (`nested`); `text` is its first paragraph as written."""

    text: str
    line: int
    nested: bool = False


@dataclass
class Section:
    """A heading and what stands under it up to the next heading of any level; `index` counts the sections."""

    index: int
    title: str
    level: int
    line: int
    blocks: list[Block] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    """What a reader sees of a markdown document.

    Parameters
    ----------
    text: the text without what is hidden. Paragraphs are apart by an empty line; a list goes on from what is before it, and a heading into what follows.
    sections: in order; text before the first heading belongs to none.
    hiding: the lines on which raw HTML hides what follows.

    """

    text: str
    sections: tuple[Section, ...]
    hiding: tuple[int, ...] = ()

    def titled(self, title: str) -> list[Section]:
        """Find the sections of this title; case and runs of spaces do not matter, everything else does."""
        return [section for section in self.sections if normal(section.title) == normal(title)]

    def below(self, section: Section, apart: Sequence[str] = ()) -> list[Section]:
        """Collect a section and its sub-sections, but for those titled as one of `apart` and what lies in them."""
        found = [section]
        others = {normal(title) for title in apart}
        apart_level: int | None = None
        for number in range(section.index + 1, len(self.sections)):
            below = self.sections[number]
            if below.level <= section.level:
                break
            if apart_level is not None and below.level > apart_level:
                continue
            apart_level = below.level if normal(below.title) in others else None
            if apart_level is None:
                found.append(below)
        return found

    def body(self, section: Section, apart: Sequence[str] = ()) -> list[Block]:
        """Collect the blocks of a section and of what lies `below` it."""
        return [block for part in self.below(section, apart) for block in part.blocks]

    def items(self, section: Section, apart: Sequence[str] = ()) -> list[Item]:
        """Collect the items of lists in a section and in what lies `below` it."""
        return [item for part in self.below(section, apart) for item in part.items]


def unfilled(text: str) -> bool:
    """Tell whether a text is what a template says before anyone fills it in: TODO, TBD, lorem ipsum."""
    return _UNFILLED.fullmatch(text.strip()) is not None


def normal(title: str) -> str:
    """Bring a heading into the form in which headings are compared: without the anchor that pandoc, Docusaurus and MkDocs read behind it."""
    before, apart, anchor = title.rstrip().rpartition("{#")
    if apart and anchor.endswith("}") and re.fullmatch(r"[\w.-]+", anchor[:-1]):
        title = before
    return " ".join(title.split()).casefold()


def section_fault(document: Document, title: str, apart: Iterable[str], min_words: int) -> str | None:
    """Say what is wrong with the section of this title, or None; of several with the title one good one will do."""
    found = document.titled(title)
    if not found:
        return f"there is no section “{title}”. Add a heading of exactly these words, with text under it."
    others = [other for other in apart if normal(other) != normal(title)]
    first = ""
    for section in found:
        reason = _body_fault(document.body(section, others), min_words)
        if reason is None:
            return None
        first = first or reason
    return f"line {found[0].line}: the section “{title}” {first}"


def repeated(document: Document, titles: Sequence[str]) -> list[tuple[str, str]]:
    """Find sections that say word for word what one before them says: one filler under several headings tells nothing of any.

    Short texts may be the same in some, and not in all of three or more.

    Returns
    -------
    What is wrong, and the title of the section, for each.

    """
    texts: dict[str, list[tuple[str, Section]]] = {}
    words: dict[str, int] = {}
    titles = list({normal(title): title for title in titles}.values())
    for title in titles:
        for section in document.titled(title)[:1]:
            blocks = [
                block
                for block in document.body(section, [other for other in titles if normal(other) != normal(title)])
                if not block.placeholder
            ]
            text = "\n".join(map(_plain, blocks))
            words[text] = sum(block.words for block in blocks)
            texts.setdefault(text, []).append((title, section))
    found = []
    for text, same in texts.items():
        if len(same) > 1 and words[text] and (words[text] >= _TELLING or len(same) == len(titles) > 2):
            (first, _), *others = same
            found += [
                (f"line {at.line}: the section “{title}” says word for word what “{first}” says. Write what it is there for.", title)
                for title, at in others
            ]
    return found


def _plain(block: Block) -> str:
    """A block without what marks emphasis; of code, drawings and signs alone nothing is left out."""
    text = normal(block.text)
    return text if block.verbatim else " ".join(_WORDS.findall(text)) or text


def _body_fault(blocks: list[Block], min_words: int) -> str | None:
    written = [block for block in blocks if not block.placeholder]
    words = sum(block.words for block in written)
    if words >= min_words:
        return None
    left = next((block for block in blocks if block.placeholder and block.text.strip()), None)
    if left is not None and not words:
        return f"still holds its placeholder “{clipped(left.text, 60)}”. Write what it is there for."
    if not words:
        return "has a heading and no text. Write what it is there for."
    return f"has {words} words, and at least {min_words} are expected. Write what it is there for."
