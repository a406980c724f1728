"""Attempts to break in: each plays a partner who means harm, and says what came of it.

An attempt is repelled when the product went on as it should, succeeded when it did harm or fell over. An error of the
product (``OrdersError``) is an answer; any other exception means it fell over.
"""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from orders.__main__ import main

HEADER = "order_id,order_date,customer,amount,currency\n"
GOOD = "K-1,2026-11-16,Nora,12.00,EUR\n"


@dataclass(frozen=True)
class Run:
    """One run of the product over what the partner sent."""

    code: int
    printed: str
    report: str
    orders: tuple[tuple[str, ...], ...]
    reasons: tuple[str, ...]


def play(folder: Path) -> Run:
    """Run the product over the folder, and look at everything it left."""
    database, report = folder / "orders.db", folder / "report.md"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main(["ingest", str(folder), "--db", str(database)])
        code = code or main(["run", str(folder), "--db", str(database), "--report", str(report)])
    if code:
        return Run(code, printed.getvalue(), "", (), ())
    with closing(sqlite3.connect(database)) as connection:
        orders = connection.execute("SELECT order_id, customer, amount_cents FROM orders ORDER BY order_id").fetchall()
        reasons = connection.execute("SELECT reason FROM rejected ORDER BY file, line").fetchall()
    text = report.read_text(encoding="utf-8")
    return Run(code, printed.getvalue(), text, tuple(orders), tuple(reason for (reason,) in reasons))


def send(folder: Path, *rows: str, name: str = "kite.csv") -> Path:
    """A partner's file with one good row and these."""
    path = folder / name
    path.write_bytes((HEADER + GOOD + "".join(f"{row}\n" for row in rows)).encode("utf-8"))
    return path


def sql_in_a_field(folder: Path) -> bool:
    """SQL injection: a customer's name that ends the statement and drops the table"""
    name = "x'); DROP TABLE orders; --"
    send(folder, f'"{name}",2026-11-16,"{name}",1.00,EUR')
    return play(folder).orders == (("K-1", "Nora", 1200), (name, name, 100))


def sql_in_a_file_name(folder: Path) -> bool:
    """SQL injection: a file name that ends the statement"""
    send(folder, "K-2,2026-11-16,Nora,x,EUR", name="k'); DELETE FROM orders; --.csv")
    return len(play(folder).orders) == 1


def link_out_of_the_folder(folder: Path) -> bool:
    """Path traversal: a partner's file that is a link to a file elsewhere"""
    with tempfile.TemporaryDirectory() as elsewhere:
        secret = send(Path(elsewhere), "SECRET-1,2026-11-16,Eve,1.00,EUR", name="secret.csv")
        send(folder)
        (folder / "link.csv").symlink_to(secret)
        run = play(folder)
    return len(run.orders) == 1 and run.reasons == ("UnreadableFile",) and "SECRET" not in run.report + run.printed


def dots_in_a_file_name(folder: Path) -> bool:
    """Path traversal: a file name that reads like a path; nothing may be written beside the database and the report"""
    send(folder, name="..\\..\\%2e%2e%2fetc%2fkite.csv")
    before = {path.name for path in folder.parent.iterdir()}
    run = play(folder)
    written = {path.name for path in folder.iterdir()} - {"..\\..\\%2e%2e%2fetc%2fkite.csv"}
    return (
        len(run.orders) == 1
        and written == {"orders.db", "report.md"}
        and before == {p.name for p in folder.parent.iterdir()}
    )


def formula_in_the_report(folder: Path) -> bool:
    """Formula injection: an order id that a spreadsheet would evaluate"""
    send(
        folder,
        '"=HYPERLINK(""http://evil"",""pay"")",soon,Nora,1.00,EUR',
        "@SUM(1),soon,Nora,1.00,EUR",
        "+1,soon,Nora,1.00,EUR",
    )
    cells = [cell.strip() for line in play(folder).report.splitlines() for cell in line.split("|")]
    return any("HYPERLINK" in cell for cell in cells) and not any(cell.startswith(("=", "@", "+")) for cell in cells)


