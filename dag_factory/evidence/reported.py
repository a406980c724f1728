"""What a runner reported of its work, as a statement carries it. None of it opens a gate by itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from dag_factory.evidence.wire import Digest, Sealed, Wire

__all__ = ["Figures", "Judgement", "Kept", "Money"]

Money = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$")]
"""An amount of US dollars."""

Count = Annotated[int, Field(ge=0)]
"""How many; less than none would be given back to whoever else draws on the same budget."""


class Figures(Wire):
    """What the work took: as its runner reads it from the program's own report, None where that says nothing. `cost` is in US dollars."""

    provider: str
    model: str
    conversation: str
    requests: Count | None
    input_tokens: Count | None
    output_tokens: Count | None
    cost: Money | None


class Judgement(Wire):
    """A verdict that somebody gave in their own words: *claimed* by a model, *attested* by a person whom Airflow knows.

    `by` is the login, or the principal; `references` are links or paths that were given as reasons.
    """

    verdict: Literal["PASSED", "FAILED"]
    grade: Literal["claimed", "attested"]
    by: str
    notes: str
    references: tuple[str, ...]


class Kept(Wire):
    """What a failed attempt left: its files as a commit, and its conversation. Nothing is built on it but the next attempt of the same task."""

    sealed: Sealed | None
    memory: Digest | None
