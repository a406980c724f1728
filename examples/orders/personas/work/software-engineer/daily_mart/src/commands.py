"""The commands ``mart``, ``report`` and ``run``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from orders.daily_mart.mart import build_mart
from orders.daily_mart.pipeline import run
from orders.daily_mart.report import render_report


def add(commands: Any) -> None:
    """Add ``mart``, ``report`` and ``run`` to the command line."""
    _with_database(commands.add_parser("mart", help="build mart_orders_daily")).set_defaults(run=_mart)
    _with_database(commands.add_parser("report", help="print the report of the mart")).set_defaults(run=_report)
    whole = _with_database(commands.add_parser("run", help="ingest, mart and report in one go"))
    whole.add_argument("folder", type=Path, help="where the partners' *.csv files are")
    whole.add_argument("--report", type=Path, required=True, help="the file to write the report to")
    whole.set_defaults(run=_run)


def _with_database(parser: ArgumentParser) -> ArgumentParser:
    parser.add_argument("--db", type=Path, required=True, help="the SQLite database")
    return parser


def _mart(chosen: Namespace) -> None:
    print(f"{build_mart(chosen.db)} rows in the mart")


def _report(chosen: Namespace) -> None:
    print(render_report(chosen.db), end="")


def _run(chosen: Namespace) -> None:
    print(run(chosen.folder, chosen.db, chosen.report))
