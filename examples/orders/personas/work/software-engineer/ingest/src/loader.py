"""From a folder of partner files to the tables ``orders`` and ``rejected``."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from orders.ingest.errors import DuplicateOrder, RowError, UnreadableFile
from orders.ingest.reader import partner_files, read_rows
from orders.ingest.rules import check_row

_TABLES = (
    """CREATE TABLE IF NOT EXISTS orders (
        order_id TEXT PRIMARY KEY, partner TEXT NOT NULL, order_date TEXT NOT NULL, customer TEXT NOT NULL,
        amount_cents INTEGER NOT NULL CHECK (amount_cents >= 0), currency TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS rejected (
        file TEXT NOT NULL, line INTEGER NOT NULL, order_id TEXT NOT NULL,
        reason TEXT NOT NULL, detail TEXT NOT NULL)""",
)


class Rejected(NamedTuple):
    """One row that was turned away, or at line 0 a whole file."""

    file: str
    line: int
    order_id: str
    reason: str
    detail: str


class Loaded(NamedTuple):
    """What a load did: how many orders were accepted, and every row that was not."""

    accepted: int
    rejected: tuple[Rejected, ...]


def load_folder(folder: Path, database: Path) -> Loaded:
    """Load every partner file of the folder; what was loaded before is replaced, in one transaction.

    The partner is the name of the file. Rows that break a rule and files that cannot be read are kept in ``rejected``
    with the name of their error. Raises ``NoPartnerFiles``, and then the database is as it was.
    """
    accepted: dict[str, tuple[str, str, str, str, int, str]] = {}
    rejected: list[Rejected] = []
    for path in partner_files(folder):
        # a name that is not UTF-8 can be opened, but not stored
        file = path.name.encode(errors="backslashreplace").decode()
        try:
            rows = read_rows(path)
        except UnreadableFile as error:
            rejected.append(Rejected(file, 0, "", type(error).__name__, str(error)))
            continue
        for line, row in rows:
            try:
                order = check_row(row)
                if order.order_id in accepted:
                    raise DuplicateOrder(f"{order.order_id!r} was seen before")
            except RowError as error:
                order_id = row.get("order_id", "")[:40]
                rejected.append(Rejected(file, line, order_id, type(error).__name__, str(error)))
            else:
                accepted[order.order_id] = (order.order_id, file.removesuffix(".csv"), *order[1:])
    _store(database, list(accepted.values()), rejected)
    return Loaded(len(accepted), tuple(rejected))


def _store(database: Path, orders: list[tuple[str, str, str, str, int, str]], rejected: list[Rejected]) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for table in _TABLES:
            connection.execute(table)
        with connection:
            connection.execute("DELETE FROM orders")
            connection.execute("DELETE FROM rejected")
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", orders)
            connection.executemany("INSERT INTO rejected VALUES (?, ?, ?, ?, ?)", rejected)
