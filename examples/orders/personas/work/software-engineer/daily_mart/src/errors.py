"""What can be wrong with the database this component is given."""

from __future__ import annotations

from orders import OrdersError


class NotIngested(OrdersError):
    """The database holds no orders: run ``ingest`` first."""


class MartNotBuilt(OrdersError):
    """The database holds no ``mart_orders_daily``: run ``mart`` first."""
