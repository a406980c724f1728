"""Build ``mart_orders_daily`` from the orders, and the report from the mart.

The front door of the component: ``build_mart``, ``render_report``, and ``run`` for the whole way from CSV to report.
"""

from __future__ import annotations

from orders.daily_mart.errors import MartNotBuilt, NotIngested
from orders.daily_mart.mart import build_mart
from orders.daily_mart.pipeline import run
from orders.daily_mart.report import render_report

__all__ = ["MartNotBuilt", "NotIngested", "build_mart", "render_report", "run"]
