"""JUnit reports are counted test by test: what passed, failed or was skipped, and what a report says of itself that is not so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.junit import FAILURE, SKIPPED, XFAIL, case, examine, rules, suite


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
    [run] = found.facts["@run"]
    assert found.facts == {"tests": names, "ran": names, "passed": names, "cites": names, "@run": (run,)}


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


def test_a_test_that_stands_in_the_report_twice_is_one_and_passed_only_if_it_did_both_times():
    found = examine(suite(case("a"), case("b"), case("a", FAILURE)))
    assert rules(found) == ["tests-failed"]
    assert found.facts["passed"] == ("tests.test_x::b",)
    assert examine(suite(case("a"), case("a"))).faults == ()
    (fault,) = examine(suite(case("a"), case("a")), min_tests=2).faults
    assert (fault.rule, "1 tests (2, where those of one name count once), and at least 2" in fault.text) == ("tests-missing", True)
    assert examine(suite(case("a"), case("a", classname="other")), min_tests=2).faults == ()


def test_of_tests_that_ran_each_counts_once_too():
    assert rules(examine(suite(case("a"), case("a"), case("b", SKIPPED)), min_tests=2, max_skipped=1)) == ["tests-skipped"]


@pytest.mark.parametrize("name", ["a ", " a", "a\u200b", "\ufeffa", "a&#10;", "a\u00a0"])
def test_what_nobody_can_see_makes_no_two_tests_of_one(name):
    assert rules(examine(suite(case("a"), case(name)), min_tests=2)) == ["tests-missing"]


@pytest.mark.parametrize("name", ["A", "a b", "á", "a\u0301"])
def test_what_can_be_seen_does(name):
    assert examine(suite(case("a"), case(name)), min_tests=2).faults == ()


def test_pytest_tells_a_failure_and_the_error_of_its_teardown_apart():
    assert rules(examine(suite(case("a", FAILURE), case("a", "<error/>")))) == ["tests-failed"]


@pytest.mark.parametrize("time", ["-1", "nan", "NaN", "inf", "-inf", "1e999", "x", " "])
def test_times_that_cannot_be(time):
    assert rules(examine(suite(case("a", time=time)))) == ["evidence-malformed"]
    assert rules(examine(suite(case("a"), time=time))) == ["evidence-malformed"]


@pytest.mark.parametrize("time", ["0", "0.0", "1,234.5", "1e-3", ""])
def test_times_that_can_be(time):
    assert examine(suite(case("a", time=time), time=time)).faults == ()


def test_an_error_of_a_suite_counts():
    (fault,) = examine(f'<testsuite name="s">{case()}<error message="fixture broke"/></testsuite>').faults
    assert fault.rule == "tests-failed"
    assert "fixture broke" in fault.text


OUTCOMES = st.lists(st.sampled_from(["", FAILURE, SKIPPED, XFAIL, "<error/>"]), max_size=8)


@given(OUTCOMES, st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_it_counts_for_itself(outcomes, stated):
    found = examine(suite(*[case(f"t{n}", inside) for n, inside in enumerate(outcomes)], tests=stated))
    assert len(found.facts["passed"]) == outcomes.count("")
    assert (not found.faults) == (bool(outcomes) and set(outcomes) == {""} and stated == len(outcomes))
