"""What a page answers when it cannot show what was asked for: one fault, its status and the words a person reads."""

from __future__ import annotations

__all__ = ["PageError", "incredible", "missing", "unreachable"]


class PageError(Exception):
    """A page that cannot be shown.

    Parameters
    ----------
    status: the HTTP status.
    title: what is wrong, in a few words.
    text: what is wrong and why.
    remedy: what to do next.

    """

    def __init__(self, status: int, title: str, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.status, self.title, self.text, self.remedy = status, title, text, remedy


def missing(title: str, text: str, remedy: str = "") -> PageError:
    """There is no such thing (404)."""
    return PageError(404, title, text, remedy)


def incredible(text: str, remedy: str = "") -> PageError:
    """What the store holds contradicts what was signed (409): nothing of it is shown."""
    return PageError(409, "This run cannot be believed", text, remedy)


def unreachable(text: str, remedy: str = "Check [phasegate] evidence_root, its rights and its connection on the API server.") -> PageError:
    """The store does not answer (503)."""
    return PageError(503, "The evidence store cannot be reached", text, remedy)
