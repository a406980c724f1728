"""``mart_orders_daily``: one row per day and currency."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from orders import OrdersError
from orders.daily_mart.errors import NotIngested

_TABLE = """CREATE TABLE IF NOT EXISTS mart_orders_daily (
    order_date TEXT NOT NULL, currency TEXT NOT NULL, orders INTEGER NOT NULL, partners INTEGER NOT NULL,
    revenue_cents INTEGER NOT NULL, PRIMARY KEY (order_date, currency))"""
_FILL = """INSERT INTO mart_orders_daily
    SELECT order_date, currency, COUNT(*), COUNT(DISTINCT partner), SUM(amount_cents)
    FROM orders GROUP BY order_date, currency"""


def build_mart(database: Path) -> int:
    """Build the mart anew from the orders; answers how many rows it has.

    Raises ``NotIngested``.
    """
    with opened(database, "orders", NotIngested("there are no orders here, run `ingest` first")) as connection:
        connection.execute(_TABLE)
        with connection:
            connection.execute("DELETE FROM mart_orders_daily")
            return connection.execute(_FILL).rowcount


@contextmanager
def opened(database: Path, table: str, otherwise: OrdersError) -> Iterator[sqlite3.Connection]:
    """Open a database that must hold the table; raises ``otherwise`` where it does not, and creates nothing."""
    if not database.is_file():
        raise otherwise
    with closing(sqlite3.connect(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            raise otherwise
        yield connection
