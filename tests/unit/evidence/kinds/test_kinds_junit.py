from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.junit import JunitExpect, JunitKind

FAILURE = '<failure message="assert 1 == 2&#10;more">trace</failure>'
SKIPPED = '<skipped type="pytest.skip" message="later"/>'
XFAIL = '<skipped type="pytest.xfail" message="known"/>'


def examine(report, **expect):
    data = report if isinstance(report, bytes) else report.encode()
    return JunitKind().examine(Material("unit.xml", data), JunitExpect(**expect))


def case(name="test_a", inside="", classname="tests.test_x", **attributes):
    more = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f'<testcase classname="{classname}" name="{name}"{more}>{inside}</testcase>'


def suite(*cases, **attributes):
    more = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    return f"<testsuites><testsuite{more}>{''.join(cases)}</testsuite></testsuites>"


def rules(found):
    return [fault.rule for fault in found.faults]


def test_a_report_as_pytest_writes_it():
    report = (
        '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" '
        'failures="0" skipped="0" tests="2" time="0.010" timestamp="2026-11-23T06:00:00+00:00" hostname="h">'
        + case("test_a", time="0.001")
        + case("test_b[ING-1.1]", "<properties><property name='x' value='y'/></properties><system-out>x</system-out>")
        + "</testsuite></testsuites>"
    )
    found = examine(report, min_tests=2)
    assert found.faults == ()
    names = ("tests.test_x::test_a", "tests.test_x::test_b[ING-1.1]")
    assert found.facts == {"tests": names, "passed": names, "cites": names}


def test_only_what_passed_may_cite():
    found = examine(suite(case("a"), case("b", FAILURE), case("c", SKIPPED), case("d", XFAIL), case("e", "<error/>")))
    assert found.facts["cites"] == found.facts["passed"] == ("tests.test_x::a",)
    assert len(found.facts["tests"]) == 5


def test_failing_tests_are_named_with_the_first_line_of_what_they_say():
    cases = [case(f"t{n}", FAILURE) for n in range(7)]
    (fault,) = examine(suite(*cases, case("fine"))).faults
    assert fault.rule == "tests-failed"
    assert fault.text.startswith("unit.xml: 7 of 8 tests failed: tests.test_x::t0 (assert 1 == 2); ")
    assert "more)" not in fault.text
    assert "tests.test_x::t4" in fault.text
    assert "t5" not in fault.text
    assert "and 2 more" in fault.text
    assert fault.subject == "tests.test_x::t0"


def test_a_failure_without_message_is_told_by_its_text():
    (fault,) = examine(suite(case("a", "<error>\n  boom\nat x</error>"))).faults
    assert "(boom)" in fault.text


@pytest.mark.parametrize(
    "report",
    [
        "<testsuites/>",
        "<testsuite/>",
        "<testsuites><testsuite/></testsuites>",
        suite(tests=0, failures=0),
        "<testsuites><other><testcases/></other></testsuites>",
    ],
)
def test_no_tests_are_no_pass(report):
    assert rules(examine(report)) == ["tests-missing"]


def test_declared_500_one_case():
    found = examine(suite(case(), tests=500))
    assert rules(found) == ["evidence-malformed"]
    assert "tests=500" in found.faults[0].text
    assert "1 were counted" in found.faults[0].text


def test_declared_500_and_none():
    assert rules(examine(suite(tests=500))) == ["tests-missing", "evidence-malformed"]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("failures", "0"),
        ("errors", "1"),
        ("skipped", "3"),
        ("tests", "1"),
        ("tests", "1.0"),
        ("tests", "-2"),
        ("tests", ""),
    ],
)
def test_attributes_that_lie(attribute, value):
    found = examine(suite(case("a"), case("b", FAILURE), **{attribute: value}))
    assert rules(found) == ["tests-failed", "evidence-malformed"]
    assert attribute in found.faults[1].text


def test_the_root_that_lies():
    report = f'<testsuites tests="2" failures="0"><testsuite tests="1">{case("a", FAILURE)}</testsuite></testsuites>'
    assert rules(examine(report)) == ["tests-failed", "evidence-malformed", "evidence-malformed"]


