"""What both ends tell each other is read as it was written."""

from __future__ import annotations

import pytest

from dag_factory.runners.llm_order import Order, Report

ORDER = Order(
    "my_model", "Do it.", "c-1", {"workspace": "/w", "writes": ["a"]}, "/spec", {"my_model": '{"password": "sk-1"}'}, mcp=("docs",), toolsets=("a:b",),
    tokens=5, secrets=("sk-2",),
)  # fmt: skip
REPORT = Report(
    doing="done", since=1.5, provider="p", model="m", requests=2, summary="é\n", references=("a",), flaw=("agent-failed", "why")
)


def test_an_order_is_read_as_it_was_written():
    assert Order.read(ORDER.encoded()) == ORDER


def test_its_connections_and_secrets_are_not_shown():
    assert "sk-" not in repr(ORDER)


@pytest.mark.parametrize("report", [REPORT, Report()])
def test_a_report_is_read_as_it_was_written(report):
    assert Report.last(report.line()) == report


def test_the_last_whole_line_counts():
    assert Report.last(b"") == Report()
    assert Report.last(REPORT.line()[:-5]) == Report()
    assert Report.last(Report(doing="starting").line() + REPORT.line() + b'{"doing": "ha') == REPORT
