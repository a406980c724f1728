"""Reading JUnit XML from bytes: a stream, counted as it goes by, with limits and without entities.

There is no standard; the elements are those that Ant, Surefire, pytest, GoogleTest and jest-junit write. What a
report states of itself is kept apart from what was counted. This module imports an XML library; `junit` imports it
where it is used.
"""

from __future__ import annotations

import math
import posixpath
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from xml.sax.handler import ContentHandler

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import MAX_FAULTS, clipped
from dag_factory.evidence.kinds.junit_figures import STATED, Suite, is_count
from dag_factory.evidence.kinds.junit_words import FAILURES, SKIPS, TRIES, WORSE, Outcome, outcome_of, words_of
from dag_factory.evidence.kinds.xml_read import plain, read_into
from dag_factory.evidence.visible import visible

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Case", "Report", "read"]

MAX_BYTES = 50_000_000
"""The largest report that is read."""
MAX_DEPTH = 64
"""How deep its elements may nest."""
MAX_NODES = 1_000_000
"""How many elements it may have."""

_SUITES = frozenset({"testsuites", "testsuite"})
_MESSAGE = 400
_EXPECTED, _NOT = "fail", ("false", "no", "0")  # the property by which Playwright tells of `test.fail()`, and what says that it is not so
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")


@dataclass(slots=True)
class Case:
    """One `testcase` element.

    Parameters
    ----------
    place: where it lies: the names and machines of the suites around it, as far as they are told; the same for all of a suite.
    file: its file, as far as it is told.
    message: what its failure says.
    reruns: how many tries failed.
    seconds: what it took; None where that is not told.

    """

    classname: str
    name: str
    place: tuple[str, ...] = ()
    outcome: Outcome = "passed"
    message: str = ""
    reruns: int = 0
    seconds: float | None = None
    file: str = ""

    @property
    def id(self) -> str:
        """The name under which a test is cited."""
        return f"{self.classname}::{self.name}"

    @property
    def key(self) -> tuple[tuple[str, ...], str, str, str]:
        """By what tests are told apart where they are counted: what nobody can see makes no two of one."""
        file = posixpath.normpath(self.file.replace("\\", "/")) if self.file else ""
        return (self.place, file, _seen(self.classname), _seen(self.name))


@dataclass(slots=True)
class Report:
    """What was counted, and what does not fit.

    Parameters
    ----------
    cases: every test, in order.
    loose: failures and errors of a suite that belong to no test.
    lies: where the report's own figures are not those counted, or no figures at all.
    names: what the outermost suites are called: the root, and those right below it.
    hosts: the machines that suites say they ran on.
    stamps: the moments at which suites say they began, as written.
    moments: those at which tests say so.
    disabled: how many tests suites say were left out, and tell no more of.
    tries: the ids of tests that suites list more than once, and count once.

    """

    cases: list[Case] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    disabled: int = 0
    tries: list[str] = field(default_factory=list)


def read(data: bytes, sums: frozenset[tuple[int, int]] = frozenset()) -> Report:
    """Read a report.

    Parameters
    ----------
    sums: how many tests, and how many subtests, the tool printed that it ran, as far as that is known.

    Raises
    ------
    EvidenceError: it is not well-formed, no JUnit report, beyond the limits, or declares entities, or a test has no name or ended in an unknown way.

    """
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{len(data)} bytes, and at most {MAX_BYTES} are read.", remedy="Split the report.")
    reading = _Reading(sums)
    read_into(data, reading, external=False, remedy="Deliver it as it was written.")
    return reading.report


