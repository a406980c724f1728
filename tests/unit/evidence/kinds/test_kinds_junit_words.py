"""How a test ended where its attributes tell, or an element that not all tools write."""

from __future__ import annotations

import pytest
from support.junit import FAILURE, asked, case, examine, rules, suite


@pytest.mark.parametrize("word", ["", "run", "passed", "PASSED", "Pass", "ok", "success", "completed", " run ", "fixed"])
@pytest.mark.parametrize("attribute", ["status", "result"])
def test_words_of_tests_that_passed(attribute, word):
    found = examine(suite(case("a", **{attribute: word})))
    assert (found.faults, found.facts["passed"]) == ((), ("tests.test_x::a",))


@pytest.mark.parametrize(
    "word",
    ["failed", "failed ", "FAILURE", "fail", "error", "timeout", "timedOut", "timed out", "aborted", "panicked", "xpass", "failed\u200b"],
)
@pytest.mark.parametrize("attribute", ["status", "result"])
def test_words_of_tests_that_failed(attribute, word):
    assert rules(examine(suite(case("a"), case("b", **{attribute: word})))) == ["tests-failed"]


@pytest.mark.parametrize(
    "word", ["skip", "pending", "not run", "NOT_RUN", "not-run", "blocked", "Inconclusive", "disabled", "ignored", "xfail"]
)
@pytest.mark.parametrize("attribute", ["status", "result"])
def test_words_of_tests_that_did_not_run(attribute, word):
    found = examine(suite(case("a"), case("b", **{attribute: word})))
    assert (rules(found), found.facts["ran"]) == (["tests-skipped"], ("tests.test_x::a",))
    assert ("expected to fail" in found.faults[0].text.partition(":")[2].partition(":")[2]) == (word == "xfail")


def test_a_word_that_says_neither_is_no_word():
    (fault,) = examine(suite(case("a"), case("b", status="p\u0430ssed"))).faults
    assert fault.rule == "evidence-malformed"
    assert (
        "tests.test_x::b ended as 'p\u0430ssed', which says neither that it passed nor that it did not. Have the tool write" in fault.text
    )


def test_the_worse_of_two_words_counts():
    assert rules(examine(suite(case("a"), case("b", status="run", result="failed")))) == ["tests-failed"]
    assert rules(examine(suite(case("a"), case("b", status="run", result="suppressed")))) == ["tests-skipped"]
    assert rules(examine(suite(case("a"), case("b", FAILURE, status="passed")))) == ["tests-failed"]


@pytest.mark.parametrize("name", ["Failure", "FAILURE", "Error", "x:Failure"])
def test_elements_count_however_they_are_cased(name):
    report = suite(case("a"), case("b", f'<{name} message="no"/>')).replace("<testsuites>", '<testsuites xmlns:x="urn:x">')
    assert rules(examine(report)) == ["tests-failed"]
    assert rules(examine(f'<testsuite xmlns:x="urn:x">{case()}<{name}>broke</{name}></testsuite>')) == ["tests-failed"]


@pytest.mark.parametrize(
    ("inside", "rule"),
    [
        ("<ignored/>", "tests-skipped"),
        ("<warning>No tests found</warning>", "tests-skipped"),
        ("<Skipped/>", "tests-skipped"),
        ("<skip/>", "tests-skipped"),
        ("<FlakyFailure/>", "tests-flaky"),
        ("<rerun message='once'/>", "tests-flaky"),
        ("<failed>no</failed>", "tests-failed"),
        ("<Timeout/>", "tests-failed"),
        ("<disabled/>", "tests-skipped"),
    ],
)
def test_elements_that_not_all_tools_write(inside, rule):
    assert rules(examine(suite(case("a"), case("b", inside)))) == [rule]


@pytest.mark.parametrize("attribute", ["disabled", "ignored", "warnings"])
def test_what_a_suite_counts_apart_from_what_was_skipped(attribute):
    cases = (case("a"), case("b", "<ignored/>"))
    assert examine(suite(*cases, tests=2, skipped=0, **{attribute: 1}), max_skipped=1).faults == ()
    assert rules(examine(suite(*cases, tests=2, skipped=0, **{attribute: 0}), max_skipped=1)) == ["evidence-malformed"]
    assert rules(examine(suite(*cases, tests=2, skipped=0, failures=1, **{attribute: 1}), max_skipped=1)) == ["evidence-malformed"]


def test_a_test_with_no_time_is_not_timed():
    assert rules(asked(suite(case("a", time="")), timed=True)) == ["evidence-malformed"]


@pytest.mark.parametrize(
    ("attribute", "value", "rule"),
    [
        ("Status", "failed", "tests-failed"),
        ("x:result", "failed", "tests-failed"),
        ("outcome", "Failed", "tests-failed"),
        ("state", "skipped", "tests-skipped"),
        ("success", "False", "tests-failed"),
        ("executed", "false", "tests-skipped"),
        ("skipped", "true", "tests-skipped"),
        ("flaky", "true", "tests-flaky"),
    ],
)
def test_attributes_that_not_all_tools_write(attribute, value, rule):
    report = suite(case("a"), case("b", **{attribute: value})).replace("<testsuites>", '<testsuites xmlns:x="urn:x" xmlns:status="urn:y">')
    assert rules(examine(report)) == [rule]
    honest = suite(
        case("a", success="True", executed="true", skipped="false", flaky="false"), case("b", "<properties><failed/></properties>")
    )
    assert examine(honest).faults == ()


@pytest.mark.parametrize("stated", [{"failed": 1}, {"Failures": 1}, {"aborted": 2}, {"status": "FAILED"}])
def test_failures_that_a_suite_states_in_other_words(stated):
    assert rules(examine(suite(case("a"), **stated))) == ["evidence-malformed"]
    assert rules(examine(suite(case("a", FAILURE), **stated))) in (["tests-failed"], ["tests-failed", "evidence-malformed"])
    assert examine(suite(case("a"), failed=0, aborted="0", status="passed", result="inconclusive?")).faults == ()


def test_a_suite_that_states_one_thing_in_two_ways():
    assert rules(examine(suite(case("a"), failures=0, Failures=1))) == ["evidence-malformed"]
    assert examine(suite(case("a"), failures=0, Failures=0, name="a", Name="b", timeout=300)).faults == ()


def test_what_nobody_sees_makes_no_two_tests_and_no_two_files():
    tests = [case("a"), case("a\ufe0f"), case("a\u3164"), case("a", file="t.py"), case("a", file="./t.py"), case("a", file="x/../t.py")]
    assert rules(examine(suite(*tests), min_tests=3)) == ["tests-missing"]
    assert examine(suite(*tests), min_tests=2).faults == ()


@pytest.mark.parametrize(
    ("time", "seconds"), [("0,0012345", 0.0012345), ("1,234.5", 1234.5), ("1,234", 1234), ("12,5", 12.5), ("1.5", 1.5)]
)
def test_a_comma_that_groups_and_one_that_is_a_point(time, seconds):
    assert asked(suite(case("a", time=time)), max_seconds=seconds).faults == ()
    assert rules(asked(suite(case("a", time=time)), max_seconds=seconds * 0.99)) == ["validation-failed"]
