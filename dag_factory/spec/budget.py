"""How much work may take: money, tokens, requests, time."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from dag_factory.spec.scalars import Seconds, money_of, short_form
from dag_factory.spec.written import Written

__all__ = ["Budget", "budget_of"]


budget_of = short_form("money", "an amount of money like 5 USD, or a mapping like {tokens: 2000000}")
"""Read the short form: an amount of money alone."""


class Budget(Written):
    """The most that may be spent: of a workflow in a run; of a binding by each persona it binds in a run; of a task by all its attempts and fix cycles."""

    money: Annotated[str, BeforeValidator(money_of)] | None = None
    tokens: Annotated[int, Field(ge=1, le=10**12)] | None = None
    requests: Annotated[int, Field(ge=1, le=10**9)] | None = None
    time: Seconds | None = None

    @model_validator(mode="after")
    def _of_something(self) -> Budget:
        if not self.kinds:
            raise ValueError("a budget limits at least one of money, tokens, requests and time; write it like 5 USD, or {tokens: 2000000}")
        if self.money and not self.money.endswith(" USD"):
            raise ValueError(f"{self.money} cannot be kept: what agents report is US dollars; write it like 5 USD")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it limits."""
        return tuple(name for name in ("money", "tokens", "requests", "time") if getattr(self, name) is not None)
