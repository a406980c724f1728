"""What a customer is worth over some years."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from customers import CustomersError


class NoHistory(CustomersError):
    """There is nothing to estimate from."""


def estimate(history: Sequence[tuple[date, int]], years: int = 3) -> tuple[int, int, int]:
    """Estimate the value of a customer, in cents: the least, the likely and the most. The more is known, the narrower."""
    if not history:
        raise NoHistory("nothing was bought and nothing returned")
    days = (history[-1][0] - history[0][0]).days + 30
    likely = max(0, round(sum(cents for _, cents in history) * 365 * years / days))
    margin = likely // len(history)
    return likely - margin, likely, likely + margin
