"""What is wrong with text that is no YAML, in the words of an author, and not in those of the program that reads it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from dag_factory.errors import Diagnostic, Position

__all__ = ["broken"]

_COLON = 'Put the text in quotes if its colon belongs to it ("Load: all"); else look for a missing colon or wrong indentation on the line before.'
_LEVEL = "Indent the line like those that it belongs to, and look for a bracket or a quote too many before it."
_STAR = 'Put the text in quotes, if the sign belongs to it, like "*/5 * * * *".'
_KNOWN = {  # what the reader says, and what an author is told instead
    "mapping values are not allowed": ("A colon stands where no key can be.", _COLON),
    "could not find expected ':'": ("A line that should be a key has no colon.", _COLON),
    "cannot start any token": ("No text may begin with this sign without quotes.", "Put the text in quotes."),
    "expected key": ("Nothing can begin here: it belongs to no key of the lines above.", _LEVEL),
    "expected '-'": ("Nothing can begin here: it is no item of the list above.", _LEVEL),
    "entries are not allowed": ("A list cannot begin here.", "Begin it on a line of its own."),
    "node content": (
        "A value is missing before this.",
        "Write it; put it in quotes if it begins with # or a comma, for what follows # is a comment.",
    ),
    "unknown escape character": (
        "In double quotes a backslash has a meaning, and this one has none.",
        "Use single quotes, or write two backslashes.",
    ),
    "undefined alias": ("Behind * stands the name of an anchor, and none of that name comes before.", _STAR),
    "alphabetic or numeric": ("Behind & or * the name of an anchor must stand.", _STAR),
    "comment or line break": ("Behind | or > nothing more may stand on the line.", "Begin the text on the next line."),
    "incompatible YAML document": ("The file says that it is of a version of YAML that is not read here.", "Remove that line."),
    "another document": (
        "A second YAML document begins here, and a file holds one workflow.",
        "Give it a file of its own; remove the line if nothing comes after it.",
    ),
}
_UNSEEN = re.compile(r"(?:^|:|^\s*-)[ ]*([\u00a0\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff])")
"""What looks like a space, or like nothing, where YAML wants a space."""
_CURLY = re.compile(r"(?:^|[:,\[{]|^\s*-)[ ]*([\u2018-\u201f\u00ab\u00bb])")
"""Quotes of a word processor, where a value or a key begins."""
_UNKNOWN = ("From here on this is not YAML.", "Check indentation, quotes and brackets around here.")
_CLOSING = {"',' or ']'": ("list", "["), "',' or '}'": ("mapping", "{")}


def broken(file: str, text: str, error: Exception) -> Diagnostic:
    """Say what is wrong with a text that cannot be read.

    Parameters
    ----------
    file: its name, as shown to the author.
    text: all of it.
    error: what the reader of YAML raised.

    """
    if isinstance(error, yaml.reader.ReaderError):
        before = text.encode()[: error.position].decode(errors="ignore")
        where = Position(file, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        return Diagnostic("yaml-broken", where, "YAML does not allow the control character here.", "Remove it.")
    mark = getattr(error, "problem_mark", None)
    where = _place(file, mark)
    return Diagnostic("yaml-broken", *(_sign(where, text) or _lookalike(where, text) or _open(where, error) or (where, *_plain(error))))


def _place(file: str, mark: Any) -> Position:
    return Position(file, mark.line + 1, mark.column + 1) if mark is not None else Position(file, 1, 1)


def _sign(where: Position, text: str) -> tuple[Position, str, str] | None:
    """What one sign tells: an @, or a tab."""
    lines = text.splitlines()
    rest = lines[where.line - 1][where.column - 1 :] if where.line <= len(lines) else ""
    if rest.startswith("@"):
        word = rest.split()[0].strip(",:[]{}")
        remedy = f"Drop the @: write {word[1:]}." if word[1:] else "Drop the @."
        return where, f"YAML does not allow a value to begin with @ ({word}).", remedy
    if rest.startswith("\t"):
        return where, "There is a tab here, and YAML indents with spaces alone.", "Write spaces instead."
    return None


def _lookalike(where: Position, text: str) -> tuple[Position, str, str] | None:
    """A sign that looks like one of YAML's and is none, on the line or on the one before, which may have gone on to it."""
    lines = text.splitlines()
    for number in (where.line, where.line - 1):
        line = lines[number - 1] if 0 < number <= len(lines) else ""
        if found := _UNSEEN.search(line):
            reason = f"There is a sign here that looks like a space and is none to YAML (U+{ord(found[1]):04X})."
            return Position(where.file, number, found.start(1) + 1), reason, "Write a space instead."
        if found := _CURLY.search(line):
            reason = f"To YAML {found[1]} is no quote, but a letter like any other."
            return Position(where.file, number, found.start(1) + 1), reason, "Write \" or ' instead."
    return None


def _open(where: Position, error: Exception) -> tuple[Position, str, str] | None:
    """A quote or a bracket that is not closed: the place to mend is where it opens."""
    problem, opened = str(getattr(error, "problem", "")), getattr(error, "context_mark", None)
    if opened is None:
        return None
    at = _place(where.file, opened)
    if "quoted scalar" in str(getattr(error, "context", "")) and "unexpected" in problem:
        return (
            at,
            "The quote that opens here is never closed.",
            "Close it; in single quotes, write a quote twice if it belongs to the text.",
        )
    for said, (what, sign) in _CLOSING.items():
        if said in problem:
            reason = f"The {what} that begins with {sign} at {at.line}:{at.column} goes on here without a comma, and was not closed."
            return where, reason, f"Write a comma, or close it with {problem[-2]}."
    return None


def _plain(error: Exception) -> tuple[str, str]:
    problem = str(getattr(error, "problem", "") or error)
    return next((told for said, told in _KNOWN.items() if said in problem), _UNKNOWN)
