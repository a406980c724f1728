"""Customers in segments, by what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from customers import CustomersError

NAMES = ("Asleep", "Rare", "Casual", "Steady", "Regular", "Loyal", "Devoted")


class NoCustomers(CustomersError):
    """There is nobody to cut into segments."""


@dataclass(frozen=True)
class Segment:
    """Some customers: a name for them, and what they are worth together."""

    name: str
    value: int
    customers: tuple[str, ...]


def cut(values: Mapping[str, int]) -> list[Segment]:
    """Cut customers into at most seven segments, the least worth first."""
    if not values:
        raise NoCustomers("there is nobody to cut")
    ordered = sorted(values, key=lambda customer: (values[customer], customer))
    count = min(len(NAMES), len(ordered))
    parts = [ordered[n * len(ordered) // count : (n + 1) * len(ordered) // count] for n in range(count)]
    return [Segment(name, sum(values[one] for one in part), tuple(part)) for name, part in zip(NAMES, parts, strict=False)]
