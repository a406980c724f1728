"""What the tests of daily_mart share: a database as the architecture says that ingest leaves it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the orders are, or shall be."""
    return tmp_path / "orders.db"


@pytest.fixture
def ingested(database: Path) -> Callable[..., Path]:
    """Fills the tables of ingest: orders as (partner, day, cents, currency), rejects as they are stored."""

    def fill(*orders: tuple[str, str, int, str], rejected: tuple[tuple[str, int, str, str, str], ...] = ()) -> Path:
        rows = [(f"K-{n}", partner, day, "Nora", cents, money) for n, (partner, day, cents, money) in enumerate(orders)]
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("CREATE TABLE orders (order_id, partner, order_date, customer, amount_cents, currency)")
            connection.execute("CREATE TABLE rejected (file, line, order_id, reason, detail)")
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.executemany("INSERT INTO rejected VALUES (?, ?, ?, ?, ?)", rejected)
        return database

    return fill


@pytest.fixture
def query(database: Path) -> Callable[[str], list[Any]]:
    """Asks the database, as it is at that moment."""

    def ask(sql: str) -> list[Any]:
        with closing(sqlite3.connect(database)) as connection, connection:
            return connection.execute(sql).fetchall()

    return ask
