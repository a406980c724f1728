"""The small words of a spec."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from dag_factory.spec.scalars import Command, Name, Texts, bytes_of, combined, money_of, seconds_of


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90m", 5400), ("1h30m", 5400), ("45s", 45), ("2d", 172_800), ("1d2h3m4s", 93_784), ("3650d", 315_360_000)],
)
def test_durations(written: str, seconds: int) -> None:
    assert seconds_of(written) == seconds


@pytest.mark.parametrize(
    "written",
    ["", "5", "m", "1.5h", "-5m", "5 m", "5M", "30m1h", "0s", "0d0h", "4000d", "9" * 5000 + "d", "٣m", "1h\n", 90, None, True, ["5m"]],
)
def test_what_is_no_duration(written: Any) -> None:
    with pytest.raises(ValueError, match=r"duration|lasts"):
        seconds_of(written)


@pytest.mark.parametrize(("written", "size"), [("0 B", 0), ("500 kB", 500_000), ("50 MB", 50_000_000), ("2GB", 2_000_000_000)])
def test_sizes(written: str, size: int) -> None:
    assert bytes_of(written) == size


@pytest.mark.parametrize("written", ["", "50", "MB", "5 mb", "1.5 MB", "-1 B", "9" * 5000 + " B", 50, None])
def test_what_is_no_size(written: Any) -> None:
    with pytest.raises(ValueError, match="not a size"):
        bytes_of(written)


@pytest.mark.parametrize(("written", "money"), [("5 USD", "5 USD"), ("0.10 EUR", "0.10 EUR"), ("5USD", "5 USD")])
def test_money(written: str, money: str) -> None:
    assert money_of(written) == money


@pytest.mark.parametrize("written", ["", "5", "USD", "$5", "0 USD", "0.00 USD", "5.005 USD", "-5 USD", "5 usd", "5 USDT", 5, None])
def test_what_is_no_money(written: Any) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        money_of(written)


@pytest.mark.parametrize("name", ["a", "orders_mart", "UX-2", "a" * 80])
def test_names(name: str) -> None:
    assert TypeAdapter(Name).validate_python(name) == name


@pytest.mark.parametrize("name", ["", "1a", "_a", "-a", "a b", "a.b", "a/b", "ärger", "а", "a" * 81, "a\n"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize(("written", "read"), [("make e2e", "make e2e"), (["make", "e2e"], ("make", "e2e"))])
def test_commands(written: Any, read: Any) -> None:
    assert TypeAdapter(Command).validate_python(written, strict=True) == read


@pytest.mark.parametrize("written", ["", "  ", [], ["make", 1], [["make"]], 5, None, {"run": "x"}, True])
def test_what_is_no_command(written: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Command).validate_python(written, strict=True)


@pytest.mark.parametrize("written", ["a", [""], [1], {"a": 1}, None])
def test_what_are_no_texts(written: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Texts).validate_python(written, strict=True)


@pytest.mark.parametrize("persona", [["a"], ("a",), {"a": 1}, "a b", "a,b", "a+b", "a & b", "a|b", "a/b", "a and b", "a-and-b"])
def test_combinations(persona: object) -> None:
    assert combined(persona)


@pytest.mark.parametrize("persona", ["architect", "ux-designer", "my_architect", "brand", "android", "", " padded ", None, 5])
def test_what_is_no_combination(persona: object) -> None:
    assert not combined(persona)
