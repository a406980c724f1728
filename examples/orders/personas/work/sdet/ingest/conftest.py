"""What the tests of ingest share: a partner who sends rows, and a database that is not there yet."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

GOOD = {
    "order_id": "K-1",
    "order_date": "2026-11-16",
    "customer": "Nora Lind",
    "amount": "12.00",
    "currency": "EUR",
}


@pytest.fixture
def send(tmp_path: Path) -> Callable[..., Path]:
    """Writes a partner's file: each row is a good one with these changes. Answers the folder."""
    folder = tmp_path / "partners"
    folder.mkdir()

    def write(*changes: Mapping[str, str], partner: str = "kite") -> Path:
        with (folder / f"{partner}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, GOOD)
            rows.writeheader()
            rows.writerows({**GOOD, **change} for change in changes)
        return folder

    return write


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the orders shall be."""
    return tmp_path / "orders.db"


@pytest.fixture
def good() -> dict[str, str]:
    """A row that breaks no rule."""
    return dict(GOOD)


@pytest.fixture
def query(database: Path) -> Callable[[str], list[Any]]:
    """Asks the database, as it is at that moment."""

    def ask(sql: str) -> list[Any]:
        with closing(sqlite3.connect(database)) as connection, connection:
            return connection.execute(sql).fetchall()

    return ask
