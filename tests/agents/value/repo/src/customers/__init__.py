"""What customers are worth, by segment: orders and returns in, segments out. A feature is a module of this package."""

from __future__ import annotations

__all__ = ["CustomersError"]


class CustomersError(Exception):
    """The base of every error of this product."""
