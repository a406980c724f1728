"""The rules one row must pass to become an order. Pure: no file, no database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from orders.ingest.errors import BadAmount, BadDate, FieldTooLong, MissingColumn, NegativeAmount, UnknownCurrency

COLUMNS = ("order_id", "order_date", "customer", "amount", "currency")
CURRENCIES = frozenset({"CHF", "EUR", "GBP", "USD"})
LONGEST_FIELD = 200

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"(-?)([0-9]{1,9})(?:\.([0-9]{1,2}))?")


class Order(NamedTuple):
    """One order as it is stored; money is an integer of cents, since sums of floats drift."""

    order_id: str
    order_date: str
    customer: str
    amount_cents: int
    currency: str


def check_row(row: Mapping[str, str]) -> Order:
    """Turn the cells of one row into an order, or raise the first rule that it breaks.

    Raises ``MissingColumn``, ``FieldTooLong``, ``BadDate``, ``BadAmount``, ``NegativeAmount`` or ``UnknownCurrency``.
    """
    for column in COLUMNS:
        value = row.get(column, "")
        if not value.strip():
            raise MissingColumn(f"no {column}")
        if len(value) > LONGEST_FIELD:
            raise FieldTooLong(f"{column} has {len(value)} characters, at most {LONGEST_FIELD} are taken")
    cents = _cents(row["amount"])
    if row["currency"] not in CURRENCIES:
        raise UnknownCurrency(f"{row['currency']!r} is none of {', '.join(sorted(CURRENCIES))}")
    return Order(row["order_id"], _day(row["order_date"]), row["customer"], cents, row["currency"])


def _day(text: str) -> str:
    if not _DAY.fullmatch(text):
        raise BadDate(f"{text!r} is not written as YYYY-MM-DD")
    try:
        date.fromisoformat(text)
    except ValueError:
        raise BadDate(f"{text!r} is no day of the calendar") from None
    return text


def _cents(text: str) -> int:
    amount = _AMOUNT.fullmatch(text)
    if amount is None:
        raise BadAmount(f"{text!r} is no decimal number with at most two places")
    if amount[1]:
        raise NegativeAmount(f"{text!r} is below zero")
    return int(amount[2]) * 100 + int((amount[3] or "").ljust(2, "0"))
