"""What others wrote, in a question to people: words, and no markup."""

from __future__ import annotations

__all__ = ["plain"]


def plain(text: str, most: int = 500) -> str:
    """A text so that it is no markup in the question: one line, its signs escaped.

    Parameters
    ----------
    most: how many characters of it are shown.

    """
    return "".join(" " if sign in "\r\n`" else f"\\{sign}" if sign in "*_[]<>|!#\\" else sign for sign in text)[:most]
