"""How to test each error of ingest; the function bears the error's name."""

import pytest

from orders import ingest


def missingcolumn(good):
    for column in good:
        with pytest.raises(ingest.MissingColumn, match=f"no {column}"):
            ingest.check_row({name: value for name, value in good.items() if name != column})
    with pytest.raises(ingest.MissingColumn):
        ingest.check_row(good | {"customer": "  "})


def fieldtoolong(good):
    assert ingest.check_row(good | {"customer": "n" * 200})
    with pytest.raises(ingest.FieldTooLong, match="201 characters"):
        ingest.check_row(good | {"customer": "n" * 201})


def baddate(good):
    for day in ("2026-02-30", "16.11.2026", "20261116", "2026-W47-1", "٢٠٢٦-11-16", "soon"):
        with pytest.raises(ingest.BadDate):
            ingest.check_row(good | {"order_date": day})


def badamount(good):
    for amount in ("twelve", "1,50", "1.234", "1e9", "NaN", "Infinity", " 1", "1234567890"):
        with pytest.raises(ingest.BadAmount):
            ingest.check_row(good | {"amount": amount})


def negativeamount(good):
    with pytest.raises(ingest.NegativeAmount, match="below zero"):
        ingest.check_row(good | {"amount": "-0.01"})


def unknowncurrency(good):
    for currency in ("XXD", "eur", "JPY"):
        with pytest.raises(ingest.UnknownCurrency, match="CHF, EUR, GBP, USD"):
            ingest.check_row(good | {"currency": currency})


def duplicateorder(send, database):
    send({}, partner="first")
    loaded = ingest.load_folder(send({}, partner="second"), database)
    assert loaded.accepted == 1
    assert [(row.file, row.reason) for row in loaded.rejected] == [("second.csv", "DuplicateOrder")]


def unreadablefile(send, database):
    folder = send({})
    header = (folder / "kite.csv").read_bytes().splitlines(keepends=True)[0]
    (folder / "empty.csv").write_bytes(b"")
    (folder / "latin.csv").write_bytes(header + "K-8,2026-11-16,Møller,1.00,EUR\n".encode("latin-1"))
    (folder / "nul.csv").write_bytes(header + b"K-9,2026-11-16,No\0ra,1.00,EUR\n")
    (folder / "quote.csv").write_bytes(header + b'K-7,2026-11-16,"Nora,1.00,EUR\n')
    (folder / "link.csv").symlink_to(folder / "kite.csv")
    with (folder / "large.csv").open("wb") as file:
        file.truncate(50_000_001)
    loaded = ingest.load_folder(folder, database)
    assert loaded.accepted == 1
    assert {(row.line, row.reason) for row in loaded.rejected} == {(0, "UnreadableFile")}
    assert [(row.file, row.detail) for row in loaded.rejected] == [
        ("empty.csv", "has no header"),
        ("large.csv", "larger than 50000000 bytes"),
        ("latin.csv", "not UTF-8 at byte 62"),
        ("link.csv", "not a regular file"),
        ("nul.csv", "contains a NUL byte"),
        ("quote.csv", "line 2: unexpected end of data"),
    ]


def nopartnerfiles(tmp_path, database):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ingest.NoPartnerFiles):
            ingest.load_folder(folder, database)
    assert not database.exists()


def test_money_is_kept_in_cents(good):
    for amount, cents in (("12", 1200), ("12.5", 1250), ("0.07", 7), ("999999999.99", 99999999999)):
        assert ingest.check_row(good | {"amount": amount}).amount_cents == cents


def test_the_partner_is_the_name_of_the_file(send, database, query):
    ingest.load_folder(send({}, partner="kite"), database)
    assert query("SELECT partner FROM orders") == [("kite",)]
