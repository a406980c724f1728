"""How to test each acceptance criterion of ingest; the function bears the criterion's id."""

from orders import ingest
from orders.__main__ import main


def rejected_row(send, database):
    loaded = ingest.load_folder(send({}, {"order_id": "K-2"} | {"COLUMN": "VALUE"}), database)
    assert loaded.accepted == 1
    assert [row.reason for row in loaded.rejected] == ["REASON"]


def ingest_1(send, database, query, capsys):
    send({}, {"order_id": "K-2", "order_date": "2026-11-17", "amount": "7.5", "currency": "CHF"})
    folder = send({"order_id": "L-1", "customer": "Møller, Ida"}, partner="lark")
    assert main(["ingest", str(folder), "--db", str(database)]) == 0
    assert capsys.readouterr().out == "3 orders accepted, 0 rows rejected\n"
    assert query("SELECT * FROM orders ORDER BY order_id") == [
        ("K-1", "kite", "2026-11-16", "Nora Lind", 1200, "EUR"),
        ("K-2", "kite", "2026-11-17", "Nora Lind", 750, "CHF"),
        ("L-1", "lark", "2026-11-16", "Møller, Ida", 1200, "EUR"),
    ]


def ingest_2(send, database, query):
    folder = send({}, {"order_id": "K-2", "amount": "x"})
    assert ingest.load_folder(folder, database) == ingest.load_folder(folder, database)
    assert query("SELECT (SELECT COUNT(*) FROM orders), (SELECT COUNT(*) FROM rejected)") == [(1, 1)]


def ingest_3(send, database, tmp_path, query, capsys):
    ingest.load_folder(send({}), database)
    assert main(["ingest", str(tmp_path / "nowhere"), "--db", str(database)]) == 2
    assert capsys.readouterr().err.startswith("orders: NoPartnerFiles: ")
    assert query("SELECT order_id FROM orders") == [("K-1",)]


def ingest_10(send, database, query, capsys):
    folder = send({}, {"order_id": "K-2", "amount": "-1"})
    assert main(["ingest", str(folder), "--db", str(database)]) == 0
    assert "'kite.csv' line 3, order 'K-2': NegativeAmount" in capsys.readouterr().out
    assert query("SELECT file, line, order_id, reason FROM rejected") == [("kite.csv", 3, "K-2", "NegativeAmount")]
