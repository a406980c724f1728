"""A run that is complete, and what `phasegate export` made of it; nobody changes either."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.auditing import ask, finished
from support.runs import HonestRun


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> HonestRun:
    """The run."""
    return finished(tmp_path_factory.mktemp("finished"))


@pytest.fixture(scope="module")
def handed(made: HonestRun, tmp_path_factory) -> Path:
    """The archive, a folder."""
    folder = Path(tmp_path_factory.mktemp("handed")) / "archive"
    assert ask("export", made.store.path, folder).exit_code == 0
    return folder
