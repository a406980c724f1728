"""The components against each other: does each keep what its interface says, and does each find what it builds upon."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from orders import OrdersError, daily_mart, ingest

ROOT = Path(__file__).parent.parent
FEATURES = sorted(path.parent.name for path in ROOT.glob("interfaces/*/INTERFACE.md"))


def listed(feature: str, section: str) -> list[str]:
    """The code spans with which the items of a section begin."""
    page = (ROOT / "interfaces" / feature / "INTERFACE.md").read_text(encoding="utf-8")
    return re.findall(r"^- `([^`]+)`", page.partition(f"## {section}\n")[2].partition("\n## ")[0], re.MULTILINE)


@pytest.fixture(params=FEATURES)
def component(request: pytest.FixtureRequest) -> tuple[str, ModuleType]:
    """Each component in turn."""
    return request.param, importlib.import_module(f"orders.{request.param}")


def test_every_function_is_called_as_the_interface_says(component: tuple[str, ModuleType]) -> None:
    feature, module = component
    assert listed(feature, "Functions")
    for signature in listed(feature, "Functions"):
        name = signature.partition("(")[0]
        assert name in module.__all__
        told = ast.parse(f"def {signature}: ...").body[0]
        assert isinstance(told, ast.FunctionDef)
        assert [argument.arg for argument in told.args.args] == list(
            inspect.signature(getattr(module, name)).parameters
        )


def test_every_error_is_one_the_command_line_can_tell(component: tuple[str, ModuleType]) -> None:
    feature, module = component
    told = {
        name
        for name in module.__all__
        if inspect.isclass(found := getattr(module, name)) and issubclass(found, OrdersError)
    }
    assert set(listed(feature, "Errors")) == told


def test_components_meet_only_at_their_front_doors(component: tuple[str, ModuleType]) -> None:
    feature, _ = component
    others = [f"orders.{other}" for other in FEATURES if other != feature]
    for path in (ROOT / "src" / "orders" / feature).glob("*.py"):
        for found in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(found, ast.ImportFrom) and found.module:
                assert not found.module.startswith(tuple(f"{other}." for other in others)), (
                    f"{path} imports {found.module}"
                )


def test_daily_mart_finds_the_tables_that_ingest_leaves(tmp_path: Path) -> None:
    database = tmp_path / "orders.db"
    loaded = ingest.load_folder(ROOT / "data", database)
    assert daily_mart.build_mart(database) > 0
    with closing(sqlite3.connect(database)) as connection:
        counted, cents = connection.execute("SELECT SUM(orders), SUM(revenue_cents) FROM mart_orders_daily").fetchone()
        assert counted == loaded.accepted
        assert (cents,) == connection.execute("SELECT SUM(amount_cents) FROM orders").fetchone()


def test_the_report_shows_every_reject_of_ingest_by_the_name_of_its_error(tmp_path: Path) -> None:
    loaded = ingest.load_folder(ROOT / "data", tmp_path / "orders.db")
    daily_mart.build_mart(tmp_path / "orders.db")
    report = daily_mart.render_report(tmp_path / "orders.db")
    assert {row.reason for row in loaded.rejected} <= set(listed("ingest", "Errors"))
    for row in loaded.rejected:
        assert f"| {row.file} | {row.line} | {row.order_id} | {row.reason} |" in report


def test_an_error_of_ingest_passes_through_run_unchanged(tmp_path: Path) -> None:
    with pytest.raises(ingest.NoPartnerFiles):
        daily_mart.run(tmp_path, tmp_path / "orders.db", tmp_path / "report.md")
