"""Reports as real tools write them, each with a way of its own to count: none of them is told to lie."""

from __future__ import annotations

import pytest
from support.junit import asked, case, examine, rules, suite

PYTEST = suite(
    case("test_a"), case("test_b", classname="tests.test_x.T"), name="pytest", errors=0, failures=0, skipped=0, tests=8, hostname="vm"
)
FAILING = suite(
    case("test_a", '<failure message="assert 1"/><failure message="assert 2"/><failure message="contains 2 failed subtests"/>'),
    case("test_s", '<skipped type="pytest.skip"/><skipped type="pytest.skip"/>'),
    name="pytest", errors=0, failures=3, skipped=2, tests=8,
)  # fmt: skip
NODE = """<?xml version="1.0" encoding="utf-8"?>
<testsuites>
	<testsuite name="adds" time="0.002706" disabled="0" errors="0" tests="3" failures="0" skipped="2" hostname="vm">
		<testcase name="works" time="0.000460" classname="test"/>
		<testcase name="skips" time="0.000080" classname="test">
			<skipped type="skipped" message="true"/>
		</testcase>
		<testsuite name="deep" time="0.001430" disabled="0" errors="0" tests="2" failures="0" skipped="1" hostname="vm">
			<testcase name="works" time="0.000088" classname="test"/>
			<testcase name="x" time="0.001221" classname="test"><skipped type="todo" message="true"/></testcase>
		</testsuite>
	</testsuite>
	<testsuite name="subs" time="0.000320" disabled="0" errors="0" tests="2" failures="0" skipped="0" hostname="vm">
		<testcase name="works" time="0.000094" classname="test"/>
		<testcase name="works" time="0.000059" classname="test"/>
	</testsuite>
	<testcase name="top" time="0.000086" classname="test"/>
	<!-- tests 9 -->
</testsuites>
"""
NODE_FAILED = """<testsuites><testsuite name="adds" disabled="0" errors="0" tests="2" failures="2" skipped="0" hostname="vm">
<testcase name="fails" classname="test" failure="no"><failure message="no"/></testcase>
<testsuite name="deep" disabled="0" errors="0" tests="3" failures="2" skipped="0" hostname="vm">
<testcase name="works" classname="test"/><testcase name="x" classname="test"><failure/></testcase><testcase name="y" classname="test"><failure/></testcase>
</testsuite></testsuite></testsuites>"""
PLAYWRIGHT = "".join(
    f'<testsuite name="a.spec.ts" hostname="{project}" tests="1" failures="0" skipped="0" errors="0">'
    f'<testcase name="logs in" classname="a.spec.ts" time="1"/></testsuite>'
    for project in ("chromium", "firefox")
)
CATCH2 = """<testsuites><testsuite name="t" errors="0" failures="{failures}" skipped="0" tests="12" hostname="tbd" time="" timestamp="2026-11-30T00:00:00Z">
<properties><property name="random-seed" value="1"/></properties>
<testcase classname="t.global" name="a" time="" status="run">{inside}</testcase><testcase classname="t.global" name="b/s" time="" status="run"/>
<system-out/></testsuite></testsuites>"""


@pytest.mark.parametrize(
    "said",
    [
        "2 passed, 6 subtests passed in 0.50s",
        "....\n== 2 passed, 5 deselected, 6 subtests passed in 0.50s ==\nmake: done",
        "== 2 passed in 0.50s ==",  # by itself it prints no subtest that passed
    ],
)
def test_pytest_counts_subtests_and_prints_how_many_tests_there_were(said):
    found = asked(PYTEST, said)
    assert (found.faults, len(found.facts["passed"])) == ((), 2)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "2 passed, 5 subtests passed in 0.50s",
        "5 passed\n3 passed",
        "8 passed, 8 total",
        "8 passed in 0.5s",
        "1 passed in 0.5s",
        "3 passed, 5 subtests passed in 0.5s",
    ],
)
def test_subtests_that_nobody_printed_are_not_believed(said):
    (fault,) = asked(PYTEST, said).faults
    assert fault.rule == "evidence-malformed"
    assert "states tests=8, and 2 were counted. " in fault.text
    assert fault.text.endswith("If it counts subtests, have the check print what pytest sums up at its end.")


def test_what_jest_lists_as_still_to_do_is_no_test_that_passed():
    todo = suite(case("s a"), case("s ing-1 is refused"), name="s", errors=0, failures=0, skipped=0, tests=1)
    for said in ("Tests:       1 todo, 1 passed, 2 total\nTime:        0.3 s\n", ""):
        assert rules(asked(todo, said)) == ["evidence-malformed"], said


def test_what_is_no_count_of_tests_says_nothing_of_subtests():
    assert "subtests" not in examine(suite(case("a"), failures=2)).faults[0].text


def test_of_subtests_each_that_failed_or_was_skipped_counts():
    found = asked(FAILING, "3 failed, 1 passed, 2 skipped, 2 subtests passed in 0.2s", max_skipped=1, min_tests=1)
    assert rules(found) == ["tests-failed"]
    assert rules(
        asked(FAILING.replace('failures="3"', 'failures="2"'), "3 failed, 1 passed, 2 skipped, 2 subtests passed in 0.2s", max_skipped=1)
    ) == [
        "tests-failed",
        "evidence-malformed",
    ]


