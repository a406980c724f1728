"""What a page may hold: elements and attributes by name, addresses by shape. Whatever else stands in it is a fault."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_PLAIN = "article blockquote body br caption code del div dl dd dt em figcaption figure footer h1 h2 h3 h4 h5 h6 head header hr html ins li main nav p"
_ALLOWED: dict[str, frozenset[str]] = {
    name: frozenset({"class", "id", "aria-labelledby", "aria-label", "aria-hidden", "aria-current", "tabindex", "role", "lang"})
    for name in f"{_PLAIN} pre s section span strong style summary table tbody td thead title tr ul bdi".split()
}
_ALLOWED |= {
    "a": frozenset({"href", "rel", "class", "download"}),
    "code": frozenset({"title"}),
    "details": frozenset({"open", "class"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "meta": frozenset({"charset", "name", "content"}),
    "ol": frozenset({"start"}),
    "th": frozenset({"scope", "class"}),
    "time": frozenset({"datetime"}),
    "wbr": frozenset(),
}
_VOID = frozenset({"br", "hr", "img", "meta", "wbr"})
_AWAY = re.compile(r"(https?://[A-Za-z0-9.:-]+([/?#][^\s\"'<>\\]*)?|mailto:[^\s\"'<>\\]+)")
_HERE = re.compile(r"(/(?!/)[^\s\"'<>\\]*|#[a-z]+)?")
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")


class _Reading(HTMLParser):
    def __init__(self, *, page: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self._page = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ALLOWED or (not self._page and tag in ("style", "meta", "body", "head", "html", "main", "title", "h1", "h2")):
            self.faults.append(f"<{tag}>")
            return
        given = dict(attrs)
        if len(given) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.faults += [f"<{tag} {name}>" for name in given if name not in _ALLOWED[tag]]
        if tag == "a":
            self._link(given)
        if tag == "img" and not _PICTURE.fullmatch(given.get("src") or ""):
            self.faults.append(f"<img src={str(given.get('src'))[:80]!r}>")
        if tag not in _VOID:
            self.open.append(tag)

    def _link(self, given: dict[str, str | None]) -> None:
        address = given.get("href") or ""
        if _AWAY.fullmatch(address):
            if given.get("rel") != "noopener nofollow noreferrer":
                self.faults.append(f"{address[:80]} is told where it was followed from")
        elif not self._page or not _HERE.fullmatch(address):
            self.faults.append(f"<a href={address[:80]!r}>")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data[:40]}-->")

    def handle_decl(self, decl: str) -> None:
        if not self._page or decl != "DOCTYPE html":
            self.faults.append(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        self.faults.append(f"<![{data[:40]}")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"<?{data[:40]}")


_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def faults(html: str, *, page: bool = False) -> list[str]:
    """Everything in a fragment, or in a whole page, that could do harm: what may run, load, mislead or break out of its place."""
    reading = _Reading(page=page)
    reading.feed(html)
    reading.close()
    unseen = [f"U+{ord(sign):04X} is there and not seen" for sign in _HIDDEN.findall(html)]
    return reading.faults + [f"<{tag}> is not closed" for tag in reading.open] + unseen


def text_of(html: str) -> str:
    """What a reader sees of it."""
    reading = _Reading(page=True)
    reading.feed(html)
    reading.close()
    return "".join(reading.text)
