"""Each component against its interface, and against those it is used with."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest
from customers.history import histories
from customers.value import estimate

PAGES = {path.parent.name: path for path in sorted((Path(__file__).parent.parent / "interfaces").glob("*/INTERFACE.md"))}


def listed(feature: str, section: str) -> list[str]:
    """The code spans with which the items of a section begin."""
    text = PAGES[feature].read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^- `([^`]+)`", text, re.MULTILINE)


@pytest.mark.parametrize("feature", PAGES)
def test_the_component_is_as_its_interface_says(feature: str) -> None:
    module = importlib.import_module(f"customers.{feature}")
    for signature in listed(feature, "Functions"):
        told = ast.parse(f"def {signature}: ...").body[0]
        assert isinstance(told, ast.FunctionDef)
        assert [one.arg for one in told.args.args] == list(inspect.signature(getattr(module, told.name)).parameters)
    for error in listed(feature, "Errors"):
        assert issubclass(getattr(module, error), Exception)


def test_what_history_leaves_value_can_estimate() -> None:
    known, rejected = histories([{"customer": "A", "day": "2026-01-01", "cents": "100"}], [])
    assert (estimate(known["A"])[1], rejected) == (3650, [])
