"""The INTERFACE.md of a feature: what it offers, every error it answers with, where it left the architecture.

Errors and deviations are lists whose items begin with code spans, the names or ids, or the one text `None.`. Items within
items name more of them, or are remarks. Other evidence must cite each: a test per error, an answer of the architect per deviation.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, ClassVar

from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    clipped,
    rejected,
)
from dag_factory.evidence.kinds.markdown import hiding_faults
from dag_factory.evidence.visible import says

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.prose import Document, Section

__all__ = ["NOTHING", "InterfaceExpect", "InterfaceKind"]

NOTHING = "None."
"""What a section says, and all it says, when there is nothing to list."""

_CODE_SPAN = re.compile(r"(?<!`)(`++)([^`]+)\1(?!`)")
_BEGINS = re.compile(r"[*_~\[\s]*+(?=`)")  # names may be printed bold, or be links
_GOES_ON = re.compile(r"[*_~]*+(?:\]\([^()\s]*\)[*_~]*+)?\s*+(?:[,/;&+|](?:\s*+(?:and|or))?|and|or)[*_~\[\s]*+(?=`)")
_MIN_WORDS = 2
_LOOKED = 1_000
"""So many names beside a list are looked for in the rest of the document; more count as standing nowhere else."""
_OFFERS = ("Functions", "Interface")
_TITLES = (*_OFFERS, "Errors", "Deviations")


class InterfaceExpect(Expectation):
    """Nothing may be asked beyond what every interface owes."""


class InterfaceKind(Opened[InterfaceExpect]):
    """A described interface: names in backticks begin the items of its lists. Facts: `errors`, `deviations`, `cites` (the text), `interfaces` (sha256)."""

    name: ClassVar[str] = "interface"
    Expect: ClassVar[type[Expectation]] = InterfaceExpect

    def look(self, material: Material, expect: InterfaceExpect) -> Examination:  # noqa: ARG002 -- nothing may be asked
        """Look for the three sections and read the two lists."""
        from dag_factory.evidence.kinds import commonmark

        document = commonmark.read(material.data)
        if not document.text.strip():
            text = f"{material.name}: the document has no text that a reader sees. Describe the interface."
            return rejected(text, rule=EVIDENCE_MISSING)
        errors, error_faults = _names(document, "Errors", "MissingColumn")
        deviations, deviation_faults = _names(document, "Deviations", "DEV-INGEST-1")
        faults = [*hiding_faults(material.name, document)]
        for reason, title in (*_offer_faults(document), *error_faults, *deviation_faults):
            faults.append(Fault(f"{material.name}: {reason}", title))
        facts = {
            "errors": errors,
            "deviations": deviations,
            "cites": (document.text,),
            "interfaces": (hashlib.sha256(material.data).hexdigest(),),
        }
        return Examination(tuple(faults), facts)


_Reasons = list[tuple[str, str]]


def _offer_faults(document: Document) -> _Reasons:
    from dag_factory.evidence.kinds.prose import section_fault

    title = next((title for title in _OFFERS if document.titled(title)), _OFFERS[0])
    reason = section_fault(document, title, _TITLES, _MIN_WORDS)
    return [(reason, title)] if reason else []


def _names(document: Document, title: str, example: str) -> tuple[tuple[str, ...], _Reasons]:
    """Read the list of a section: the names its items begin with, and what is wrong."""
    found = document.titled(title)
    if not found:
        return (), [(f"there is no section “{title}”. Add it: a list, or “{NOTHING}”.", title)]
    if len(found) > 1:
        lines = f"lines {found[0].line} and {found[1].line}"
        return (), [(f"{lines}: the section “{title}” stands twice. Keep one, so that nobody reads the other.", title)]
    section = found[0]
    texts = [block.text.strip() for block in document.body(section, _TITLES)]
    if texts == [NOTHING]:
        return (), []
    where = f"line {section.line}: the section “{title}”"
    if NOTHING in texts:
        return (), [(f"{where} says “{NOTHING}” and more. Say one or the other.", title)]
    items = document.items(section, _TITLES)
    if not items:
        return (), [(f"{where} has no list. List items like “- `{example}`: …”, or say “{NOTHING}”.", title)]
    names: list[str] = []
    reasons: _Reasons = []
    for item in items:
        found_here = _leading(item.text)
        names += found_here
        if not found_here and not item.nested and len(reasons) < MAX_FAULTS:
            begins = f"begins “{clipped(item.text, 40)}”" if item.text.strip() else "is empty"
            text = f"line {item.line}: an item of “{title}” {begins}. Begin it with its name in backticks: `{example}`."
            reasons.append((text, title))
    return tuple(dict.fromkeys(names)), reasons + _beside(document, section, names, items[0].line)


def _leading(text: str) -> list[str]:
    """The names that an item begins with: code spans that a comma or a word like “and” joins."""
    names: list[str] = []
    begins = _BEGINS.match(text)
    while begins:
        span = _CODE_SPAN.match(text, begins.end())
        if not span or not says(span[2]):
            break
        names.append(" ".join(span[2].split()))
        begins = _GOES_ON.match(text, span.end())
    return names


def _beside(document: Document, section: Section, names: list[str], first: int) -> _Reasons:
    """What stands in backticks beside the list, in a table or behind it, and nowhere else: a reader takes it for listed, and nobody counts it."""
    below = document.below(section, _TITLES)
    elsewhere = "\n".join(block.text for other in document.sections if other not in below for block in other.blocks)
    known = dict.fromkeys(names, True)
    most = len(known) + _LOOKED
    reasons: _Reasons = []
    for block in (block for part in below for block in part.blocks):
        if block.listed or block.verbatim or (block.line < first and not block.text.lstrip().startswith("|")):
            continue
        spans = (" ".join(span[2].split()) for span in _CODE_SPAN.finditer(block.text))
        for name in filter(says, spans):
            if name not in known and len(known) < most:
                known[name] = name in elsewhere
            if not known.get(name, False):
                break
        else:
            continue
        if len(reasons) < MAX_FAULTS:
            text = f"line {block.line}: the section “{section.title}” has `{clipped(name, 60)}` beside its list, where nobody counts it."
            reasons.append((f"{text} List it, or write it without backticks.", section.title))
    return reasons
