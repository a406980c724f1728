"""How to test each acceptance criterion of daily_mart; the function bears the criterion's id."""

from orders import daily_mart
from orders.__main__ import main


def daily_mart_1(ingested, query, capsys):
    monday, tuesday = "2026-11-16", "2026-11-17"
    database = ingested(
        ("kite", monday, 1200, "EUR"),
        ("lark", monday, 350, "EUR"),
        ("lark", monday, 50, "EUR"),
        ("kite", tuesday, 7, "EUR"),
    )
    assert main(["mart", "--db", str(database)]) == 0
    assert capsys.readouterr().out == "2 rows in the mart\n"
    mart = query("SELECT * FROM mart_orders_daily ORDER BY order_date")
    assert mart == [(monday, "EUR", 3, 2, 1600), (tuesday, "EUR", 1, 1, 7)]


def daily_mart_2(ingested):
    database = ingested(("kite", "2026-11-16", 100, "EUR"), ("kite", "2026-11-16", 200, "USD"))
    assert daily_mart.build_mart(database) == 2
    report = daily_mart.render_report(database)
    assert "| 2026-11-16 | EUR | 1 | 1 | 1.00 |" in report
    assert "| 2026-11-16 | USD | 1 | 1 | 2.00 |" in report


def daily_mart_3(ingested, query):
    database = ingested(("kite", "2026-11-16", 100, "EUR"))
    assert daily_mart.build_mart(database) == daily_mart.build_mart(database) == 1
    assert query("SELECT SUM(revenue_cents) FROM mart_orders_daily") == [(100,)]


def daily_mart_4(tmp_path, database, capsys):
    (tmp_path / "kite.csv").write_text(
        "order_id,order_date,customer,amount,currency\nK-1,2026-11-16,Nora,12.05,EUR\n", encoding="utf-8"
    )
    report = tmp_path / "report.md"
    assert main(["run", str(tmp_path), "--db", str(database), "--report", str(report)]) == 0
    assert capsys.readouterr().out == "1 orders accepted, 0 rows rejected, 1 rows in the mart\n"
    assert "| 2026-11-16 | EUR | 1 | 1 | 12.05 |" in report.read_text(encoding="utf-8")
    assert report.read_text(encoding="utf-8").endswith("## Rejected rows\n\nNone.\n")


def daily_mart_5(ingested, capsys):
    database = ingested(rejected=(("kite.csv", 3, "K-2", "BadDate", "'soon' is no day"),))
    assert main(["report", "--db", str(database)]) == 2
    assert "MartNotBuilt" in capsys.readouterr().err
    daily_mart.build_mart(database)
    assert main(["report", "--db", str(database)]) == 0
    assert "| kite.csv | 3 | K-2 | BadDate |" in capsys.readouterr().out


def daily_mart_6(ingested):
    nasty = ("=HYPERLINK(1)", "+1", "-1", "@SUM", "[a](http://b)", "<b>", "x|y", "x\ny", "\t=1", "`x`")
    database = ingested(rejected=tuple(("kite.csv", 2, text, "BadDate", "") for text in nasty))
    daily_mart.build_mart(database)
    rows = [line for line in daily_mart.render_report(database).splitlines() if line.startswith("| kite.csv")]
    shown = [row.split(" | ")[2] for row in rows]
    assert shown == [
        "'=HYPERLINK(1)", "'+1", "'-1", "'@SUM", "&#91;a](http://b)", "&lt;b>", "x&#124;y", "x y", "'=1", "&#96;x&#96;"
    ]  # fmt: skip
