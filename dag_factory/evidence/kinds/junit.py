"""Test results as JUnit XML, counted test by test: what the report says of itself is only held against the count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from dag_factory.evidence.kinds.base import (
    TESTS_FAILED,
    TESTS_MISSING,
    TESTS_SKIPPED,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    TextTuple,
    clipped,
    listed,
    placed,
)

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.junit_report import Case, Report

__all__ = ["JunitExpect", "JunitKind"]

_NAMED = 5
_MEASURED = 3  # so many times that differ are no two runs' by chance
_FAILING = ("failed", "errored")
_IDLE = ("skipped", "xfailed")


class JunitExpect(Expectation):
    """What may be asked of test results.

    Parameters
    ----------
    min_tests: the fewest tests that ran, each counted once; skipped ones did not.
    max_skipped: the most tests that were skipped or expected to fail.
    max_reruns: the most tests that passed only when they were run again; of what the check printed, how often any was.
    max_deselected: the most tests that were left out, by what the check printed (pytest) or the suites state; where it is not given, that is not looked at.
    names: what must be among the tests that passed, by `classname::name`; `*` stands for any text.
    max_seconds: the longest a single test may take.
    timed: whether every test must tell how long it took.
    tool: what the outermost suite must be called, like `pytest*`.
    host: the machine it must have run on; `*` stands for any text.
    fresh: whether it must have been made in the course of the work, by its own timestamps.

    """

    min_tests: int = Field(default=1, ge=1)
    max_skipped: int = Field(default=0, ge=0)
    max_reruns: int = Field(default=0, ge=0)
    max_deselected: int | None = Field(default=None, ge=0)
    names: TextTuple = ()
    max_seconds: int | float | None = Field(default=None, gt=0, allow_inf_nan=False)
    timed: bool = False
    tool: str | None = Field(default=None, min_length=1)
    host: str | None = Field(default=None, min_length=1)
    fresh: bool = False


class JunitKind(Opened[JunitExpect]):
    """Test results. Facts: `tests` (`classname::name`), those of them that `ran` and that `passed`, `cites`, the names of what passed, and which run it was.

    A `status`, `result`, `outcome` or `state` of a test is read too; one that says neither that the test passed nor that it did not is malformed. What
    a suite states is held against what was counted, in the ways of the tools that are known. pytest counts subtests and does not list them: have the
    check print its last line.
    """

    name: ClassVar[str] = "junit"
    Expect: ClassVar[type[Expectation]] = JunitExpect
    nothing = "the report is empty. Run the tests."

    def look(self, material: Material, expect: JunitExpect) -> Examination:
        """Count the tests and hold the count against what is expected and against what the report states."""
        from dag_factory.evidence.kinds import junit_asked, junit_report

        material = replace(material, said=junit_asked.printed(material.said))
        report = junit_report.read(material.data, junit_asked.sums(material.said))
        tests = tuple(dict.fromkeys(case.id for case in report.cases))
        unproven = {case.id for case in report.cases if case.outcome != "passed"}
        passed = tuple(test for test in tests if test not in unproven)
        faults = (*_failed(report), *_too_few(report.cases, expect), *_inconsistent(report), *junit_asked.told(report, material, expect))
        idle = {case.id for case in report.cases if case.outcome in _IDLE}
        ran = tuple(test for test in tests if test not in idle)
        facts = {"tests": tests, "ran": ran, "passed": passed, "cites": passed}
        return Examination(placed(material.name, faults), facts | _run(report) if tests else facts)


def _run(report: Report) -> dict[str, tuple[str, ...]]:
    """What tells one run from another: its tests, what each took, the suites, machines and moments; `@untimed` where hardly a clock was read."""
    took = {case.seconds for case in report.cases if case.seconds}
    measured = sorted((case.id, str(case.seconds)) for case in report.cases)
    told = repr((measured, sorted(report.stamps), sorted(report.names), sorted(report.hosts))).encode(errors="replace")
    return {"@run" if len(took) >= _MEASURED or (took and report.stamps) else "@untimed": (hashlib.sha256(told).hexdigest(),)}


def _failed(report: Report) -> Iterator[Fault]:
    failing = [case for case in report.cases if case.outcome in _FAILING]
    if failing:
        told = "; ".join(_told(case) for case in failing[:_NAMED])
        more = f"; and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
        text = f"{len(failing)} of {len(report.cases)} tests failed: {told}{more}. Mend what they test."
        yield Fault(text, failing[0].id, TESTS_FAILED)
    if report.loose:
        text = f"{len(report.loose)} errors outside of any test: {listed(report.loose)}. Mend what they tell."
        yield Fault(text, rule=TESTS_FAILED)


def _told(case: Case) -> str:
    line = next((line for line in case.message.splitlines() if line.strip()), "")
    return f"{clipped(case.id)} ({clipped(line)})" if line else clipped(case.id)


def _too_few(cases: list[Case], expect: JunitExpect) -> Iterator[Fault]:
    skipped = [case for case in cases if case.outcome in _IDLE]
    count = len({case.key for case in cases})
    ran = len({case.key for case in cases if case.outcome not in _IDLE})
    if count < expect.min_tests:
        more = f" ({len(cases)}, where those of one name count once)" if count < len(cases) else ""
        text = f"{count} tests{more}, and at least {expect.min_tests} are expected. No tests are never a pass: run them."
        yield Fault(text, rule=TESTS_MISSING)
    elif ran < expect.min_tests:
        text = f"{ran} of {count} tests ran, and at least {expect.min_tests} are expected."
        yield Fault(f"{text} Do not run: {_skips(skipped)}. Run them.", skipped[0].id, TESTS_SKIPPED)
    if len(skipped) > expect.max_skipped and ran >= expect.min_tests:
        text = f"{len(skipped)} tests were skipped or expected to fail, and at most {expect.max_skipped} may be"
        yield Fault(f"{text}: {_skips(skipped)}. Run them or take them out.", skipped[0].id, TESTS_SKIPPED)


def _skips(cases: list[Case]) -> str:
    return listed([f"{case.id} (expected to fail)" if case.outcome == "xfailed" else case.id for case in cases], _NAMED)


def _inconsistent(report: Report) -> Iterator[Fault]:
    from dag_factory.evidence.kinds import junit_figures

    for lie in report.lies:
        more = junit_figures.hint(lie, report.names)
        yield Fault(f"{lie}. Deliver the report as the tests wrote it.{more}", "totals")
