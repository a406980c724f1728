"""Reading JUnit XML from bytes: a stream, counted as it goes by, with limits and without entities.

There is no standard; the elements are those that Ant, Surefire, pytest, GoogleTest and jest-junit write. What a
report states of itself is kept apart from what was counted. This module imports an XML library; `junit` imports it
where it is used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.sax.handler import ContentHandler

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import MAX_FAULTS, clipped

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Case", "Outcome", "Report", "read"]

MAX_BYTES = 50_000_000
"""The largest report that is read."""
MAX_DEPTH = 64
"""How deep its elements may nest."""
MAX_NODES = 1_000_000
"""How many elements it may have."""

Outcome = Literal["passed", "failed", "errored", "skipped", "xfailed"]

_SUITES = frozenset({"testsuites", "testsuite"})
_TROUBLE = frozenset({"failure", "error"})
_STATED = {"tests": "tests", "failures": "failed", "errors": "errored", "skipped": "skipped"}
_AGAIN = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})  # Surefire's, one for each try that failed
_FAILED = frozenset(
    {"failed", "failure", "fail", "error", "errored", "broken", "crashed"}
)  # in a status or a result, where no element tells
_NOT_RUN = frozenset({"notrun", "skipped", "disabled", "suppressed", "ignored"})  # GoogleTest's status and result
_MESSAGE = 400


@dataclass(slots=True)
class Case:
    """One `testcase` element; `reruns` counts tries that failed, `seconds` is what it took, None where that is not told."""

    classname: str
    name: str
    outcome: Outcome = "passed"
    message: str = ""
    reruns: int = 0
    seconds: float | None = None

    @property
    def id(self) -> str:
        """The name under which a test is cited."""
        return f"{self.classname}::{self.name}"


@dataclass(slots=True)
class _Suite:
    """One `testsuites` or `testsuite`: what it states, what lies directly in it, what lies in it at all."""

    label: str
    root: bool  # a `testsuites` counts everything
    stated: Mapping[str, str]
    direct: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_STATED.values(), 0))
    total: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_STATED.values(), 0))


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
    disabled: how many tests suites say were left out, and tell no more of.

    """

    cases: list[Case] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    disabled: int = 0


def read(data: bytes) -> Report:
    """Read a report.

    Raises
    ------
    EvidenceError: it is not well-formed, no JUnit report, beyond the limits, or declares entities.

    """
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{len(data)} bytes, and at most {MAX_BYTES} are read.", remedy="Split the report.")
    from xml.sax import SAXException

    from defusedxml import DefusedXmlException
    from defusedxml.sax import parseString

    reading = _Reading()
    try:
        parseString(data, reading)
    except DefusedXmlException as error:
        raise EvidenceError(
            f"the XML declares entities or refers to others ({type(error).__name__}).", remedy="Write plain XML."
        ) from error
    except (SAXException, ValueError, LookupError) as error:  # the last two: encodings unknown or unfit
        raise EvidenceError(f"not XML: {clipped(str(error))}.", remedy="Deliver it as it was written.") from error
    return reading.report


