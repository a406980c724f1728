"""One real Airflow for every test in this folder.

A test says which runs it looks at, `@pytest.mark.flies("again/first")`; those of all selected tests are triggered together when Airflow is
up, so that they share the waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.airflow import RealAirflow, Run

HERE = Path(__file__).parent
LONGEST = ("late/run", "orders_mart/standard")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "flies(*runs): the runs a test looks at, as workflow/run_id")
    config.addinivalue_line("markers", "breaks: kills a part of Airflow, and comes after all others")
    config.addinivalue_line("markers", "xdist_group(name): what pytest-xdist keeps together")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.airflow)
            item.add_marker(pytest.mark.xdist_group("airflow"))


def _turn(item: pytest.Item) -> int:
    """An Airflow of one module's own has ended before that of all begins, and where that is broken, nothing runs beside."""
    return 2 if item.get_closest_marker("breaks") else int("broken" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def airflow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAirflow]:
    wanted = dict.fromkeys(name for item in request.session.items for mark in item.iter_markers("flies") for name in mark.args)
    with RealAirflow.running(tmp_path_factory.mktemp("airflow") / "home", HERE / "workflows") as started:
        for name in sorted(wanted, key=lambda name: name not in LONGEST):
            started.run(name).start()
        yield started


@pytest.fixture
def run(request: pytest.FixtureRequest, airflow: RealAirflow) -> Run:
    """The one run a test looks at."""
    mark = request.node.get_closest_marker("flies")
    assert mark is not None
    assert len(mark.args) == 1
    return airflow.run(mark.args[0])
