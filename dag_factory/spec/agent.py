"""How a coding command line works for a persona."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dag_factory.spec.scalars import Name, Texts, Word
from dag_factory.spec.written import Written

__all__ = ["Agent"]


class Agent(Written):
    """A coding command line, with what it may use. `agent: claude` is short for `agent: {cli: claude}`."""

    cli: Name
    model: Word | None = None
    tools: Texts = ()
    turns: Annotated[int, Field(ge=1, le=100_000)] | None = None
