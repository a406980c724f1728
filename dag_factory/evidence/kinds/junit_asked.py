"""What an item may ask of test results beyond their counts: no reruns, no tests left out, names, durations, tool, host and time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING

from dag_factory.evidence.kinds.base import (
    REPORT_FOREIGN,
    TESTS_FLAKY,
    TESTS_MISSING,
    TESTS_SKIPPED,
    VALIDATION_FAILED,
    Fault,
    Material,
    clipped,
    listed,
)
from dag_factory.evidence.kinds.moments import SKEW, stale

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.junit import JunitExpect
    from dag_factory.evidence.kinds.junit_report import Report

__all__ = ["printed", "sums", "told"]

_SUMMED = re.compile(r"\b[0-9]{1,9} (?:passed|failed|skipped|xfailed|errors?|deselected)\b")  # pytest's last line
_DESELECTED = re.compile(r"\b([0-9]{1,9}) deselected\b[^/\n]*(?:\n|$)")  # not that of the line of what was collected
_UNREAD = re.compile(
    r"^run-last-failure: .*\(skipped ([0-9]{1,9}) files?\)\s*$", re.MULTILINE
)  # files of tests that pytest did not even read
_LAST = re.compile(r"\bin [0-9.]+s\b")  # which ends that line; jest's summary counts what is still to do apart, and is none
_RERUN = re.compile(r"\b([0-9]{1,9}) (?:rerun|retried)\b[^/\n]* in [0-9.]+s\b")  # pytest-rerunfailures and pytest-retry
_PLAYWRIGHT = re.compile(r"^ +([0-9]{1,9}) flaky *$", re.MULTILINE)
_FLAKY = re.compile(r"^.+ failed \([0-9]{1,9} runs remaining out of [0-9]{1,9}\)\.$", re.MULTILINE)  # flaky
_VITEST = re.compile(r"^ +[✓√×].* \(retry x([0-9]{1,9})\) *$", re.MULTILINE)
_JEST = re.compile(r"^ *LOGGING RETRY ERRORS .+$", re.MULTILINE)  # where it is asked to tell what failed before
_LINES = re.compile(
    r"^ *\(Attempt [0-9]{1,4} of [0-9]{1,4}\) .+$"  # Cypress
    r"|^ *RSpec::Retry: [0-9]{1,4}(?:nd|rd|th) try .+$"
    r"|^//\S{1,300} +(?:\(cached\) )?FLAKY, failed in [0-9]{1,4} out of [0-9]{1,4}\b.*$",  # Bazel
    re.MULTILINE,
)
_CUCUMBER = re.compile(r"^[0-9]{1,9} scenarios? \((?:[^()\n]{0,100}, )?([0-9]{1,9}) flaky\b", re.MULTILINE)
_CTEST = re.compile(
    r"^ *(?:[0-9]{1,9}/[0-9]{1,9} +)?Test +#([0-9]{1,9}): .{1,500}?(\*\*\*(?:Failed|Timeout|Exception)|   Passed)\b", re.MULTILINE
)
_COLOURS = re.compile(r"\x1b\[[0-9;]{0,30}[A-Za-z]")
_ENDED = re.compile(r"\b([0-9]{1,9}) (subtests? )?(?:passed|failed|skipped|xfailed|xpassed|errors?)\b")


def printed(said: str) -> str:
    """What a check printed, without its colours."""
    return _COLOURS.sub("", said)


def sums(said: str) -> frozenset[tuple[int, int]]:
    """How many tests and how many subtests ran, by each line that pytest sums a run up with."""
    found = (_ENDED.findall(line) for line in said.splitlines() if _LAST.search(line))
    return frozenset((sum(int(n) for n, sub in ended if not sub), sum(int(n) for n, sub in ended if sub)) for ended in found if ended)


def told(report: Report, material: Material, expect: JunitExpect) -> Iterator[Fault]:
    """Everything that was asked for and is not so."""
    yield from _again(report, material.said, expect)
    yield from _left_out(report, material.said, expect)
    yield from _durations(report, material, expect)
    yield from _origin(report, expect)
    if expect.fresh:
        stamps: list[str | None] = [*(report.stamps or report.moments)] or [None]  # nose2 writes those of tests alone
        found = (stale(stamp, material.work, "a suite", "timestamp") for stamp in stamps)
        yield from islice(filter(None, found), 1)


def _again(report: Report, said: str, expect: JunitExpect) -> Iterator[Fault]:
    flaky = list(dict.fromkeys([*(case.id for case in report.cases if case.reruns and case.outcome == "passed"), *report.tries]))
    if len(flaky) > expect.max_reruns:
        text = f"{len(flaky)} tests passed only when they were run again, and at most {expect.max_reruns} may: {listed(flaky)}."
        yield Fault(f"{text} Find out why they failed.", flaky[0], TESTS_FLAKY)
        return
    again = sum(int(number) for way in (_RERUN, _PLAYWRIGHT, _VITEST, _CUCUMBER) for number in way.findall(said))
    again += sum(len(way.findall(said)) for way in (_FLAKY, _JEST, _LINES))
    tries = _CTEST.findall(said)
    passed = {number for number, ended in tries if ended.endswith("Passed")}
    again += sum(1 for number, ended in tries if number in passed and not ended.endswith("Passed"))
    if again > expect.max_reruns:  # neither tools in JavaScript nor the plug-ins of pytest write it into their reports
        text = f"by what the check printed, tests were run again, {again} times, and at most {expect.max_reruns} times they may be."
        yield Fault(f"{text} Find out why they failed.", "reruns", TESTS_FLAKY)


def _left_out(report: Report, said: str, expect: JunitExpect) -> Iterator[Fault]:
    if expect.max_deselected is not None:
        count = report.disabled + sum(int(number) for way in (_DESELECTED, _UNREAD) for number in way.findall(said))
        if count > expect.max_deselected:
            text = f"{count} tests, or files of them, were deselected or disabled, and at most {expect.max_deselected} may be. Run them."
            yield Fault(text, "deselected", TESTS_SKIPPED)
        elif not report.disabled and not _SUMMED.search(said):
            text = "nothing tells how many tests were deselected. Have the check print what pytest sums up at its end."
            yield Fault(text, "deselected", TESTS_SKIPPED)
    passed = [case.id for case in report.cases if case.outcome == "passed"]
    for name in expect.names:
        if not any(fnmatchcase(test, name) for test in passed):
            yield Fault(f"no test that passed is called {clipped(name, 120)}. Write it, or run it.", name, TESTS_MISSING)


def _durations(report: Report, material: Material, expect: JunitExpect) -> Iterator[Fault]:
    slow = [case for case in report.cases if expect.max_seconds is not None and (case.seconds or 0) > expect.max_seconds]
    if slow:
        slowest = max(slow, key=lambda case: case.seconds or 0)
        text = f"{len(slow)} tests took longer than {expect.max_seconds} s, {clipped(slowest.id)} the longest, {slowest.seconds:.6g} s."
        yield Fault(f"{text} Make them faster.", slowest.id, VALIDATION_FAILED)
    untimed = [case.id for case in report.cases if case.seconds is None and case.outcome not in ("skipped", "xfailed")]
    if expect.timed and untimed:
        yield Fault(f"{len(untimed)} tests do not tell how long they took: {listed(untimed)}. Have the tool write it.", untimed[0])
    longest = max(report.cases, key=lambda case: case.seconds or 0, default=None)
    if expect.fresh and material.work and longest and longest.seconds:
        whole = (material.work.ended - material.work.began + 2 * SKEW).total_seconds()
        if longest.seconds > whole:
            text = f"{clipped(longest.id)} is said to have taken {longest.seconds:.6g} s, longer than all of the work. Deliver it unedited."
            yield Fault(text, longest.id)


def _origin(report: Report, expect: JunitExpect) -> Iterator[Fault]:
    if expect.tool is not None and not any(fnmatchcase(name, expect.tool) for name in report.names):
        shown = listed(report.names) or "nothing"
        text = f"its outermost suites are called {shown}, and {clipped(expect.tool, 80)} is expected. Run that."
        yield Fault(text, "tool", REPORT_FOREIGN)
    if expect.host is not None:
        others = [host for host in report.hosts if not fnmatchcase(host, expect.host)]
        if others or not report.hosts:
            shown = f"on {listed(others)}" if others else "on no machine it names"
            yield Fault(f"it ran {shown}, and {clipped(expect.host, 80)} is expected. Run it there.", "host", REPORT_FOREIGN)
