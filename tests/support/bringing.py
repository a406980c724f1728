"""Entry points that are found as if other distributions had brought them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint

import pytest


def bringing(monkeypatch: pytest.MonkeyPatch, group: str, module: str, named: Mapping[str, str]) -> Callable[..., list[str]]:
    """Has entry points found, as if distributions had brought them; each time, the groups that are asked for are kept.

    Parameters
    ----------
    monkeypatch: undoes it when the test is over.
    group: the group that the entry points are of.
    module: where what they name lies.
    named: the names in that module, by how a test calls them.

    """

    def bring(*points: tuple[str, str]) -> list[str]:
        made = [EntryPoint(name, f"{module}:{named[value]}", group) for name, value in points]
        asked: list[str] = []

        def found(*, group: str) -> list[EntryPoint]:
            asked.append(group)
            return made

        monkeypatch.setattr("dag_factory.brought.entry_points", found)
        return asked

    return bring
