"""Everything that can be wrong with what a partner sends."""

from __future__ import annotations

from orders import OrdersError


class RowError(OrdersError):
    """A row that cannot become an order; the load goes on without it."""


class MissingColumn(RowError):
    """A required column has no value in this row."""


class FieldTooLong(RowError):
    """A value is longer than any honest one would be."""


class BadDate(RowError):
    """The order date is no calendar day written as YYYY-MM-DD."""


class BadAmount(RowError):
    """The amount is no decimal number with at most two places."""


class NegativeAmount(RowError):
    """The amount is below zero; refunds come in a file of their own."""


class UnknownCurrency(RowError):
    """The currency is none of those the mart keeps."""


class DuplicateOrder(RowError):
    """The order id was seen before in this load."""


class UnreadableFile(OrdersError):
    """A file that is no CSV in UTF-8, has more than 50 MB, or is a link; it is rejected as a whole, at line 0."""


class NoPartnerFiles(OrdersError):
    """The folder does not exist or holds no CSV; nothing is loaded and nothing is replaced."""
