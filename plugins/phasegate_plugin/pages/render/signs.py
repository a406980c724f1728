"""Foreign text made fit to be seen: what a browser would hide, reorder or obey is spelled out."""

from __future__ import annotations

import re

__all__ = ["beginning", "decoded", "is_binary", "size", "visible", "without_terminal"]

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Controls, marks of direction, joiners, blanks that have no width, half surrogates: Unicode 16, categories Cc, Cf, Cs, Zl, Zp and fillers."""
_TERMINAL = re.compile("\x1b(?:\\[[0-?]*+[ -/]*+[@-~]|\\][^\x07\x1b]*+(?:\x07|\x1b\\\\)|[PX^_][^\x1b]*+\x1b\\\\|[()][0-9AB]|[78=>DEHMc])")
"""Sequences that tell a terminal something (ECMA-48, 5th edition, 5.4 and 5.6; ISO 2022; VT100). The classes exclude ESC, so the time is linear."""
_BINARY = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")


def visible(text: str) -> str:
    """Spell out every sign that cannot be seen, as `⟨U+202E⟩`. Line ends and tabs stay."""
    return _HIDDEN.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def without_terminal(text: str) -> tuple[str, int]:
    """Take out what is meant for a terminal, colours above all, and tell how many times."""
    return _TERMINAL.subn("", text) if "\x1b" in text else (text, 0)


def decoded(data: bytes) -> tuple[str, bool]:
    """Read bytes as UTF-8 with line ends as Unix has them, and tell whether some were not UTF-8; a letter cut at the end does not count."""
    for end in range(len(data), max(len(data) - 4, -1), -1):
        try:
            return _lines(data[:end].decode("utf-8-sig")), False
        except UnicodeDecodeError as error:
            if error.end < end:
                break
    return _lines(data.decode("utf-8-sig", errors="replace")), True


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def is_binary(data: bytes) -> bool:
    """Whether bytes are no text: they hold NUL at their beginning, or more controls and broken letters than a text would."""
    head = data[:8192]
    if b"\x00" in head:
        return True
    text = head.decode("utf-8", errors="replace")
    odd = len(_BINARY.findall(head)) + text.count("\ufffd")
    return odd * 10 > len(text)


def beginning(text: str, *, signs: int, lines: int) -> str:
    """The first lines of a text, or all of it."""
    text = text[:signs]
    end = -1
    for _ in range(lines):
        end = text.find("\n", end + 1)
        if end < 0:
            return text
    return text[:end]


def size(count: int) -> str:
    """A number of bytes as people say it."""
    if count < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    amount, units = count / 1000, ["kB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.1f} {units[0]}" if amount < 9.95 else f"{amount:.0f} {units[0]}"
