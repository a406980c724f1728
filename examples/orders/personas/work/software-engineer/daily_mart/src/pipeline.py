"""The whole way from partner files to the report."""

from __future__ import annotations

from pathlib import Path

from orders.daily_mart.mart import build_mart
from orders.daily_mart.report import render_report
from orders.ingest import load_folder


def run(folder: Path, database: Path, report: Path) -> str:
    """Ingest the folder, build the mart, write the report; answers in one sentence what was done.

    Raises what ``orders.ingest`` raises for a folder that cannot be loaded; then no report is written.
    """
    loaded = load_folder(folder, database)
    rows = build_mart(database)
    report.write_text(render_report(database), encoding="utf-8")
    return f"{loaded.accepted} orders accepted, {len(loaded.rejected)} rows rejected, {rows} rows in the mart"
