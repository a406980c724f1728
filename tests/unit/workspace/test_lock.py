from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from dag_factory.errors import WorkspaceError
from dag_factory.workspace.lock import locked


def test_one_at_a_time(tmp_path: Path) -> None:
    inside: list[str] = []

    def hold(name: str) -> None:
        with locked(tmp_path / "deep" / "lock"):
            inside.append(f"{name} in")
            time.sleep(0.02)
            inside.append(f"{name} out")

    threads = [threading.Thread(target=hold, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for came, went in zip(inside[::2], inside[1::2], strict=True):
        assert came.split()[0] == went.split()[0]


def test_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path / "lock"):
        raise KeyError
    with locked(tmp_path / "lock"):
        pass


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="cannot be opened") as raised, locked(tmp_path / "file" / "lock"):
        pass
    assert raised.value.remedy


def test_who_waits_can_be_told_to_stop(tmp_path: Path) -> None:
    stop = threading.Event()
    with locked(tmp_path / "lock"):
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(WorkspaceError, match="was stopped while another one held lock"), locked(tmp_path / "lock", stop):
            pass
    with locked(tmp_path / "lock", threading.Event()):
        pass
