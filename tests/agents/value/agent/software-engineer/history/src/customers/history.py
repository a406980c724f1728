"""Orders and returns as one history per customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from customers import CustomersError

Row = Mapping[str, str]
History = list[tuple[date, int]]


class NotDated(CustomersError):
    """A row says no day of the calendar."""


def histories(orders: Iterable[Row], returns: Iterable[Row]) -> tuple[dict[str, History], list[Row]]:
    """Bring orders and returns into one history per customer, in order of days; and the rows that cannot be dated."""
    found: dict[str, History] = {}
    rejected: list[Row] = []
    for sign, rows in ((1, orders), (-1, returns)):
        for row in rows:
            try:
                found.setdefault(row["customer"], []).append((day_of(row), sign * int(row["cents"])))
            except NotDated:
                rejected.append(row)
    return {customer: sorted(history) for customer, history in found.items() if history}, rejected


def day_of(row: Row) -> date:
    """Read the day of a row."""
    try:
        return date.fromisoformat(row["day"])
    except (KeyError, ValueError) as error:
        raise NotDated(f"{row.get('day')!r} is no day of the calendar") from error
