"""Why the kernel did not take a program with the command line and the environment it was given: which text is to blame, and never what it says."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["why_refused"]

_ONE = 32 * os.sysconf("SC_PAGE_SIZE")  # bytes of one text with its end: MAX_ARG_STRLEN, linux/binfmts.h
_SHOWN = 100


def why_refused(error: Exception, argv: Sequence[str], environment: Mapping[str, str]) -> str:
    """Say why it could not be started, and what to do.

    Parameters
    ----------
    error: what was raised: an OSError of the kernel's, or a ValueError where a text is none that a program can be given.
    argv: the program and its arguments.
    environment: its variables.

    """
    said = f"{argv[0][:_SHOWN]!r} cannot be started: "
    if isinstance(error, OSError) and error.errno == errno.E2BIG:
        texts = list(_texts(argv, environment))
        size, largest = max(((_size(text), name) for name, text in texts), key=lambda one: one[0])
        line, together = sum(map(_size, argv)), sum(_size(text) for _, text in texts)
        return (
            f"{said}its command line takes {line:,} bytes and its environment {together - line:,}, and this machine allows {_ONE:,} for one text and "
            f"about {os.sysconf('SC_ARG_MAX'):,} for all. The largest is {largest} with {size:,}: put that into a file, and name the file instead."
        )
    if isinstance(error, ValueError):
        unfit = [name for name, text in _texts(argv, environment) if _unfit(text)]
        return (
            f"{said}{unfit[0]} is no text that a program can be given: take null bytes and half characters out of it."
            if unfit
            else f"{said}{error}."
        )
    return f"{said}{error.strerror if isinstance(error, OSError) else error}."


def _texts(argv: Sequence[str], environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every text that the kernel is given, under what it is called."""
    yield "the program's name", argv[0]
    yield from ((f"argument {number}", text) for number, text in enumerate(argv[1:], start=1))
    yield from ((f"the variable {name[:_SHOWN]!r}", f"{name}={value}") for name, value in environment.items())


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass")) + 1


def _unfit(text: str) -> bool:
    try:
        return b"\0" in os.fsencode(text)
    except UnicodeEncodeError:
        return True
