"""The command ``ingest``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from orders.ingest.loader import load_folder


def add(commands: Any) -> None:
    """Add ``ingest`` to the command line."""
    parser = commands.add_parser("ingest", help="load the partner CSVs of a folder")
    parser.add_argument("folder", type=Path, help="where the partners' *.csv files are")
    parser.add_argument("--db", type=Path, required=True, help="the SQLite database to load into")
    parser.set_defaults(run=_ingest)


def _ingest(chosen: Namespace) -> None:
    loaded = load_folder(chosen.folder, chosen.db)
    print(f"{loaded.accepted} orders accepted, {len(loaded.rejected)} rows rejected")
    for row in loaded.rejected:
        # !r: what a partner wrote must not reach the terminal as control characters
        print(f"{row.file!r} line {row.line}, order {row.order_id!r}: {row.reason}: {row.detail}")
