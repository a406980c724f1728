"""Findings of static analysis as SARIF 2.1.0 (OASIS Standard, 27 March 2020), read by our own strict reading of it.

A log says nothing unless each of its runs names the tool and shows that it looked: rules, artifacts or an invocation that
succeeded (the plan may know that a tool tells none of them), and a list of results, which the standard has absent where the
tool did not get so far (3.14.23). A result that is suppressed counts unless it says why, and in the source only where the
plan lets it: whoever wrote the source wrote that too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import (
    EVIDENCE_MISSING,
    MAX_FAULTS,
    VALIDATION_FAILED,
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
from dag_factory.evidence.kinds.moments import stale
from dag_factory.evidence.kinds.prose import unfilled
from dag_factory.evidence.kinds.sarif_rules import LEVELS, TAKE, Rules
from dag_factory.evidence.kinds.sarif_said import artifacts, errors, metrics, placed_at, text_of
from dag_factory.evidence.visible import says, visible

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "SarifExpect", "SarifKind"]

MAX_BYTES = 50_000_000
"""The largest log that is read."""
MAX_DEPTH = 64
"""How deep it may nest."""
MAX_NODES = 2_000_000
"""How many values it may hold."""
_VERSION = "2.1.0"
_PASSING = ("pass", "informational", "notApplicable")  # the kinds of results that tell of no weakness (3.27.9)
_KINDS = (*_PASSING, "fail", "open", "review")
_GONE = "absent"  # the state of a result that an earlier run had, and this one has not (3.27.24)
_SEVERITY = re.compile(r"(?:[0-9](?:\.[0-9]{1,4})?|10(?:\.0{1,4})?)")
_WELL = ("SUCCESS", "BUGS FOUND")  # what SpotBugs 4 names as a signal where there was none
_ENDS = ("exitSignalName", "exitSignalNumber", "processStartFailureMessage")


class SarifExpect(Expectation):
    """What may be asked of a log.

    Parameters
    ----------
    max_level: the worst level a result may have; what is worse fails.
    min_artifacts: the fewest files the runs together say they looked at.
    tools: tools of these names must each have a run.
    suppressed_in_source: whether a comment in the source may suppress a result, if it says why; else what it suppresses counts, or the comment itself
        where the log tells nothing of it (Ruff, gosec, Gitleaks, Trivy, Checkov, hadolint, SpotBugs, KICS and others).
    bare: whether a run may show nothing but that it found nothing, as Ruff writes it: no rule, no file, no invocation, and an empty list of results.
    max_security_severity: the highest `security-severity` that a tool may give a result or its rule, of 10, beside its level.
    max_errors: how many errors of their own the tools may tell, as of files that they could not read.
    fresh: whether every run must have ended in the course of the work, by its invocations.

    """

    max_level: Literal["none", "note", "warning"] = "warning"
    min_artifacts: int = Field(default=0, ge=0)
    tools: TextTuple = ()
    suppressed_in_source: bool = False
    bare: bool = False
    max_security_severity: int | float | None = Field(default=None, ge=0, le=10, allow_inf_nan=False)
    max_errors: int = Field(default=0, ge=0)
    fresh: bool = False


class SarifKind(Opened[SarifExpect]):
    """A log of findings. Facts: `findings`, the ids of the rules that results are about; `tools`."""

    name: ClassVar[str] = "sarif"
    Expect: ClassVar[type[Expectation]] = SarifExpect
    nothing = "the log is empty. Run the analysis."

    def look(self, material: Material, expect: SarifExpect) -> Examination:
        """Look at every run for what shows that it ran, and at every result for its level."""
        log = strict_json.loads(material.data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
        if not isinstance(log, dict) or log.get("version") != _VERSION:
            version = clipped(repr(log.get("version")), 40) if isinstance(log, dict) else "no object"
            raise EvidenceError(f"the log's version is {version}; {_VERSION} is read.", remedy="Write SARIF 2.1.0.")
        runs = log.get("runs")
        if not isinstance(runs, list) or not runs:
            fault = Fault("it holds no run. No data is never a pass: run the analysis.", "runs", EVIDENCE_MISSING)
            return Examination(placed(material.name, [fault]))
        read = [_Run(run, f"runs[{index}]") for index, run in enumerate(runs)]
        faults = [*_elsewhere(log), *(fault for run in read for fault in run.faults(expect)), *_looked_at(read, expect)]
        if not expect.suppressed_in_source:
            faults += _silenced(read, material)
        if expect.fresh:
            faults += filter(None, (stale(run.ended, material.work, run.where, run.where) for run in read))
        facts = {
            "findings": tuple(dict.fromkeys(rule for run in read for rule in run.found)),
            "tools": tuple(dict.fromkeys(run.tool for run in read if run.tool)),
        }
        return Examination(placed(material.name, faults[:MAX_FAULTS]), facts)


def _elsewhere(log: Mapping[str, Any]) -> Iterator[Fault]:
    if log.get("inlineExternalProperties"):
        text = "it has parts of its runs outside of them (inlineExternalProperties), which are not read. Deliver one log."
        yield Fault(text, "inlineExternalProperties", EVIDENCE_MISSING)


def _looked_at(runs: list[_Run], expect: SarifExpect) -> Iterator[Fault]:
    files = {place for run in runs for place in run.artifacts}
    if len(files) < expect.min_artifacts:
        text = f"{len(files)} files were looked at, and at least {expect.min_artifacts} are expected. Analyse all of the product."
        yield Fault(text, "artifacts", EVIDENCE_MISSING)
    errors = [error for run in runs for error in run.errors]
    if len(errors) > expect.max_errors:
        text = f"the tools tell {len(errors)} errors of their own, and at most {expect.max_errors} may be: {listed(errors, 3)}. "
        yield Fault(f"{text}What they could not read they did not analyse: mend that.", "errors", VALIDATION_FAILED)
    for tool in expect.tools:
        if tool not in {run.tool for run in runs}:
            yield Fault(f"there is no run of {tool}. Run it.", tool, EVIDENCE_MISSING)


def _silenced(runs: list[_Run], material: Material) -> Iterator[Fault]:
    from dag_factory.evidence.kinds.silenced import silenced

    places: dict[str, list[str]] = {}
    for tool, place in silenced((run.tool for run in runs), material.sources):
        places.setdefault(tool, []).append(place)
    for tool, found in places.items():
        text = f"comments in the source keep {tool} silent, and the log does not tell of what: {listed(found)}. "
        yield Fault(f"{text}Take them out and mend it, or have the plan allow that (suppressed_in_source).", found[0], VALIDATION_FAILED)


class _Run:
    """One run: its tool, what it looked at, what it found."""

    def __init__(self, run: Any, where: str) -> None:
        self.where = where
        self._run = TAKE.mapping(run, where)
        self._rules = Rules(self._run, where)
        name = self._rules.driver.get("name")
        self.tool = visible(name).strip() if isinstance(name, str) else ""
        self.artifacts = artifacts(self._run, where)
        self.found: list[str] = []
        self._invocations = TAKE.mappings(self._run.get("invocations"), f"{where}.invocations")
        self.errors = [error for invocation in self._invocations for error in errors(invocation, self._rules.driver, where)]
        self.ended = self._invocations[-1].get("endTimeUtc") if self._invocations else None

    def faults(self, expect: SarifExpect) -> Iterator[Fault]:
        """Tell what is wrong with the run, and every result that is worse than it may be."""
        if not self.tool:
            yield Fault(f"{self.where} names no tool, so nobody knows what ran. {TAKE.remedy}", self.where)
        for invocation in self._invocations:
            broken = next((key for key in _ENDS if invocation.get(key) and invocation[key] not in _WELL), None)
            if invocation.get("executionSuccessful") is not True or broken:
                text = f"{self.where}: the tool says that it did not end well ({broken or 'executionSuccessful'}). Let it run to its end."
                yield Fault(text, self.where, VALIDATION_FAILED)
        if not (expect.bare or self._rules or self.artifacts or self._invocations):
            text = f"{self.where} has neither rules nor artifacts nor an invocation: nothing shows that the tool looked at anything. {TAKE.remedy} "
            yield Fault(
                f"{text}If the tool tells no more where it finds nothing, have the plan allow that (bare).", self.where, EVIDENCE_MISSING
            )
        yield from metrics(self._run, self.where, self.tool, suppressed_in_source=expect.suppressed_in_source)
        results, elsewhere = self._run.get("results"), self._run.get("externalPropertyFileReferences")
        if elsewhere:
            text = f"{self.where} has parts in files of their own (externalPropertyFileReferences), which are not here. Deliver one log."
            yield Fault(text, self.where, EVIDENCE_MISSING)
        if not isinstance(results, list):
            text = f"{self.where} has no list of results: by the standard, the tool did not get so far. Let it run to its end."
            yield Fault(text, self.where, EVIDENCE_MISSING)
            return
        for index, result in enumerate(results):
            place = f"{self.where}.results[{index}]"
            yield from self._judged(TAKE.mapping(result, place), place, expect)

    def _judged(self, result: Mapping[str, Any], where: str, expect: SarifExpect) -> Iterator[Fault]:
        about, described = self._rules.of(result, where)
        kind, worst = result.get("kind", "fail"), LEVELS.index(expect.max_level)
        if result.get("baselineState") == _GONE:
            return
        if kind not in _KINDS:
            yield Fault(f"{where}.kind is {clipped(repr(kind), 40)}, which the standard does not know. {TAKE.remedy}", about)
            return
        if kind in _PASSING and result.get("level") not in LEVELS[worst + 1 :]:  # the standard has no level beside them (3.27.10)
            return
        self.found.append(about)
        level = result.get("level") or self._rules.level(result, about, described, where)
        if level not in LEVELS:
            yield Fault(f"{where}.level is {clipped(repr(level), 40)}, which the standard does not know. {TAKE.remedy}", about)
            return
        said = clipped(text_of(result.get("message")))
        suppressions = TAKE.items(result.get("suppressions"), f"{where}.suppressions")
        mend = f"{said}. Mend it."
        if suppressions and not _justified(suppressions):
            text = f"{where}: {about} ({said}) is suppressed without a justification, or not finally. Say why, or mend it."
            yield Fault(text, about)
        elif suppressions:
            if expect.suppressed_in_source or all(one.get("kind") == "external" for one in suppressions):
                return
            mend = f"{said}. A comment in the source suppresses it: mend it, or have the plan allow that (suppressed_in_source)."
        if LEVELS.index(level) > worst:
            text = f"{where}: {about} at {placed_at(result)} is {_article(level)}, and {LEVELS[worst]} is the worst that may be: {mend}"
            yield Fault(text, about, VALIDATION_FAILED)
        elif expect.max_security_severity is not None and (severe := _severity(result, *described)) > expect.max_security_severity:
            text = f"{where}: {about} at {placed_at(result)} has a security-severity of {severe:g}, and at most {expect.max_security_severity} may be"
            yield Fault(f"{text}: {mend}", about, VALIDATION_FAILED)


def _justified(suppressions: list[Any]) -> bool:
    """Whether a result is suppressed for good (3.35): every suppression was accepted, and says why in signs that can be seen."""
    return all(
        isinstance(one, dict)
        and one.get("status", "accepted") == "accepted"
        and isinstance(one.get("justification"), str)
        and says(one["justification"])
        and not unfilled(one["justification"])
        for one in suppressions
    )


def _severity(*described: Mapping[str, Any]) -> float:
    """The highest security-severity that a result or its rule states among its properties; 10 where it is no number."""
    highest = 0.0
    for one in described:
        properties = one.get("properties")
        stated = properties.get("security-severity") if isinstance(properties, dict) else None
        if stated is not None:
            known = (type(stated) in (int, float) and 0 <= stated <= 10) or (isinstance(stated, str) and _SEVERITY.fullmatch(stated))
            highest = max(highest, float(stated) if known else 10.0)
    return highest


def _article(level: str) -> str:
    return f"an {level}" if level == "error" else f"a {level}"