def test_nested_suites_may_count_what_lies_in_them_or_not():
    inner = f'<testsuite name="in" tests="1">{case("a")}</testsuite>'
    for stated in (1, 2):
        report = f'<testsuites tests="2"><testsuite tests="{stated}">{inner}{case("b")}</testsuite></testsuites>'
        assert examine(report).faults == ()
    assert rules(examine(f'<testsuites tests="2"><testsuite tests="3">{inner}{case("b")}</testsuite></testsuites>'))


def test_all_skipped_and_all_expected_to_fail():
    for inside in (SKIPPED, XFAIL, "<skipped/>"):
        found = examine(suite(case("a", inside), case("b", inside)), max_skipped=5)
        assert rules(found) == ["tests-skipped"]
    assert rules(examine(suite(case("a", status="notrun"), case("b", result="suppressed")))) == ["tests-skipped"]


def test_more_skipped_than_may_be():
    report = suite(case("a"), case("b", SKIPPED), case("c", XFAIL), skipped=2, tests=3)
    (fault,) = examine(report, max_skipped=1).faults
    assert fault.rule == "tests-skipped"
    assert "tests.test_x::b, tests.test_x::c (expected to fail)" in fault.text
    assert examine(report, max_skipped=2).faults == ()
    assert rules(examine(report, max_skipped=2, min_tests=2)) == ["tests-skipped"]
    assert rules(examine(report, max_skipped=2, min_tests=4)) == ["tests-missing"]


def test_googletest_counts_disabled_tests_apart():
    report = suite(case("a"), case("b", status="notrun", result="suppressed"), tests=2, skipped=0, disabled=1)
    assert examine(report, max_skipped=1).faults == ()


def test_a_failure_outweighs_a_skip_in_one_test():
    assert rules(examine(suite(case("a", SKIPPED + FAILURE)))) == ["tests-failed"]
    assert rules(examine(suite(case("a", FAILURE + SKIPPED)))) == ["tests-failed"]
    assert rules(examine(suite(case("a", f"<properties>{FAILURE}</properties>")))) == ["tests-failed"]


def test_a_test_stands_in_the_report_once():
    found = examine(suite(case("a"), case("b"), case("a", FAILURE)))
    assert rules(found) == ["tests-failed", "evidence-malformed"]
    assert "tests.test_x::a" in found.faults[1].text
    assert found.facts["passed"] == ("tests.test_x::b",)
    assert rules(examine(suite(case("a"), case("a")))) == ["evidence-malformed"]
    assert examine(suite(case("a"), case("a", classname="other"))).faults == ()


def test_pytest_tells_a_failure_and_the_error_of_its_teardown_apart():
    assert rules(examine(suite(case("a", FAILURE), case("a", "<error/>")))) == ["tests-failed"]


@pytest.mark.parametrize("time", ["-1", "nan", "NaN", "inf", "-inf", "1e999", "x", ""])
def test_times_that_cannot_be(time):
    assert rules(examine(suite(case("a", time=time)))) == ["evidence-malformed"]
    assert rules(examine(suite(case("a"), time=time))) == ["evidence-malformed"]


@pytest.mark.parametrize("time", ["0", "0.0", "1,234.5", "1e-3"])
def test_times_that_can_be(time):
    assert examine(suite(case("a", time=time), time=time)).faults == ()


def test_an_error_of_a_suite_counts():
    (fault,) = examine(f'<testsuite name="s">{case()}<error message="fixture broke"/></testsuite>').faults
    assert fault.rule == "tests-failed"
    assert "fixture broke" in fault.text


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


@pytest.mark.parametrize("wrong", [{"min_tests": 0}, {"max_skipped": -1}, {"min_tests": True}, {"min_tests": "1"}])
def test_expectations_are_strict(wrong):
    with pytest.raises(ValidationError):
        JunitExpect(**wrong)


OUTCOMES = st.lists(st.sampled_from(["", FAILURE, SKIPPED, XFAIL, "<error/>"]), max_size=8)


