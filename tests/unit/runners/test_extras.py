"""What a runner needs beside Phasegate: looked for, never imported."""

from __future__ import annotations

import sys

import pytest

from dag_factory.runners import extras, lacking


@pytest.mark.parametrize("runner", ["check", "command", "llm", "robot", ""])
def test_nothing_is_lacking_here(runner):
    before = set(sys.modules)
    assert lacking(runner) == ""
    assert not [name for name in set(sys.modules) - before if name.startswith(("pydantic_ai", "airflow"))]


def test_what_is_lacking_is_told_in_one_line(monkeypatch):
    monkeypatch.setitem(extras._EXTRAS, "llm", ("llm", ("pydantic", "no-such-distribution")))
    assert lacking("llm") == "no-such-distribution is not installed here: pip install 'airflow-phasegate[llm]'"
