"""JUnit reports to be examined: tests and suites as XML, and what the kind says of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import quoteattr

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.junit import JunitExpect, JunitKind

FAILURE = '<failure message="assert 1 == 2&#10;more">trace</failure>'
SKIPPED = '<skipped type="pytest.skip" message="later"/>'
XFAIL = '<skipped type="pytest.xfail" message="known"/>'
BEGAN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WORK = Work(BEGAN, BEGAN + timedelta(minutes=30))


def examine(report, **expect):
    data = report if isinstance(report, bytes) else report.encode()
    return JunitKind().examine(Material("unit.xml", data), JunitExpect(**expect))


def asked(report, said="", work=WORK, **expect):
    return JunitKind().examine(Material("unit.xml", report.encode(), said=said, work=work), JunitExpect.model_validate(expect))


def case(name="test_a", inside="", classname="tests.test_x", **attributes):
    more = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f'<testcase classname="{classname}" name="{name}"{more}>{inside}</testcase>'


def suite(*cases, **attributes):
    more = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    return f"<testsuites><testsuite{more}>{''.join(cases)}</testsuite></testsuites>"


def rules(found):
    return [fault.rule for fault in found.faults]