@given(OUTCOMES, st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_it_counts_for_itself(outcomes, stated):
    found = examine(suite(*[case(f"t{n}", inside) for n, inside in enumerate(outcomes)], tests=stated))
    assert len(found.facts["passed"]) == outcomes.count("")
    assert (not found.faults) == (bool(outcomes) and set(outcomes) == {""} and stated == len(outcomes))


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


BEGAN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WORK = Work(BEGAN, BEGAN + timedelta(minutes=30))


def asked(report, said="", work=WORK, **expect):
    return JunitKind().examine(Material("unit.xml", report.encode(), said=said, work=work), JunitExpect.model_validate(expect))


@pytest.mark.parametrize("again", ["<flakyFailure message='x'/>", "<flakyError/>", "<rerunFailure>trace</rerunFailure>"])
def test_a_test_that_passed_only_when_it_was_run_again(again):
    report = suite(case("a", again), case("b"))
    (fault,) = asked(report).faults
    assert (fault.rule, fault.subject) == ("tests-flaky", "tests.test_x::a")
    assert asked(report, max_reruns=1).faults == ()
    assert rules(asked(suite(case("a", "<rerunFailure/>" + FAILURE)))) == ["tests-failed"]


@pytest.mark.parametrize(
    ("said", "most", "fits"),
    [
        ("collected 5 items / 3 deselected / 2 selected\n==== 2 passed, 3 deselected in 0.10s ====", 3, True),
        ("2 passed, 3 deselected in 0.10s\n", 2, False),
        ("1 passed, 1 deselected in 0.1s\n1 passed, 2 deselected in 0.1s", 2, False),
        ("2 passed in 0.10s", 0, True),
        ("ok", 0, False),
        ("", 5, False),
    ],
)
def test_tests_that_were_deselected(said, most, fits):
    found = asked(suite(case("a"), case("b")), said, max_deselected=most)
    assert rules(found) == ([] if fits else ["tests-skipped"])
    assert asked(suite(case("a")), said).faults == ()


def test_tests_that_a_suite_says_are_disabled():
    report = suite(case("a"), case("b", status="notrun"), disabled=3)
    assert rules(asked(report, max_deselected=1, max_skipped=1)) == ["tests-skipped"]
    assert asked(report, max_deselected=2, max_skipped=1).faults == ()


def test_names_that_must_be_among_what_passed():
    report = suite(case("test_a"), case("test_b", FAILURE))
    assert asked(suite(case("test_a")), names=["*::test_a", "tests.test_x::*"]).faults == ()
    assert rules(asked(report, names=["*::test_b", "*::test_c"])) == ["tests-failed", "tests-missing", "tests-missing"]


def test_durations():
    report = suite(case("a", time="0.5"), case("b", time="3"))
    assert asked(report, max_seconds=3, timed=True).faults == ()
    (fault,) = asked(report, max_seconds=1).faults
    assert (fault.rule, fault.subject) == ("validation-failed", "tests.test_x::b")
    assert rules(asked(suite(case("a")), timed=True)) == ["evidence-malformed"]
    assert asked(suite(case("a", time="1"), case("b", SKIPPED)), timed=True, max_skipped=1).faults == ()


def test_the_tool_and_the_host():
    report = suite(case("a"), name="pytest", hostname="ci-7")
    assert asked(report, tool="pytest*", host="ci-*").faults == ()
    assert rules(asked(report, tool="jest*", host="build")) == ["report-foreign", "report-foreign"]
    assert rules(asked(suite(case("a")), tool="pytest", host="*")) == ["report-foreign", "report-foreign"]


@pytest.mark.parametrize(
    ("stamp", "fits"),
    [
        ("2026-11-23T06:10:00Z", True),
        ("2026-11-23T09:10:00", True),
        ("2026-11-22T06:10:00Z", False),
        ("2026-11-20T06:10:00", False),
        ("", False),
        ("now", False),
    ],
)
def test_a_report_older_than_the_work(stamp, fits):
    assert rules(asked(suite(case("a"), timestamp=stamp), fresh=True)) == ([] if fits else ["report-stale"])
    assert asked(suite(case("a"), timestamp=stamp)).faults == ()


def test_a_test_that_took_longer_than_all_of_the_work():
    report = suite(case("a", time="7200"), timestamp="2026-11-23T06:10:00Z")
    assert rules(asked(report, fresh=True)) == ["evidence-malformed"]
    assert rules(asked(report, fresh=True, work=None)) == ["report-stale"]


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=10))
@settings(max_examples=80, deadline=None)
def test_no_attributes_make_it_raise(stamp, said, time):
    report = "<testsuite><testcase name='a'/></testsuite>".replace(
        "<testsuite>", f"<testsuite timestamp={quoteattr(stamp)} disabled={quoteattr(time)}>"
    )
    asked(report, said, max_deselected=0, fresh=True, timed=True, max_seconds=1, tool="x", host="y", names=["*"])