class _Reading(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.report = Report()
        self._depth = 0
        self._nodes = 0
        self._suites: list[_Suite] = []
        self._case: Case | None = None
        self._said: list[str] | None = None  # the text of the failure that is open and has no message

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 -- SAX's name
        name = name.rpartition(":")[2]  # in whatever namespace: some readers look at it, so all of them do
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
        elif name in _TROUBLE:
            self._take_trouble(name, attrs)
        elif name in _AGAIN and self._case is not None:
            self._case.reruns += 1
        elif name == "skipped" and self._case is not None and self._case.outcome == "passed":
            self._case.outcome = "xfailed" if attrs.get("type") == "pytest.xfail" else "skipped"

    def endElement(self, name: str) -> None:  # noqa: N802 -- SAX's name
        name = name.rpartition(":")[2]
        self._depth -= 1
        if name in _SUITES:
            self._close_suite()
        elif name == "testcase" and self._case is not None:
            self._count(self._case)
            self._case = None
        elif name in _TROUBLE and self._said is not None:
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
        self._suites.append(_Suite(label, name == "testsuites", dict(attrs.items())))
        self._take_time(label, attrs)
        kept = [(self.report.names, "name")] if len(self._suites) <= 2 else []
        for values, key in (*kept, (self.report.hosts, "hostname"), (self.report.stamps, "timestamp")):
            if attrs.get(key, "").strip():
                values.append(attrs[key].strip())

    def _open_case(self, attrs: Any) -> None:
        if self._case is not None:
            raise EvidenceError(f"a test lies in the test {clipped(self._case.id)}.", remedy="Write plain JUnit XML.")
        if not attrs.get("name", "").strip():
            raise EvidenceError(f"test number {len(self.report.cases) + 1} has no name.", remedy="Name every test.")
        self._case = Case(attrs.get("classname", ""), attrs["name"])
        said = {attrs.get("status", "").lower(), attrs.get("result", "").lower()}
        if said & _NOT_RUN:
            self._case.outcome = "skipped"
        elif said & _FAILED:
            self._case.outcome = "failed"
        self._case.seconds = self._take_time(self._case.id, attrs)

    def _take_trouble(self, name: str, attrs: Any) -> None:
        message = attrs.get("message", "")
        if self._case is None:
            self.report.loose.append(f"{self._suites[-1].label} {clipped(message)}".strip())
        elif self._case.outcome != "failed":
            self._case.outcome = "failed" if name == "failure" else "errored"
            self._case.message = message[:_MESSAGE]
            self._said = None if message.strip() else []

    def _count(self, case: Case) -> None:
        self.report.cases.append(case)
        for counts in (self._suites[-1].direct, self._suites[-1].total):
            counts["tests"] += 1
            if case.outcome != "passed":
                counts["skipped" if case.outcome == "xfailed" else case.outcome] += 1

    def _close_suite(self) -> None:
        suite = self._suites.pop()
        disabled = suite.stated.get("disabled", "")
        if not suite.root and _is_count(disabled):  # GoogleTest lists them as not run, and others do not
            self.report.disabled += max(0, int(disabled) - suite.direct["skipped"])
        for lie in _lies(suite):
            self._lie(lie)
        if self._suites:
            for outcome, count in suite.total.items():
                self._suites[-1].total[outcome] += count

    def _take_time(self, label: str, attrs: Any) -> float | None:
        time = attrs.get("time")
        if time is None:
            return None
        try:
            seconds = float(time.replace(",", ""))  # Surefire groups thousands
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and seconds >= 0):
            self._lie(f"{clipped(label)} took time={clipped(time, 40)!r}, which no test can")
            return None
        return seconds

    def _lie(self, text: str) -> None:
        if len(self.report.lies) < MAX_FAULTS:
            self.report.lies.append(text)


def _lies(suite: _Suite) -> list[str]:
    """Compare what a suite states with what was counted; tools differ on whether a suite counts those within it."""
    told = list(_differences(suite, suite.total))
    return told if told and (suite.root or any(_differences(suite, suite.direct))) else []


def _differences(suite: _Suite, counts: Mapping[str, int]) -> Iterator[str]:
    disabled = suite.stated.get("disabled", "")
    for attribute, outcome in _STATED.items():
        stated = suite.stated.get(attribute)
        if stated is None:
            continue
        if not _is_count(stated):
            yield f"{suite.label} states {attribute}={clipped(stated, 40)!r}, which is no count"
            continue
        apart = int(disabled) if attribute == "skipped" and _is_count(disabled) else 0
        if counts[outcome] not in (int(stated), int(stated) + apart):
            yield f"{suite.label} states {attribute}={int(stated)}, and {counts[outcome]} were counted"


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
