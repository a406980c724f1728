"""Which file holds settings of tests, of what is measured or of what is scanned: by its name, and where others are kept in it too, by what it holds."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from dag_factory.evidence.policies.settings_files import JSON, OWN, SCANNED, SCANS, SECTIONS, TABLES

__all__ = ["compiled", "holds", "own", "scans", "shared"]

_COMPILED = re.compile(r"(.*/)?(__pycache__/.*|[^/]+\.py[co])")
_MOST = 200_000  # bytes of tables that are read
_DOTS = 1_000  # in one line: what a parser spends on a key, it spends by the square of them
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\U000([0-9a-fA-F]{5})")
_UNREAD = {
    ".npmrc": re.compile(r"\$\{[^{}\n]*\}"),  # a variable, of which npm makes nothing where there is none
    ".xml": re.compile(r"<!--(?:[^-]|-(?!->))*+(?:-->|\Z)"),
} | dict.fromkeys((".gradle", ".gradle.kts", ".sbt"), re.compile(r"^[^\S\n]*//.*", re.MULTILINE))
"""By how a file ends, what its reader passes over."""
_ASIDE = re.compile(r'("(?:[^"\\\n]|\\.)*+")|//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)')
_TRAILING = re.compile(r'("(?:[^"\\\n]|\\.)*+")|,(?=\s*[}\]])')


def own(path: str) -> bool:
    """Whether a file steers nothing but tests, what is measured, or how every Python starts."""
    return OWN.fullmatch(path) is not None


def scans(path: str) -> bool:
    """Whether a file steers nothing but what a scan looks at, and which of its findings it keeps to itself."""
    return SCANS.fullmatch(path) is not None


def compiled(path: str) -> bool:
    """Whether a file is bytecode, which Python may run without a look at its source (https://peps.python.org/pep-0552/), or lies among it."""
    return _COMPILED.fullmatch(path) is not None


def shared(path: str) -> bool:
    """Whether a file may hold settings of tests or scans beside others."""
    return path.rpartition("/")[2] in TABLES or any(name.fullmatch(path) for name in SECTIONS)


def holds(path: str, data: bytes, *, scanned: bool = False) -> bool:
    """Whether a file that may hold some of tests does, or of scans; a table that cannot be read here, or is too long for it, is taken at its words."""
    text = data.decode(errors="replace")
    section = next((section for name, section in SECTIONS.items() if name.fullmatch(path)), None)
    if section is not None:
        return not scanned and section.search(_read(path, text)) is not None
    names = (SCANNED if scanned else TABLES).get(path.rpartition("/")[2], ())
    if len(data) <= _MOST and (path.endswith(JSON) or all(line.count(".") < _DOTS for line in text.split("\n"))):
        try:
            return bool(set(names) & _keys(path, text))
        except (ValueError, RecursionError):
            pass  # other programs read longer numbers and deeper tables
    return any(name in text for name in names) or (bool(names) and "\\u" in text.lower())


def _read(path: str, text: str) -> str:
    """A text as its reader takes it: lines that end alike, letters for their numbers, and nothing of what is passed over."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), "\n".join(text.splitlines()))
    unread = next((unread for ending, unread in _UNREAD.items() if path.endswith(ending)), None)
    return unread.sub("", plain) if unread else plain


def _keys(path: str, text: str) -> set[str]:
    """What a table has sections of."""
    table = _json(text) if path.endswith(JSON) else tomllib.loads(text)
    if path.endswith(JSON):
        return set(table) if isinstance(table, dict) else set()
    tool = table.get("tool")
    plugin = '"pytest11":' in json.dumps(table, default=str)  # an entry point by which pytest finds it, in whatever table
    return (set(tool) if isinstance(tool, dict) else set()) | ({"pytest"} if plugin else set())


def _json(text: str) -> Any:
    """A table in JSON, which some write with comments and with commas at the end."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(_TRAILING.sub(r"\1", _ASIDE.sub(r"\1", text)))
