"""An honest run, served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pages import Server, serving
from support.runs import HonestRun, honest


@pytest.fixture
def run(tmp_path: Path) -> HonestRun:
    """An honest run through all its phases but the last."""
    return honest(tmp_path / "home", through="validation")


@pytest.fixture
def server(run: HonestRun, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(monkeypatch, run.tmp_path) as made:
        yield made


@pytest.fixture
def at(server: Server, run: HonestRun) -> str:
    """The address of the run's page; Airflow knows the run."""
    return server.knows(run)
