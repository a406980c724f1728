"""Reading hostile XML with SAX: without entities, and at once, as a name of many megabytes that comes piece by piece is gone through anew with each."""

from __future__ import annotations

from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import clipped

__all__ = ["plain", "read_into"]


def plain(name: str) -> str:
    """The name of an element or an attribute, in whatever namespace and case: some readers look at it, so all of them do."""
    return name.rpartition(":")[2].lower()


def read_into(data: bytes, reading: ContentHandler, *, external: bool, remedy: str) -> None:
    """Have a handler read a document.

    Parameters
    ----------
    external: whether it may name its DTD by an address, which is never fetched.
    remedy: what would do where it is not XML.

    Raises
    ------
    EvidenceError: it is not well-formed, or declares entities; and what the handler raises.

    """
    parser = make_parser()
    parser.setContentHandler(reading)
    parser.forbid_entities, parser.forbid_external = True, not external
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException as error:
        raise EvidenceError(
            f"the XML declares entities or refers to others ({type(error).__name__}).", remedy="Write plain XML."
        ) from error
    except (SAXException, ValueError, LookupError) as error:  # the last two: encodings unknown or unfit
        raise EvidenceError(f"not XML: {clipped(str(error))}.", remedy=remedy) from error
