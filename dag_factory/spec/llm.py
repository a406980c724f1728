"""A language model behind a connection of Airflow's common-ai provider, and the tools it has beside files."""

from __future__ import annotations

from typing import Any

from dag_factory.spec.scalars import Texts, Word
from dag_factory.spec.written import Written

__all__ = ["Llm", "llm_of"]


def llm_of(value: Any) -> Any:
    """Read the short form: the connection alone."""
    return {"connection": value} if isinstance(value, str) else value


class Llm(Written):
    """How a model is reached, and what it can do beside reading and writing files."""

    connection: Word
    model: Word | None = None
    mcp: Texts = ()
    toolsets: Texts = ()
    connections: Texts = ()
