"""The report: Markdown for people, harmless wherever it is pasted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from orders.daily_mart.errors import MartNotBuilt
from orders.daily_mart.mart import opened

_MART = "SELECT order_date, currency, orders, partners, revenue_cents FROM mart_orders_daily ORDER BY 1, 2"
_REJECTED = "SELECT file, line, order_id, reason FROM rejected ORDER BY file, line"


def render_report(database: Path) -> str:
    """The mart by day and currency, then every row that was rejected, as Markdown.

    What partners wrote is shown so that it is neither markup nor a spreadsheet's formula. Raises ``MartNotBuilt``.
    """
    with opened(database, "mart_orders_daily", MartNotBuilt("there is no mart here, run `mart` first")) as connection:
        mart = connection.execute(_MART).fetchall()
        rejected = connection.execute(_REJECTED).fetchall()
    days = sorted({row[0] for row in mart})
    span = f"{days[0]} to {days[-1]}" if days else "No days"
    lines = ["# Daily orders", "", f"{span}: {sum(row[3] for row in mart)} orders, {len(rejected)} rows rejected.", ""]
    revenue = ((*row[:4], f"{row[4] // 100}.{row[4] % 100:02}") for row in mart)
    lines += _table(("Day", "Currency", "Orders", "Partners", "Revenue"), revenue)
    lines += ["", "## Rejected rows", ""]
    lines += _table(("File", "Line", "Order", "Reason"), rejected) if rejected else ["None."]
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    cells = [head, ["---"] * len(head), *([_harmless(str(value)) for value in row] for row in rows)]
    return [f"| {' | '.join(row)} |" for row in cells]


def _harmless(text: str) -> str:
    plain = "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text).strip()
    for letter, written in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("[", "&#91;"), ("`", "&#96;")):
        plain = plain.replace(letter, written)
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@")) else plain
