"""What a workflow may ask of a JUnit report beside passing: nothing run again or left out, names, durations, the tool, its own time."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from support.junit import FAILURE, SKIPPED, asked, case, rules, suite

from dag_factory.evidence.kinds.junit import JunitExpect


@pytest.mark.parametrize("wrong", [{"min_tests": 0}, {"max_skipped": -1}, {"min_tests": True}, {"min_tests": "1"}])
def test_expectations_are_strict(wrong):
    with pytest.raises(ValidationError):
        JunitExpect(**wrong)


@pytest.mark.parametrize("again", ["<flakyFailure message='x'/>", "<flakyError/>", "<rerunFailure>trace</rerunFailure>"])
def test_a_test_that_passed_only_when_it_was_run_again(again):
    report = suite(case("a", again), case("b"))
    (fault,) = asked(report).faults
    assert (fault.rule, fault.subject) == ("tests-flaky", "tests.test_x::a")
    assert asked(report, max_reruns=1).faults == ()
    assert rules(asked(suite(case("a", "<rerunFailure/>" + FAILURE)))) == ["tests-failed"]


@pytest.mark.parametrize(
    "said",
    [
        "===== 1 passed, 2 rerun in 0.03s =====",
        "1 passed, 1 warning, 2 retried in 65.20s (0:01:05)\n",
        "1 passed, 1 rerun in 0.03s\n1 passed, 1 rerun in 0.03s",
        "  2 flaky\n    [chromium] › a.spec.ts:3:1 › logs in ───\n  1 passed in 2.1s\n",
        "test_a failed (3 runs remaining out of 4).\n\ttrace\ntest_a failed (2 runs remaining out of 4).\n1 passed in 0.02s",
    ],
)
def test_what_was_run_again_and_only_printed(said):
    report = suite(case("a"), name="pytest", errors=0, failures=0, skipped=0, tests=1)
    (fault,) = asked(report, said).faults
    assert (fault.rule, fault.subject) == ("tests-flaky", "reruns")
    assert rules(asked(report, said, max_reruns=1)) == ["tests-flaky"]
    assert asked(report, said, max_reruns=2).faults == ()
    assert (
        asked(suite(case("a")), "2 rerun of 3\n2 flaky things\nfetches (retry x2)\nno LOGGING RETRY ERRORS\n1 passed in 0.1s").faults == ()
    )


@pytest.mark.parametrize(
    "said",
    [
        " ✓ a.test.ts > logs in 12ms (retry x2)\n Tests  1 passed (1)\n",
        "PASS ./a.test.js\n LOGGING RETRY ERRORS  logs in\n RETRY 1\n\n    expected\n LOGGING RETRY ERRORS  logs out\n RETRY 1\n",
    ],
)
def test_what_tools_in_javascript_print_of_tries(said):
    assert rules(asked(suite(case("a")), said, max_reruns=1)) == ["tests-flaky"]
    assert asked(suite(case("a")), said, max_reruns=2).faults == ()


@pytest.mark.parametrize(
    "said",
    [
        "  (Attempt 1 of 3) logs in\n  (Attempt 2 of 3) logs in\n    ✓ logs in (34ms)\n",
        "RSpec::Retry: 2nd try ./spec/a_spec.rb:4\nRSpec::Retry: 3rd try ./spec/a_spec.rb:4\n",
        "//a:b    FLAKY, failed in 1 out of 2 in 0.1s\n//a:c  (cached) FLAKY, failed in 2 out of 3 in 0.1s\n",
        "3 scenarios (2 flaky, 1 passed)\n12 steps (12 passed)\n",
        "1/2 Test #1: a ...***Failed  0.1 sec\n1/2 Test #1: a ...***Timeout  9 sec\n    Start 1: a\n    Test #1: a ....   Passed  0.1 sec\n",
        "\x1b[32m1 passed\x1b[0m, \x1b[33m2 rerun\x1b[0m\x1b[32m in 0.10s\x1b[0m",
        "\x1b[33m  2 flaky\x1b[39m\n",
        " \x1b[32m✓\x1b[39m logs in \x1b[33m(retry x2)\x1b[39m\n",
    ],
)
def test_what_other_tools_print_of_tries_and_in_colours(said):
    assert rules(asked(suite(case("a")), said, max_reruns=1)) == ["tests-flaky"]
    assert asked(suite(case("a")), said, max_reruns=2).faults == ()


def test_what_only_looks_like_tries():
    said = "1/2 Test #1: a ...***Failed  0.1 sec\n2/2 Test #2: b ...   Passed\nno (Attempt 1 of 3)\n2 scenarios (2 passed)\n//a:b PASSED in 0.1s\n"
    assert asked(suite(case("a")), said).faults == ()


def test_colours_hide_nothing_of_what_was_deselected():
    said = "\x1b[32m7 passed\x1b[0m, \x1b[33m3 deselected\x1b[0m\x1b[32m in 0.05s\x1b[0m"
    assert asked(suite(case("a")), said, max_deselected=3).faults == ()
    assert rules(asked(suite(case("a")), said, max_deselected=2)) == ["tests-skipped"]


@pytest.mark.parametrize(
    ("said", "most", "fits"),
    [
        ("collected 5 items / 3 deselected / 2 selected\n==== 2 passed, 3 deselected in 0.10s ====", 3, True),
        ("2 passed, 3 deselected in 0.10s\n", 2, False),
        ("1 passed, 1 deselected in 0.1s\n1 passed, 2 deselected in 0.1s", 2, False),
        ("2 passed in 0.10s", 0, True),
        ("run-last-failure: rerun previous 1 failure (skipped 2 files)\n2 passed in 0.10s", 1, False),
        ("run-last-failure: rerun previous 1 failure (skipped 1 file)\r\n2 passed, 2 deselected in 0.10s", 3, True),
        ("run-last-failure: rerun previous 1 failure first\n2 passed in 0.10s", 0, True),
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


def test_moments_of_tests_stand_for_those_of_suites_that_tell_none():
    now, before = "2026-11-23T06:10:00Z", "2026-11-22T06:10:00Z"
    assert asked(suite(case("a", timestamp=now), case("b", timestamp=now)), fresh=True).faults == ()
    assert rules(asked(suite(case("a", timestamp=now), case("b", timestamp=before)), fresh=True)) == ["report-stale"]
    assert rules(asked(suite(case("a", timestamp=now), timestamp=before), fresh=True)) == ["report-stale"]


def test_a_test_that_took_longer_than_all_of_the_work():
    report = suite(case("a", time="7200"), timestamp="2026-11-23T06:10:00Z")
    assert rules(asked(report, fresh=True)) == ["evidence-malformed"]
    assert rules(asked(report, fresh=True, work=None)) == ["report-stale"]
