"""JSON, indented to be read, and read the one way that the gate reads it."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json
from phasegate_plugin.pages.render.markup import NotShownError, excerpt, note
from phasegate_plugin.pages.render.signs import size

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_VALUES", "read", "show"]

MAX_BYTES = 2_000_000
"""The largest document that is read."""
MAX_DEPTH = 40
"""How deep it may nest."""
MAX_VALUES = 500_000
"""How many values it may hold."""

_SHOWN = 256_000


def read(data: bytes) -> Any:
    """Read a document.

    Raises
    ------
    NotShownError: it is not one unambiguous document within the limits.

    """
    try:
        return strict_json.loads(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_VALUES)
    except EvidenceError as error:
        raise NotShownError(error.message.rstrip(".")) from error


def show(name: str, data: bytes) -> Markup:  # noqa: ARG001 # every shape is asked alike
    """Show a document, line by line.

    Raises
    ------
    NotShownError: it is not one unambiguous document within the limits.

    """
    value = read(data)
    parts: list[str] = []
    length = 0
    for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        parts.append(part)
        length += len(part)
        if length > _SHOWN:
            return note(f"Indented to be read; only the first {size(_SHOWN)} of that.") + excerpt("".join(parts)[:_SHOWN])
    return excerpt("".join(parts))
