"""Unified diffs, file by file: what came and what went is marked by its sign, by `ins` and `del`, and by colour last.

Within a hunk the counts of its head say which lines are its own, so no line of a file can pass for the head of another (GNU diff,
"Detailed Description of Unified Format"; git's extended heads are those of git-diff(1)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markupsafe import Markup

from phasegate_plugin.pages.render.markup import NotShownError, clipped, note, shown
from phasegate_plugin.pages.render.signs import beginning, decoded

__all__ = ["diff", "show"]

_SIGNS = 512_000
_LINES = 10_000
_FILES = 300
_OPEN = 12  # so many files are unfolded, if they are not long
_LONG = 400
_HUNK = re.compile(r"@@ -[0-9]{1,9}(?:,([0-9]{1,9}))? \+[0-9]{1,9}(?:,([0-9]{1,9}))? @@")


@dataclass
class _File:
    """What a diff says of one file: its heads, and its lines, each of them added (+), removed (-), a hunk's head (@) or context."""

    heads: list[str] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)

    @property
    def path(self) -> str:
        told = {head[:4]: head[4:].partition("\t")[0] for head in self.heads if head.startswith(("--- ", "+++ "))}
        for name in (told.get("+++ ", ""), told.get("--- ", "")):
            if name and name != "/dev/null":
                return name[2:] if name.startswith(("a/", "b/")) else name
        return self.heads[0].removeprefix("diff --git ") if self.heads else "Before the first file"

    def count(self, mark: str) -> int:
        return sum(1 for found, _ in self.lines if found == mark)


def diff(text: str, *, truncated: bool) -> Markup:
    """Show a unified diff.

    Parameters
    ----------
    text: the diff, as git writes it.
    truncated: whether there was more of it.

    """
    part = beginning(text.replace("\r\n", "\n"), signs=_SIGNS, lines=_LINES)
    files = list(_files(part))
    made = Markup("")
    if truncated or len(part) < len(text.replace("\r\n", "\n")):
        made += note(f"Only the beginning of the diff is shown: {part.count(chr(10)) + 1:,} lines.")
    if not files:
        return made + note("Nothing was changed.")
    for number, file in enumerate(files[:_FILES]):
        made += _section(file, unfolded=number < _OPEN and len(file.lines) <= _LONG)
    if len(files) > _FILES:
        made += note(f"And {len(files) - _FILES:,} more files, which are not shown.")
    return Markup('<div class="diff">{}</div>').format(made)


def show(name: str, data: bytes) -> Markup:  # noqa: ARG001 # every shape is asked alike
    """Show a file that is a diff.

    Raises
    ------
    NotShownError: it is none.

    """
    text, broken = decoded(data)
    if broken:
        raise NotShownError("it is not all UTF-8")
    if not _HUNK.search(text):
        raise NotShownError("no hunk begins in it")
    return diff(text, truncated=False)


def _files(text: str) -> Iterator[_File]:
    file = _File()
    old = new = 0  # lines still to come of this hunk
    for line in text.split("\n"):
        mark = line[:1]
        if (old > 0 or new > 0) and mark in ("+", "-", " ", "\\", ""):
            old -= mark in ("-", " ", "")
            new -= mark in ("+", " ", "")
            file.lines.append((mark if mark in ("+", "-") else " ", line))
            continue
        old = new = 0
        hunk = _HUNK.match(line)
        if hunk:
            old, new = (int(count) if count else 1 for count in hunk.groups())
            file.lines.append(("@", line))
        elif mark == "\\":
            file.lines.append((" ", line))
        elif line:
            if line.startswith("diff --git ") or (file.lines and line.startswith("--- ")):
                if file.heads or file.lines:
                    yield file
                file = _File()
            file.heads.append(line)
    if file.heads or file.lines:
        yield file


def _section(file: _File, *, unfolded: bool) -> Markup:
    added, removed = file.count("+"), file.count("-")
    heads = Markup("").join(Markup('<span class="head">{}</span>\n').format(shown(clipped(head))) for head in file.heads[:12])
    return Markup(
        '<details class="file"{}><summary><h3><bdi>{}</bdi></h3> <span class="counts">{} added, {} removed</span></summary>'
        '<pre class="patch">\n{}{}</pre></details>'
    ).format(
        Markup(" open") if unfolded else Markup(""), shown(clipped(file.path, 300)), added, removed, heads,
        Markup("").join(_line(mark, text) for mark, text in file.lines),
    )  # fmt: skip


def _line(mark: str, text: str) -> Markup:
    if mark == "+":
        return Markup("<ins>{}</ins>\n").format(shown(text))
    if mark == "-":
        return Markup("<del>{}</del>\n").format(shown(text))
    if mark == "@":
        return Markup('<span class="hunk">{}</span>\n').format(shown(text))
    return shown(text) + Markup("\n")
