"""The daily orders mart: partner CSVs in, ``mart_orders_daily`` and its report out.

Every feature is a package below this one; what it exports in ``__all__`` is its interface.
"""

from __future__ import annotations

__all__ = ["OrdersError"]


class OrdersError(Exception):
    """The base of every error of this product; its text is meant for the person who runs it."""
