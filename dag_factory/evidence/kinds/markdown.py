"""A markdown document that has the sections asked for, each with text of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    TextTuple,
    rejected,
)

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.prose import Document

__all__ = ["MarkdownExpect", "MarkdownKind", "hiding_faults"]


class MarkdownExpect(Expectation):
    """What may be asked of a document.

    Parameters
    ----------
    sections: the headings it must have, whole and in any case and order.
    min_words_per_section: the fewest words under each of them; text under a heading that is itself asked for counts
        there only. No two may say the same, word for word; a short text may stand in some of them, and not in all of three or more.

    """

    sections: TextTuple = ()
    min_words_per_section: int = Field(default=3, ge=1)


class MarkdownKind(Opened[MarkdownExpect]):
    """A document for people. Facts: `headings`, and `cites`, the text as a reader sees it."""

    name: ClassVar[str] = "markdown"
    Expect: ClassVar[type[Expectation]] = MarkdownExpect

    def look(self, material: Material, expect: MarkdownExpect) -> Examination:
        """Look for every section, and for text in it that is not that of another."""
        from dag_factory.evidence.kinds import commonmark, prose

        document = commonmark.read(material.data)
        if not document.text.strip():
            text = f"{material.name}: the document has no text that a reader sees. Write it."
            return rejected(text, rule=EVIDENCE_MISSING)
        faults = list(hiding_faults(material.name, document))
        for title in expect.sections:
            reason = prose.section_fault(document, title, expect.sections, expect.min_words_per_section)
            if reason:
                faults.append(Fault(f"{material.name}: {reason}", title))
        faults += [Fault(f"{material.name}: {reason}", title) for reason, title in prose.repeated(document, expect.sections)]
        headings = tuple(section.title for section in document.sections)
        return Examination(tuple(faults), {"cites": (document.text,), "headings": headings})


def hiding_faults(name: str, document: Document) -> list[Fault]:
    """Tell of raw HTML that would hide what follows it from the reader."""
    return [
        Fault(f"{name}: line {line}: raw HTML hides text from the reader. Write it in markdown.", f"line {line}")
        for line in document.hiding[:MAX_FAULTS]
    ]
