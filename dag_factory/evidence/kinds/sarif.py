"""Findings of static analysis as SARIF 2.1.0 (OASIS Standard, 27 March 2020), read by our own strict reading of it.

A log says nothing unless each of its runs names the tool and shows that it looked: rules, artifacts or an invocation that
succeeded, and a list of results, which the standard has absent where the tool did not get so far (3.14.23). A result
without a level has that of its rule, or ``warning`` (3.27.10); one that is suppressed counts unless it says why.
"""

from __future__ import annotations

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
    placed,
)
from dag_factory.evidence.kinds.moments import stale

__all__ = ["LEVELS", "MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "SarifExpect", "SarifKind"]

MAX_BYTES = 50_000_000
"""The largest log that is read."""
MAX_DEPTH = 64
"""How deep it may nest."""
MAX_NODES = 2_000_000
"""How many values it may hold."""
LEVELS = ("none", "note", "warning", "error")
"""The levels of results, the least first (3.27.10)."""

_VERSION = "2.1.0"
_PASSING = ("pass", "informational", "notApplicable")  # the kinds of results that tell of no weakness (3.27.9)
_KINDS = (*_PASSING, "fail", "open", "review")
_REMEDY = "Deliver the log as the tool wrote it."


class SarifExpect(Expectation):
    """What may be asked of a log.

    Parameters
    ----------
    max_level: the worst level a result may have; what is worse fails.
    min_artifacts: the fewest files the runs together say they looked at.
    tools: tools of these names must each have a run.
    fresh: whether every run must have ended in the course of the work, by its invocations.

    """

    max_level: Literal["none", "note", "warning"] = "warning"
    min_artifacts: int = Field(default=0, ge=0)
    tools: TextTuple = ()
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
        faults = [fault for run in read for fault in run.faults(LEVELS.index(expect.max_level))]
        faults += _looked_at(read, expect)
        if expect.fresh:
            faults += filter(None, (stale(run.ended, material.work, run.where, run.where) for run in read))
        facts = {
            "findings": tuple(dict.fromkeys(rule for run in read for rule in run.found)),
            "tools": tuple(dict.fromkeys(run.tool for run in read if run.tool)),
        }
        return Examination(placed(material.name, faults[:MAX_FAULTS]), facts)


def _looked_at(runs: list[_Run], expect: SarifExpect) -> Iterator[Fault]:
    files = {place for run in runs for place in run.artifacts}
    if len(files) < expect.min_artifacts:
        text = f"{len(files)} files were looked at, and at least {expect.min_artifacts} are expected. Analyse all of the product."
        yield Fault(text, "artifacts", EVIDENCE_MISSING)
    for tool in expect.tools:
        if tool not in {run.tool for run in runs}:
            yield Fault(f"there is no run of {tool}. Run it.", tool, EVIDENCE_MISSING)


class _Run:
    """One run: its tool, what it looked at, what it found."""

    def __init__(self, run: Any, where: str) -> None:
        self.where = where
        self._run = _mapping(run, where)
        components = _mapping(self._run.get("tool", {}), f"{where}.tool")
        driver = _mapping(components.get("driver", {}), f"{where}.tool.driver")
        self.tool = driver["name"].strip() if isinstance(driver.get("name"), str) else ""
        extensions = _list(components.get("extensions"), f"{where}.tool.extensions")
        parts = [driver, *(_mapping(part, f"{where}.tool.extensions") for part in extensions)]
        rules = [_list(part.get("rules"), f"{where}.tool.rules") for part in parts]
        self._rules = [[_mapping(rule, f"{where}.tool.rules") for rule in of_part] for of_part in rules]
        self._by_id: dict[Any, Mapping[str, Any]] = {}
        for rule in (rule for of_part in self._rules for rule in of_part):
            if isinstance(rule.get("id"), str):
                self._by_id.setdefault(rule["id"], rule)
        self.artifacts = _artifacts(self._run, where)
        self.found: list[str] = []
        ended = [one.get("endTimeUtc") for one in _list(self._run.get("invocations"), f"{where}.invocations") if isinstance(one, dict)]
        self.ended = ended[-1] if ended else None

    def faults(self, worst: int) -> Iterator[Fault]:
        """Tell what is wrong with the run, and every result that is worse than it may be."""
        if not self.tool:
            yield Fault(f"{self.where} names no tool, so nobody knows what ran. {_REMEDY}", self.where)
        invocations = [
            _mapping(one, f"{self.where}.invocations") for one in _list(self._run.get("invocations"), f"{self.where}.invocations")
        ]
        for invocation in invocations:
            if invocation.get("executionSuccessful") is not True:
                text = f"{self.where}: the tool says that it did not end well (executionSuccessful). Let it run to its end."
                yield Fault(text, self.where, VALIDATION_FAILED)
        if not (any(self._rules) or self.artifacts or invocations):
            text = (
                f"{self.where} has neither rules nor artifacts nor an invocation: nothing shows that the tool looked at anything. {_REMEDY}"
            )
            yield Fault(text, self.where, EVIDENCE_MISSING)
        results, elsewhere = self._run.get("results"), self._run.get("externalPropertyFileReferences")
        if isinstance(elsewhere, dict) and elsewhere.get("results"):
            yield Fault(
                f"{self.where} has results in files of their own, which are not here. Deliver one log.", self.where, EVIDENCE_MISSING
            )
        if not isinstance(results, list):
            text = f"{self.where} has no list of results: by the standard, the tool did not get so far. Let it run to its end."
            yield Fault(text, self.where, EVIDENCE_MISSING)
            return
        for index, result in enumerate(results):
            place = f"{self.where}.results[{index}]"
            yield from self._judged(_mapping(result, place), place, worst)

    def _judged(self, result: Mapping[str, Any], where: str, worst: int) -> Iterator[Fault]:
        about, described = self._rule_of(result, where)
        kind = result.get("kind", "fail")
        if kind not in _KINDS:
            yield Fault(f"{where}.kind is {clipped(repr(kind), 40)}, which the standard does not know. {_REMEDY}", about)
            return
        if kind in _PASSING and result.get("level") not in LEVELS[worst + 1 :]:  # the standard has no level beside them (3.27.10)
            return
        self.found.append(about)
        level = result.get("level") or _default_level(described)
        if level not in LEVELS:
            yield Fault(f"{where}.level is {clipped(repr(level), 40)}, which the standard does not know. {_REMEDY}", about)
            return
        said = clipped(_text(result.get("message")))
        suppressions = _list(result.get("suppressions"), f"{where}.suppressions")
        if suppressions:
            if _justified(suppressions):
                return
            text = f"{where}: {about} ({said}) is suppressed without a justification, or not finally. Say why, or mend it."
            yield Fault(text, about)
        if LEVELS.index(level) > worst:
            text = (
                f"{where}: {about} at {_place(result)} is {_article(level)}, and {LEVELS[worst]} is the worst that may be: {said}. Mend it."
            )
            yield Fault(text, about, VALIDATION_FAILED)

    def _rule_of(self, result: Mapping[str, Any], where: str) -> tuple[str, Mapping[str, Any]]:
        """The id of the rule a result is about, and what the tool says of the rule (3.27.5 to 3.27.7)."""
        reference = _mapping(result.get("rule", {}), f"{where}.rule")
        component = _mapping(reference.get("toolComponent", {}), f"{where}.rule.toolComponent").get("index", -1)
        rules = self._rules[component + 1] if _is_index(component, self._rules, -1) else []
        index = result.get("ruleIndex", reference.get("index", -1))
        described = rules[index] if _is_index(index, rules) else {}
        about = result.get("ruleId") or reference.get("id") or described.get("id")
        if not isinstance(about, str) or not about.strip():
            raise EvidenceError(f"{where} names no rule, so nobody could answer it.", remedy=_REMEDY)
        return about, described or self._by_id.get(about, {})


def _default_level(described: Mapping[str, Any]) -> Any:
    """What a rule says of its results where they do not say it themselves."""
    defaults = described.get("defaultConfiguration")
    return (defaults.get("level") if isinstance(defaults, dict) else None) or "warning"


def _justified(suppressions: list[Any]) -> bool:
    """Whether a result is suppressed for good (3.35): every suppression was accepted, and says why."""
    return all(
        isinstance(one, dict)
        and one.get("status", "accepted") == "accepted"
        and isinstance(one.get("justification"), str)
        and one["justification"].strip()
        for one in suppressions
    )


def _artifacts(run: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The files the run says it looked at."""
    places = []
    for one in _list(run.get("artifacts"), f"{where}.artifacts"):
        location = _mapping(one, f"{where}.artifacts").get("location")
        uri = location.get("uri") if isinstance(location, dict) else None
        if isinstance(uri, str) and uri.strip():
            places.append(uri)
    return tuple(dict.fromkeys(places))


def _place(result: Mapping[str, Any]) -> str:
    """Where a result lies, as far as it says so."""
    try:
        physical = result["locations"][0]["physicalLocation"]
        line = physical.get("region", {}).get("startLine")
        return clipped(f"{physical['artifactLocation']['uri']}{f':{line}' if line else ''}", 120)
    except (KeyError, IndexError, TypeError, AttributeError):
        return "a place it does not name"


def _text(message: Any) -> str:
    found = message.get("text") or message.get("markdown") or message.get("id") if isinstance(message, dict) else None
    return found if isinstance(found, str) else "without a message"


def _article(level: str) -> str:
    return f"an {level}" if level == "error" else f"a {level}"


def _is_index(value: Any, of: list[Any], least: int = 0) -> bool:
    return type(value) is int and least <= value < len(of) + least


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise EvidenceError(f"{where} is no object.", remedy=_REMEDY)
    return value


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise EvidenceError(f"{where} is no list.", remedy=_REMEDY)
    return value