class _Reading(ContentHandler):
    def __init__(self, sums: frozenset[tuple[int, int]]) -> None:
        super().__init__()
        self.report = Report()
        self._sums = sums
        self._depth = 0
        self._nodes = 0
        self._suites: list[Suite] = []
        self._case: Case | None = None
        self._within = 0  # how deep the elements lie that lie right in it
        self._marks: Counter[str] = Counter()
        self._expected = False  # whether the test is expected to fail, by a property
        self._said: list[str] | None = None  # the text of the failure that is open and has no message

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 -- SAX's name
        name = plain(name)
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH:
            raise EvidenceError(f"more than {MAX_DEPTH} elements within each other.", remedy="Write plain JUnit XML.")
        if self._nodes > MAX_NODES:
            raise EvidenceError(f"more than {MAX_NODES} elements.", remedy="Split the report.")
        if self._depth == 1 and name not in _SUITES:
            raise EvidenceError(f"the root is <{clipped(name, 40)}>.", remedy="Deliver <testsuites> or <testsuite>.")
        if name in _SUITES:
            self._open_suite(name, attrs)
        elif name == "testcase":
            self._open_case(attrs)
        elif name in FAILURES:
            self._take_trouble(name, attrs)
        elif name in TRIES and self._case is not None:
            self._case.reruns += 1
        elif name == "property" and self._case is not None:
            self._expected |= attrs.get("name") == _EXPECTED and attrs.get("value", "").strip().casefold() not in _NOT
        elif name in SKIPS and self._case is not None:
            self._take_skip("xfailed" if attrs.get("type") == "pytest.xfail" else "skipped")
        elif name in WORSE and self._case is not None and self._depth == self._within:
            if WORSE[name] == "failed":
                self._take_trouble("failure", attrs)
                self._said = None
            else:
                self._take_skip(WORSE[name])

    def endElement(self, name: str) -> None:  # noqa: N802 -- SAX's name
        name = plain(name)
        self._depth -= 1
        if name in _SUITES:
            self._close_suite()
        elif name == "testcase" and self._case is not None:
            self._name()
            self.report.cases.append(self._case)
            self._suites[-1].take(self._case, self._marks)
            if self._expected and self._case.outcome == "passed":
                self._case.outcome = "xfailed"  # which Playwright does not count among what was skipped
            self._case = None
        elif name in FAILURES and self._said is not None:
            if self._case is not None:
                self._case.message = "".join(self._said)
            self._said = None

    def characters(self, content: str) -> None:
        if self._said is not None and len(self._said) < _MESSAGE:
            self._said.append(content[:_MESSAGE])

    def _open_suite(self, name: str, attrs: Any) -> None:
        if self._case is not None:
            raise EvidenceError(f"<{name}> lies in the test {clipped(self._case.id)}.", remedy="Write plain JUnit XML.")
        label = f"<{name}{' ' + repr(clipped(attrs['name'], 60)) if 'name' in attrs else ''}>"
        around = self._suites[-1].place if self._suites else ()
        own = (_seen(attrs.get("name", "")), attrs.get("hostname", ""))
        self._suites.append(Suite(label, name == "testsuites", _stated(label, attrs), (*around, *own)))
        self._take_time(label, attrs)
        kept = [(self.report.names, "name")] if len(self._suites) <= 2 else []
        for values, key in (*kept, (self.report.hosts, "hostname"), (self.report.stamps, "timestamp")):
            if attrs.get(key, "").strip():
                values.append(attrs[key].strip())

    def _open_case(self, attrs: Any) -> None:
        if self._case is not None:
            raise EvidenceError(f"a test lies in the test {clipped(self._case.id)}.", remedy="Write plain JUnit XML.")
        self._case = Case(
            attrs.get("classname", ""), attrs.get("name", "").strip() and attrs["name"], self._suites[-1].place, file=attrs.get("file", "")
        )
        self._case.outcome = outcome_of(self._case.id, *words_of(attrs.items()))
        self._case.reruns = int(attrs.get("flaky", "").strip().lower() == "true")
        self._within = self._depth + 1
        self._expected = False
        if stamp := attrs.get("timestamp", "").strip():
            self.report.moments.append(stamp)
        self._marks.clear()
        self._case.seconds = self._take_time(self._case.id, attrs)

    def _name(self) -> None:
        """Name a failure that Surefire writes for a class as a whole, which broke down before its tests; nothing else may lack a name."""
        if self._case is not None and not self._case.name:
            if self._case.outcome not in ("failed", "errored"):
                raise EvidenceError(f"test number {len(self.report.cases) + 1} has no name.", remedy="Name every test.")
            self._case.name = "(no name)"

    def _take_trouble(self, name: str, attrs: Any) -> None:
        message = attrs.get("message", "")
        outcome: Outcome = "failed" if name == "failure" else "errored"
        self._marks[outcome] += 1
        if self._case is None:
            self.report.loose.append(f"{self._suites[-1].label} {clipped(message)}".strip())
        elif self._case.outcome != "failed":
            self._case.outcome = outcome
            self._case.message = message[:_MESSAGE]
            self._said = None if message.strip() else []

    def _take_skip(self, outcome: Outcome) -> None:
        self._marks["skipped"] += 1
        if self._case is not None and self._case.outcome == "passed":
            self._case.outcome = outcome

    def _close_suite(self) -> None:
        suite = self._suites.pop()
        disabled = suite.stated.get("disabled", "")
        if not suite.root and is_count(disabled):  # GoogleTest lists them as not run, and others do not
            self.report.disabled += max(0, int(disabled) - suite.direct["skipped"])
        self.report.tries += suite.tries()
        for lie in suite.lies(self._sums):
            self._lie(lie)
        if self._suites:
            self._suites[-1].take_suite(suite)

    def _take_time(self, label: str, attrs: Any) -> float | None:
        time = attrs.get("time", "")
        if not time:  # Catch2 writes it empty where it is told to measure nothing
            return None
        try:  # Surefire groups thousands; what .NET writes in some languages has a comma for a point
            seconds = float(time.replace(",", "") if _GROUPED.fullmatch(time) else time.replace(",", "."))
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds >= 0):
            self._lie(f"{clipped(label)} took time={clipped(time, 40)!r}, which no test can")
            return None
        return seconds

    def _lie(self, text: str) -> None:
        if len(self.report.lies) < MAX_FAULTS:
            self.report.lies.append(text)


def _stated(label: str, attrs: Any) -> dict[str, str]:
    """What a suite states of itself, by the plain names of its attributes."""
    found: dict[str, str] = {}
    for key, value in attrs.items():
        name = key if key.startswith("xmlns") else plain(key)
        if found.setdefault(name, value) != value and name in STATED:
            raise EvidenceError(f"{clipped(label)} states {clipped(name, 40)} twice, and not the same.", remedy="Write plain JUnit XML.")
    return found


def _seen(text: str) -> str:
    """A name as it is seen: without what has no width, and one space for any."""
    if not text.isascii():
        text = "".join(sign for sign in visible(text) if unicodedata.category(sign) != "Cf")
    return " ".join(text.split())
