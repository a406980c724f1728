"""What is no JUnit report, or is one to do harm: entities, floods, broken XML. It is refused, and nothing makes the kind raise."""

from __future__ import annotations

import time
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.junit import asked, case, examine, rules, suite

from dag_factory.evidence.kinds.junit_report import read

BOMB = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><testsuite>&b;</testsuite>"
XXE = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><testsuite>&a;</testsuite>"
PARAMETER = "<!DOCTYPE x [<!ENTITY % a SYSTEM 'http://127.0.0.1:9/x'> %a;]><testsuite/>"
REMOTE = f"<!DOCTYPE testsuite SYSTEM 'http://127.0.0.1:9/x.dtd'><testsuite>{case()}</testsuite>"


@pytest.mark.parametrize("report", [BOMB, XXE, PARAMETER, REMOTE])
def test_entities_are_refused(report):
    (fault,) = examine(report).faults
    assert fault.rule == "evidence-malformed"
    assert "entities" in fault.text


def test_a_plain_doctype_is_let_through():
    assert examine(f"<!DOCTYPE testsuite><testsuite>{case()}</testsuite>").faults == ()


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (b"<a>" * 200_000, "root is <a>"),
        (b"<testsuite>" * 200_000, "within each other"),
        (b"<testsuite>" + b"<a>" * 200_000, "within each other"),
        ("<html><body/></html>", "root is <html>"),
        ("<testsuite>", "not XML"),
        ("<testsuite/><testsuite/>", "not XML"),
        ('<testsuite tests="1" tests="2"/>', "not XML"),
        ("{}", "not XML"),
        (b"<testsuite>\xff</testsuite>", "not XML"),
        (b"\x00" * 20, "not XML"),
        ('<?xml version="1.0" encoding="utf-32"?><testsuite/>', "not XML"),
        ('<?xml version="1.0" encoding="shift_jis"?><testsuite/>', "not XML"),
        ('<?xml version="1.0" encoding="no-such"?><testsuite/>', "not XML"),
        (f"<testsuite>{case('a', case('b'))}</testsuite>", "lies in the test"),
        (f"<testsuite>{case('a', '<testsuite/>')}</testsuite>", "lies in the test"),
        ('<testsuite><testcase classname="a"/></testsuite>', "has no name"),
        ('<testsuite><testcase classname="a" name=" "/></testsuite>', "has no name"),
        ('<testsuite><testcase classname="a" name=""><skipped/></testcase></testsuite>', "has no name"),
    ],
)
def test_what_is_no_report(report, says):
    (fault,) = examine(report).faults
    assert fault.rule == "evidence-malformed"
    assert says in fault.text


def test_limits(monkeypatch):
    monkeypatch.setattr("dag_factory.evidence.kinds.junit_report.MAX_NODES", 100)
    assert "100 elements" in examine(suite(*[case(f"t{n}") for n in range(200)])).faults[0].text
    monkeypatch.setattr("dag_factory.evidence.kinds.junit_report.MAX_BYTES", 10)
    assert "bytes" in examine(suite(case())).faults[0].text


def test_other_encodings_are_read_by_their_declaration():
    report = f'<?xml version="1.0" encoding="iso-8859-1"?><testsuite>{case("täst")}</testsuite>'
    assert examine(report.encode("latin-1")).facts["passed"] == ("tests.test_x::täst",)


PIECES = st.sampled_from(
    [
        "<testsuites>",
        "</testsuites>",
        "<testsuite tests='1'>",
        "</testsuite>",
        case(),
        "<failure/>",
        "<!DOCTYPE a>",
        "&lt;",
        "&x;",
        "x",
    ]
)


@given(st.lists(PIECES, max_size=8).map("".join))
@settings(max_examples=150, deadline=None)
def test_no_xml_makes_it_raise(report):
    found = examine(report)
    if not found.faults:
        assert found.facts["passed"]


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=10))
@settings(max_examples=80, deadline=None)
def test_no_attributes_make_it_raise(stamp, said, time):
    report = "<testsuite><testcase name='a'/></testsuite>".replace(
        "<testsuite>", f"<testsuite timestamp={quoteattr(stamp)} disabled={quoteattr(time)}>"
    )
    asked(report, said, max_deselected=0, fresh=True, timed=True, max_seconds=1, tool="x", host="y", names=["*"])


def test_what_lies_in_very_many_suites_holds_their_names_once():
    report = read(
        (
            "<testsuites>" + "<testsuite name='s'>" * 60 + "<testcase name='a' file='f'/>" * 2 + "</testsuite>" * 60 + "</testsuites>"
        ).encode()
    )
    first, second = report.cases
    assert first.place is second.place
    assert first.key == second.key == ((*("", "") * 1, *("s", "") * 60), "f", "", "a")


def test_a_name_of_many_megabytes_is_read_at_once():
    report = suite(case("a" * 12_000_000))
    began = time.process_time()
    assert rules(examine(report, min_tests=2)) == ["tests-missing"]
    assert time.process_time() - began < 1.5
