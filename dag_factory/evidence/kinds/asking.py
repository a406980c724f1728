"""Asking a kind by its name: whatever it does with the material, an `Examination` comes of it, and a breakdown is never a pass."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from pydantic import ValidationError

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds import kind_of
from dag_factory.evidence.kinds.base import EVIDENCE_MALFORMED, MAX_FAULTS, RULES, Examination, Fault, Material, clipped, rejected

__all__ = ["ask"]

_MOST = 10 * MAX_FAULTS


def ask(name: str, material: Material, expect: Mapping[str, Any]) -> Examination:
    """Examine material by the kind of this name.

    Parameters
    ----------
    expect: what the plan asks of it, as it was written.

    Returns
    -------
    What the kind says; one fault where there is no such kind, where it cannot expect this, and where it breaks down over the material.

    """
    try:
        kind = kind_of(name)
    except EvidenceError as error:
        return rejected(f"It could not be examined: {error}")
    try:
        found = kind.examine(material, kind.Expect.model_validate(dict(expect)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return rejected(f"It could not be examined: {name} evidence cannot expect {clipped(place, 80)}. Mend the spec.")
    except (Exception, SystemExit) as error:  # whatever breaks a check, its subject has not passed it
        return rejected(f"It could not be examined: {type(error).__name__}: {clipped(str(error))}. Deliver what {name} evidence is.")
    return _sound(found) or rejected(f"It could not be examined: the kind {name} did not say what it found.")


def _sound(found: object) -> Examination | None:
    """What a kind answered, if it can be told: kinds of others are held to it as well as ours, and know no rules of their own."""
    if not isinstance(found, Examination) or not isinstance(found.facts, Mapping):
        return None
    if not all(isinstance(fault, Fault) and isinstance(fault.text, str) and isinstance(fault.subject, str) for fault in found.faults):
        return None
    if not all(isinstance(name, str) and isinstance(texts, tuple) and all(map(_is_text, texts)) for name, texts in found.facts.items()):
        return None
    told = (
        Fault(_signable(fault.text), _signable(fault.subject), fault.rule if fault.rule in RULES else EVIDENCE_MALFORMED)
        for fault in found.faults
    )
    return Examination(tuple(islice(told, _MOST)), found.facts)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and _signable(value) == value


def _signable(text: str) -> str:
    """Text without half surrogate pairs: a verdict that quotes one could not be signed, and the gate would end without a word."""
    return text.encode("utf-8", "replace").decode()
