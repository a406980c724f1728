"""What every unit test stands on."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("busy", deadline=None)  # a machine that is busy for a moment is no fault of what is tested
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Plans are kept for one test at most, and never in the Airflow home of whoever runs the tests."""
    monkeypatch.setenv("AIRFLOW__PHASEGATE__CACHE_ROOT", str(tmp_path_factory.mktemp("cache")))