@pytest.mark.parametrize("said", ["1 failed, 1 passed in 0.58s", "1 failed, 1 passed, 2 subtests passed in 0.55s"])
def test_a_subtest_that_failed_is_printed_as_a_test(said):
    report = suite(case("test_sub", '<failure message="no"/>'), name="pytest", errors=0, failures=1, skipped=0, tests=4)
    assert rules(asked(report, said)) == ["tests-failed"]


@pytest.mark.parametrize("said", ["", "2 passed, 1 rerun in 0.58s"])
def test_pytest_lists_every_try_of_a_test_and_counts_one(said):
    report = suite(case("test_a"), case("test_a"), case("test_b"), name="pytest", errors=0, failures=0, skipped=0, tests=2)
    (fault,) = asked(report, said).faults
    assert (fault.rule, fault.subject) == ("tests-flaky", "tests.test_x::test_a")
    assert asked(report, said, max_reruns=1, min_tests=2).faults == ()
    assert rules(asked(report, said, max_reruns=1, min_tests=3)) == ["tests-missing"]


def test_tries_beside_subtests_are_told_from_them():
    report = suite(case("test_a"), case("test_a"), case("test_b"), name="pytest", errors=0, failures=0, skipped=0, tests=5)
    assert rules(asked(report, "2 passed, 1 rerun in 0.58s")) == ["tests-flaky"]
    assert asked(report, "2 passed, 1 rerun in 0.58s", max_reruns=1).faults == ()
    assert rules(asked(report, "", max_reruns=1)) == ["evidence-malformed"]


def test_node_counts_what_lies_right_in_a_suite():
    assert examine(NODE, max_skipped=2, min_tests=4).faults == ()
    assert rules(examine(NODE, max_skipped=2, min_tests=5)) == ["tests-skipped"]  # two of one describe are one
    assert rules(examine(NODE_FAILED)) == ["tests-failed"]
    assert rules(examine(NODE.replace('tests="3"', 'tests="6"'), max_skipped=2)) == ["evidence-malformed"]


def test_two_tests_of_one_name_that_node_counts_are_no_tries_beside_suites():
    inner = '<testsuite name="deep" tests="2">' + case("y", classname="test") + case("z", classname="test") + "</testsuite>"
    report = suite(case("x", classname="test"), case("x", classname="test"), inner, name="d", tests=3)
    assert examine(report).faults == ()


def test_surefire_names_no_test_where_a_class_broke_down_before_its_tests():
    whole = case(
        "", '<error message="ba" type="java.lang.RuntimeException">java.lang.RuntimeException: ba</error>', classname="shop.TextTest"
    )
    (fault,) = examine(suite(whole, case("a", classname="shop.OtherTest"), tests=2, errors=1)).faults
    assert (fault.rule, fault.subject) == ("tests-failed", "shop.TextTest::(no name)")


def test_playwright_runs_a_test_once_for_each_project():
    report = f'<testsuites tests="2" failures="0" skipped="0" errors="0">{PLAYWRIGHT}</testsuites>'
    found = examine(report, min_tests=2)
    assert (found.faults, found.facts["passed"]) == ((), ("a.spec.ts::logs in",))


def test_tests_of_two_files_are_two():
    assert examine(suite(case("works", file="a.mjs"), case("works", file="b.mjs")), min_tests=2).faults == ()


@pytest.mark.parametrize("value", ["", "browsers differ"])
def test_playwright_tells_by_a_property_that_a_test_is_expected_to_fail(value):
    fails = case("fails", f'<properties><property name="fail" value="{value}"></property></properties><system-out/>')
    report = suite(case("works"), fails, name="a.spec.ts", tests=2, failures=0, skipped=0, errors=0)
    (fault,) = examine(report).faults
    assert (fault.rule, fault.subject) == ("tests-skipped", "tests.test_x::fails")
    found = examine(report, max_skipped=1)
    assert (found.faults, found.facts["passed"]) == ((), ("tests.test_x::works",))


def test_other_properties_tell_of_no_failure():
    inside = '<properties><property name="fail" value="false"/><property name="slow" value=""/></properties>'
    report = suite(case("a", inside), case("b"), tests=2).replace(
        "<testsuite ", '<testsuite><properties><property name="fail"/></properties></testsuite><testsuite ', 1
    )
    assert examine(report, min_tests=2).faults == ()
    broken = suite(case("c", '<properties><property name="fail" value=""/></properties><failure message="no"/>'))
    assert rules(examine(broken)) == ["tests-failed"]


@pytest.mark.parametrize(
    ("name", "hint"), [("Mocha Tests", "(includePending), or run them."), ("jest tests", "write them, or take them out.")]
)
def test_a_tool_that_lists_less_or_more_than_it_counts_is_told_what_to_do(name, hint):
    report = suite(case("a"), name="s", tests=3).replace("<testsuites>", f'<testsuites name="{name}">')
    (fault,) = examine(report).faults
    assert fault.text.endswith(hint)


def test_catch2_counts_assertions():
    assert examine(CATCH2.format(failures=0, inside=""), min_tests=2).faults == ()
    assert rules(examine(CATCH2.format(failures=2, inside="<failure/><failure/>"))) == ["tests-failed"]
    assert rules(examine(CATCH2.format(failures=1, inside=""))) == ["evidence-malformed"]
    assert rules(examine(CATCH2.format(failures=0, inside="").replace('"tbd"', '"vm"'))) == ["evidence-malformed"]


def test_testng_counts_what_is_ignored_among_what_was_skipped():
    report = suite(case("a"), case("b", "<ignored/>"), case("c", "<skipped/>"), tests=3, skipped=2, ignored=1)
    assert examine(report, max_skipped=2).faults == ()
