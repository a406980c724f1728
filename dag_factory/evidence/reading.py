"""Reads what was signed, strictly: a predicate in its one spelling, in an in-toto Statement v1 that names what it is about.

The format is https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, TypeVar

from pydantic import ValidationError

from dag_factory.errors import EnvelopeError, EvidenceError
from dag_factory.evidence.statement import STATEMENT, Subject, TaskStatement
from dag_factory.evidence.strict_json import dumps_canonical
from dag_factory.evidence.wire import Wire

__all__ = ["parse"]

_TEXT = re.compile(rb'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_TOLD = 1_000
_WORDS = {  # what pydantic calls a fault, and what it is
    "missing": "it is missing", "extra_forbidden": "nothing of that name belongs there", "string_type": "it is no text", "int_type": "it is no whole number",
    "bool_type": "it is neither true nor false", "tuple_type": "it is no list", "list_type": "it is no list", "dict_type": "it is no object",
    "model_type": "it is no object", "model_attributes_type": "it is no object", "string_pattern_mismatch": "it is not written as it must be",
}  # fmt: skip
Predicate = TypeVar("Predicate", bound=Wire)


def parse(payload: dict[str, Any], kind: type[Predicate]) -> Predicate:
    """Read a statement's predicate, strictly.

    Raises
    ------
    EnvelopeError: it is no Statement v1, has another predicate type, or any field is missing, extra or of the wrong type.

    """
    if set(payload) != {"_type", "subject", "predicateType", "predicate"} or payload["_type"] != STATEMENT:
        raise EnvelopeError("it is no in-toto Statement v1")
    expected = getattr(kind, "TYPE", "")
    if payload["predicateType"] != expected:
        raise EnvelopeError(f"its predicate type is {str(payload['predicateType'])[:80]!r}, not {expected}")
    if not isinstance(payload["subject"], list) or not payload["subject"]:
        raise EnvelopeError("it has no subject")
    about = [_strictly(subject, Subject, "subject")[0] for subject in payload["subject"]]
    made, text = _strictly(payload["predicate"], kind, "predicate")
    _refuse_other(about, made, text)
    return made


def _refuse_other(about: list[Subject], made: Wire, text: bytes) -> None:
    """Readers who know nothing of a predicate go by the subject: it names what the predicate names, and every file of evidence."""
    told = set(_TEXT.findall(text))
    for subject in about:
        if not subject.digest or not all(digest.encode() in told for digest in subject.digest.values()):
            raise EnvelopeError(f"its subject {subject.name[:80]!r} is nothing that it speaks of")
    if isinstance(made, TaskStatement):
        named = {(subject.name, subject.digest.get("sha256")) for subject in about}
        twice = Counter(entry.name for entry in made.evidence)  # of two for one place, which one too many is, is for the gate to say
        left_out = [entry.name for entry in made.evidence if twice[entry.name] == 1 and (entry.name, entry.digest) not in named]
        if left_out:
            raise EnvelopeError(f"its subject does not name {left_out[0][:80]!r}, which is its evidence")


def _why(fault: Any) -> str:
    """A fault in words."""
    if fault["type"] == "literal_error":
        return f"it may be {fault['ctx']['expected']}"
    return _WORDS.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")


def _strictly(value: Any, kind: type[Predicate], what: str) -> tuple[Predicate, bytes]:
    """Read a value in its one spelling, and give its canonical text too: what another reader of the same JSON would not find by its name is refused."""
    try:
        text = dumps_canonical(value)
        made = kind.model_validate_json(text)
    except ValidationError as error:
        if (count := error.error_count()) > _TOLD:  # to tell them apart takes longer than to find them, and more memory
            raise EnvelopeError(f"its {what} is wrong in {count:,} places") from error
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part)[:80] for part in first["loc"]) or what
        raise EnvelopeError(f"its {place} is wrong: {_why(first)}") from error
    except EvidenceError as error:
        raise EnvelopeError(f"its {what} is wrong: {error.message}") from error
    if made.model_dump(by_alias=True, mode="json") != value:
        raise EnvelopeError(f"its {what} has a field under another name")
    return made, text
