"""A language model behind a connection of Airflow's common-ai provider, and the tools it has beside files."""

from __future__ import annotations

from pydantic import field_validator

from dag_factory.spec.scalars import FUNCTION, Texts, Word, short_form
from dag_factory.spec.written import Written

__all__ = ["Llm", "llm_of"]


llm_of = short_form("connection", "the id of a connection, or a mapping like {connection: my_model}")
"""Read the short form: the connection alone."""


class Llm(Written):
    """How a model is reached, and what it can do beside reading and writing files."""

    connection: Word
    model: Word | None = None
    mcp: Texts = ()
    toolsets: Texts = ()
    connections: Texts = ()

    @field_validator("toolsets")
    @classmethod
    def _named(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        for name in written:
            if not FUNCTION.fullmatch(name):
                raise ValueError(f"{name!r} names no function; write module:function, of a module in the spec's folder")
        return written
