"""Attempts to break in: each says whether the product went on as it should."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from customers.__main__ import main

HEAD = "customer,day,cents\n"


def play(*rows: str) -> tuple[int, str]:
    """Run the product over these rows; its code, and all that it wrote."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        Path(folder, "orders.csv").write_text(HEAD + "GOOD,2026-01-01,100\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        Path(folder, "returns.csv").write_text(HEAD, encoding="utf-8")
        code = main(folder, f"{folder}/out")
        return code, Path(folder, "out/segments.csv").read_text(encoding="utf-8")


def nobody_is_named() -> bool:
    """Disclosure: a customer whose name would be told"""
    return "Nora" not in play("Nora Lind,2026-01-01,100")[1]


def no_formula() -> bool:
    """Formula injection: a customer that a spreadsheet would evaluate"""
    return "=" not in play('"=HYPERLINK(""x"")",2026-01-01,100')[1]


def no_such_day() -> bool:
    """Smuggling: days that are none"""
    return play("X,2026-02-30,100", "X,,100", "X,9999999-01-01,100")[1].count("\n") == 2


ATTEMPTS: tuple[Callable[[], bool], ...] = (nobody_is_named, no_formula, no_such_day)


def attempts() -> list[dict[str, str]]:
    """Make every attempt."""
    return [
        {"id": f"PEN-{number}", "attempt": str(attempt.__doc__), "result": "repelled" if attempt() else "succeeded"}
        for number, attempt in enumerate(ATTEMPTS, start=1)
    ]