def markup_in_the_report(folder: Path) -> bool:
    """Markup injection: an order id that is a script, a link, and a row of the table"""
    send(
        folder,
        "<script>x</script>,soon,Nora,1.00,EUR",
        "[a](http://evil),soon,Nora,1.00,EUR",
        "a|9|b,soon,Nora,1.00,EUR",
    )
    report = play(folder).report
    rows = [line for line in report.splitlines() if line.startswith("| kite.csv")]
    return "<script" not in report and "[a](" not in report and [row.count("|") for row in rows] == [5, 5, 5]


def huge_field(folder: Path) -> bool:
    """Exhaustion: one field of two million characters"""
    send(folder, f'K-2,2026-11-16,"{"x" * 2_000_000}",1.00,EUR')
    run = play(folder)
    return run.code == 0 and not [order for order in run.orders if len(order[1]) > 200] and len(run.report) < 10_000


def many_digits(folder: Path) -> bool:
    """Exhaustion: amounts that become numbers of a million digits, or none"""
    send(
        folder,
        *(f"K-{n},2026-11-16,Nora,{amount},EUR" for n, amount in enumerate(("1e999999", "9" * 150, "NaN", "inf"), 2)),
    )
    run = play(folder)
    return len(run.orders) == 1 and run.reasons == ("BadAmount",) * 4


def nul_byte(folder: Path) -> bool:
    """Smuggling: a NUL byte that would end the text for whoever reads it in C"""
    send(folder, name="good.csv")
    (folder / "nul.csv").write_bytes((HEADER + "K-2,2026-11-16,No\0ra,1.00,EUR\n").encode())
    run = play(folder)
    return len(run.orders) == 1 and run.reasons == ("UnreadableFile",)


def wrong_encoding(folder: Path) -> bool:
    """Smuggling: UTF-16, and bytes that are no text at all"""
    send(folder, name="good.csv")
    (folder / "utf16.csv").write_bytes((HEADER + GOOD).encode("utf-16"))
    (folder / "noise.csv").write_bytes(bytes(range(128, 256)) * 10)
    run = play(folder)
    return len(run.orders) == 1 and run.reasons == ("UnreadableFile",) * 2


def name_that_is_no_text(folder: Path) -> bool:
    """Smuggling: a file name that is not UTF-8"""
    send(folder, name="good.csv")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.csv")).write_bytes((HEADER + "K-2,2026-11-16,Nora,x,EUR\n").encode())
    run = play(folder)
    return len(run.orders) == 1 and run.reasons == ("BadAmount",)


def terminal_control(folder: Path) -> bool:
    """Deception: an order id that rewrites the terminal's lines"""
    send(folder, "\x1b[2J\x1b[1;1HALL GOOD,soon,Nora,1.00,EUR")
    run = play(folder)
    return run.reasons == ("BadDate",) and "\x1b" not in run.printed + run.report


def digits_that_are_none(folder: Path) -> bool:
    """Deception: digits of another script, which look like a date and an amount to some parsers"""
    send(folder, "K-2,٢٠٢٦-11-16,Nora,1.00,EUR", "K-3,2026-11-16,Nora,１２.００,EUR")
    return play(folder).reasons == ("BadDate", "BadAmount")


ATTEMPTS: tuple[Callable[[Path], bool], ...] = (
    sql_in_a_field,
    sql_in_a_file_name,
    link_out_of_the_folder,
    dots_in_a_file_name,
    formula_in_the_report,
    markup_in_the_report,
    huge_field,
    many_digits,
    nul_byte,
    wrong_encoding,
    name_that_is_no_text,
    terminal_control,
    digits_that_are_none,
)


def attempts() -> list[dict[str, str]]:
    """Make every attempt, each in a folder of its own, and log what came of it."""
    return [made(number, attempt) for number, attempt in enumerate(ATTEMPTS, start=1)]


def made(number: int, attempt: Callable[[Path], bool]) -> dict[str, str]:
    """Make one attempt."""
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer, "partners")
        folder.mkdir()
        try:
            repelled = attempt(folder)
            observed = "the product went on as it should" if repelled else "the product did what the partner wanted"
        except Exception as error:  # falling over, in whatever way, is what we look for
            repelled, observed = False, f"the product fell over: {type(error).__name__}: {error}"
    return {
        "id": f"PEN-{number}",
        "attempt": str(attempt.__doc__),
        "result": "repelled" if repelled else "succeeded",
        "observed": observed,
    }
