"""What a suite of a JUnit report states of itself, held against what was counted in it.

Tools count in ways of their own, so a suite lies only if it states what none of them would: a suite counts those within it or does not; node:test
counts what lies right in it, a suite being one; pytest counts every subtest, of which only those are in the report that failed or were skipped, and
of which it prints how many there were only where it is told to print less or more than it does by itself; pytest-rerunfailures lists every try of a
test, and counts one; Catch2 counts assertions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dag_factory.evidence.kinds.base import clipped
from dag_factory.evidence.kinds.junit_words import WORSE

if TYPE_CHECKING:
    from dag_factory.evidence.kinds.junit_report import Case

__all__ = ["STATED", "Suite", "hint", "is_count", "may_be_subtests"]

STATED = {"tests": "tests", "failures": "failed", "errors": "errored", "skipped": "skipped"}
"""What a suite counts, by the attribute in which it states it."""
_FAILED = frozenset(
    {"failed", "failure", "fail", "error", "errored", "broken", "aborted", "crashed"}
)  # in what other words it may count failures
_APART = ("disabled", "ignored", "warnings")  # what GoogleTest and Ginkgo, TestNG, and PHPUnit do not count among `skipped`
_SUBTESTS = " If it counts subtests, have the check print what pytest sums up at its end."
_HINTS = {
    "mocha": " If tests are pending, or were left out by their names, have mocha-junit-reporter list them (includePending), or run them.",
    "jest": " If tests are still to do, jest-junit lists them and does not count them: write them, or take them out.",
}
"""What would do where another count of tests is stated than is listed, by how the names begin that tools give to what is around their suites."""
_AGAIN = "again"  # under which tests are counted that are listed once more
_CATCH2 = "tbd"  # what it writes for its `hostname`


@dataclass(slots=True)
class Suite:
    """One `testsuites` or `testsuite`.

    Parameters
    ----------
    label: how it is called where something is told of it.
    root: whether it is a `testsuites`, which counts everything.
    stated: its attributes.
    place: the names and machines of the suites around it, and its own.
    direct: the tests right in it, by how they ended.
    inner: the suites right in it, by what they hold.
    total: all tests in it.
    marks: all tests in it, and every element that tells of a failure, an error or a skip.
    known: the tests right in it, each once.
    again: the ids of those right in it that are listed more than once.

    """

    label: str
    root: bool
    stated: Mapping[str, str]
    place: tuple[str, ...]
    direct: Counter[str] = field(default_factory=Counter)
    inner: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    known: set[object] = field(default_factory=set)
    again: list[str] = field(default_factory=list)

    def take(self, case: Case, marks: Mapping[str, int]) -> None:
        """Count a test that lies right in it."""
        outcome, key = case.outcome, case.key
        if key in self.known:
            self.again.append(case.id)
            self.total[_AGAIN] += 1
            self.marks[_AGAIN] += 1
        self.known.add(key)
        for counts in (self.direct, self.total):
            counts["tests"] += 1
            if outcome != "passed":
                counts["skipped" if outcome == "xfailed" else outcome] += 1
        self.marks["tests"] += 1
        self.marks.update(marks)

    def take_suite(self, inner: Suite) -> None:
        """Count a suite that lies right in it."""
        self.total.update(inner.total)
        self.marks.update(inner.marks)
        self.inner.update(outcome for outcome, count in inner.total.items() if count)

    def lies(self, sums: frozenset[tuple[int, int]]) -> list[str]:
        """What it states that is not so, by every way of counting.

        Parameters
        ----------
        sums: how many tests, and how many subtests, the tool printed that it ran, as far as that is known.

        """
        ways = (self.total, self.marks) if self.root else (self.total, self.marks, self.direct, self.direct + self.inner)
        return [*min((list(self._differences(way, sums)) for way in ways), key=len), *self._unshown()]

    def _fits(self, stated: int, once: int, tests: int, subtests: int) -> bool:
        """Whether so many tests are those listed, a subtest that did not pass being printed as one, and what is stated beyond them are subtests."""
        apart = sum(self.marks[outcome] for outcome in ("failed", "errored", "skipped"))
        return once <= tests <= once + apart and (stated == tests + subtests or (not subtests and stated > tests))

    def tries(self) -> list[str]:
        """The ids of tests that are listed more than once, where it does not count them so: all but one of each were tries."""
        stated = self.stated.get("tests", "")
        counted = {self.total["tests"], self.direct["tests"], self.direct["tests"] + self.inner["tests"]}
        return self.again if is_count(stated) and int(stated) not in counted else []

    def _unshown(self) -> Iterator[str]:
        """Failures that it states in other words, where no test in it failed."""
        if self.total["failed"] or self.total["errored"]:
            return
        for attribute, stated in self.stated.items():
            counted = attribute in _FAILED and is_count(stated) and int(stated)
            if counted or (attribute in ("status", "result") and WORSE.get(stated.strip().lower()) == "failed"):
                yield f"{self.label} states {attribute}={clipped(stated, 40)!r}, and no test in it failed"

    def _differences(self, counts: Mapping[str, int], sums: frozenset[tuple[int, int]]) -> Iterator[str]:
        for attribute, outcome in STATED.items():
            stated = self.stated.get(attribute)
            if stated is None:
                continue
            if not is_count(stated):
                yield f"{self.label} states {attribute}={clipped(stated, 40)!r}, which is no count"
            elif not self._may_state(attribute, int(stated), counts, sums):
                yield f"{self.label} states {attribute}={int(stated)}, and {counts[outcome]} were counted"

    def _may_state(self, attribute: str, stated: int, counts: Mapping[str, int], sums: frozenset[tuple[int, int]]) -> bool:
        counted = counts[STATED[attribute]]
        if self.stated.get("hostname") == _CATCH2:
            return attribute == "tests" or stated <= self.marks[STATED[attribute]]
        if attribute == "tests":
            once = counted - counts[_AGAIN]
            return stated in (counted, once) or any(self._fits(stated, once, *printed) for printed in sums)
        apart = [int(told) for one in _APART if is_count(told := self.stated.get(one, ""))] if attribute == "skipped" else []
        return stated <= counted <= stated + sum(apart)


def is_count(text: str) -> bool:
    """Whether an attribute is a whole number of at most nine digits."""
    return text.isascii() and text.isdigit() and len(text) < 10


def may_be_subtests(lie: str) -> bool:
    """Whether what a suite states may be so if it counts subtests, which only what the tool printed can tell."""
    return " states tests=" in lie


def hint(lie: str, names: Sequence[str]) -> str:
    """What would have a tool list all that it counts, as far as a suite states another count of tests; nothing where it does not.

    Parameters
    ----------
    names: what the outermost suites are called.

    """
    if not may_be_subtests(lie):
        return ""
    return next((text for tool, text in _HINTS.items() if any(name.casefold().startswith(tool) for name in names)), _SUBTESTS)
