"""How to test each error of daily_mart; the function bears the error's name."""

import pytest

from orders import daily_mart


def notingested(database, query):
    with pytest.raises(daily_mart.NotIngested, match="run `ingest` first"):
        daily_mart.build_mart(database)
    assert not database.exists()
    query("CREATE TABLE something (else_)")
    with pytest.raises(daily_mart.NotIngested):
        daily_mart.build_mart(database)


def martnotbuilt(ingested, database):
    with pytest.raises(daily_mart.MartNotBuilt, match="run `mart` first"):
        daily_mart.render_report(database)
    with pytest.raises(daily_mart.MartNotBuilt):
        daily_mart.render_report(ingested(("kite", "2026-11-16", 100, "EUR")))


def test_no_orders_make_an_empty_mart_and_still_a_report(ingested):
    database = ingested()
    assert daily_mart.build_mart(database) == 0
    assert "No days: 0 orders, 0 rows rejected." in daily_mart.render_report(database)
