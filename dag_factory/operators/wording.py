"""What others wrote, in a question to people: words, and no markup."""

from __future__ import annotations

__all__ = ["exact", "plain"]


_BREAKS = "\r\n`"


def exact(text: str, most: int = 500) -> str:
    """A text as it stands between backticks, where nothing is markup and a backslash is a backslash: people may copy it from there.

    Parameters
    ----------
    most: how many characters of it are shown.

    """
    return "".join(" " if sign in _BREAKS else sign for sign in text)[:most]


def plain(text: str, most: int = 500) -> str:
    """A text so that it is no markup in the question: one line, its signs escaped.

    Parameters
    ----------
    most: how many characters of it are shown.

    """
    return "".join(" " if sign in _BREAKS else f"\\{sign}" if sign in "*_[]<>|!#\\" else sign for sign in text)[:most]
