"""Load partner CSVs into SQLite; what cannot become an order is kept with the reason why.

The front door of the component: ``load_folder`` does the work, ``check_row`` holds the rules of one row.
"""

from __future__ import annotations

from orders.ingest.errors import (
    BadAmount,
    BadDate,
    DuplicateOrder,
    FieldTooLong,
    MissingColumn,
    NegativeAmount,
    NoPartnerFiles,
    UnknownCurrency,
    UnreadableFile,
)
from orders.ingest.loader import Loaded, load_folder
from orders.ingest.rules import Order, check_row

__all__ = [
    "BadAmount",
    "BadDate",
    "DuplicateOrder",
    "FieldTooLong",
    "Loaded",
    "MissingColumn",
    "NegativeAmount",
    "NoPartnerFiles",
    "Order",
    "UnknownCurrency",
    "UnreadableFile",
    "check_row",
    "load_folder",
]
