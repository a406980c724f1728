"""The summary of a load test as k6 writes it: by `--summary-export`, or the data of `handleSummary()` as JSON.

Since k6 1.5 either has a third form, with `--new-machine-readable-summary`: version 1 of a schema of its own, which tells no thresholds.

Times are milliseconds in all, whatever unit the text on the screen was in. Thresholds are held against the figures they are about: of
the first form `true` means that a threshold was crossed, of the second `{"ok": true}` that it was kept.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

from dag_factory.errors import EvidenceError
from dag_factory.evidence.kinds.base import EVIDENCE_MISSING, VALIDATION_FAILED, Fault, clipped
from dag_factory.evidence.kinds.shapes import Taking

__all__ = ["Summary"]

_TAKE = Taking("Deliver the summary as k6 wrote it.")
_THRESHOLD = re.compile(
    r"\s*(avg|min|med|max|count|rate|value|p\([0-9]{1,3}(?:\.[0-9]{1,4})?\))\s*(<=|>=|<|>|===?|!=)\s*([0-9]+(?:\.[0-9]+)?)\s*"
)
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "===": operator.eq, "!=": operator.ne,
}  # fmt: skip
_OF_TIMES = ("avg", "med", "max", "p(")  # what a threshold on a time may hold down; `count` and `rate` are of none
_NEAR = 0.05  # of a duration that two counters were read at
_RATES = (("checks", "checks", "fails"), ("http_req_failed", "requests", "passes"))  # what failed, by which of its two counts
_GRACE = 60.0  # seconds; what k6 waits for what still runs at the end


class Summary:
    """One summary, read.

    Raises
    ------
    EvidenceError: it has not the shape of one.

    """

    def __init__(self, report: Mapping[str, Any]) -> None:
        self._new = "metrics" not in report
        self.stamp = _TAKE.mapping(report.get("metadata", {}), "metadata").get("generatedAt") if self._new else None
        report = _classic(report) if self._new else report
        self._metrics = {
            name: _TAKE.mapping(metric, f"metrics.{clipped(name, 60)}")
            for name, metric in _TAKE.mapping(report.get("metrics"), "metrics").items()
        }
        self._values = {name: _numbers(name, metric) for name, metric in self._metrics.items()}
        self._root = report.get("root_group")
        state = _TAKE.mapping(report.get("state", {}), "state").get("testRunDurationMs")
        self._milliseconds = None if state is None else float(_TAKE.number(state, "state.testRunDurationMs"))

    @cached_property
    def trends(self) -> dict[str, dict[str, float]]:
        """The figures of every metric of times, by its name; those of parts of the load beside those of the whole."""
        return {name: values for name, values in self._values.items() if "avg" in values and "max" in values}

    @property
    def iterations(self) -> float:
        """How often the test ran through."""
        return self._values.get("iterations", {}).get("count", 0.0)

    @property
    def seconds(self) -> float | None:
        """How long the load lasted: as it is told, else by what a counter and its rate give; None where nothing gives it."""
        return self._milliseconds / 1000 if self._milliseconds is not None else self._by_rate()

    @property
    def main(self) -> str | None:
        """The metric of times that tells most: of requests, else of iterations."""
        return next((name for name in ("http_req_duration", "grpc_req_duration", "iteration_duration") if name in self.trends), None)

    def faults(self, max_failed_percent: float, max_dropped_percent: float, *, limited: bool) -> Iterator[Fault]:
        """Everything that is wrong with it.

        Parameters
        ----------
        max_failed_percent: how many of 100 requests, and of 100 checks, may have failed.
        max_dropped_percent: how many of 100 iterations may not have been begun for want of users.
        limited: whether some time must be held against a threshold of the test's own.

        """
        for name, values in self.trends.items():
            yield from _impossible(name, values, self.seconds)
        yield from self._durations()
        crossed = [told for name in self._metrics for told in self._thresholds(name)]
        yield from (fault for fault, _ in crossed if fault is not None)
        if limited and not any(trend for _, trend in crossed):
            mend = "Have k6 write its summary without --new-machine-readable-summary" if self._new else "Set one on http_req_duration"
            text = f"no time is held against a threshold of the test's own. {mend}."
            yield Fault(text, "thresholds", EVIDENCE_MISSING)
        yield from self._failed(max_failed_percent)
        yield from self._undone(max_dropped_percent)

    def _by_rate(self) -> float | None:
        values = self._values.get("iterations", {})
        return values["count"] / values["rate"] if values.get("count") and values.get("rate") else None

    def _durations(self) -> Iterator[Fault]:
        told, counted = self.seconds, self._by_rate()
        if told is not None and counted is not None and not math.isclose(told, counted, rel_tol=_NEAR, abs_tol=2):
            text = f"the load is said to have lasted {told:.6g} s, and by its iterations it did {counted:.6g} s. {_TAKE.remedy}"
            yield Fault(text, "iterations")

    def _thresholds(self, name: str) -> Iterator[tuple[Fault | None, bool]]:
        """Each threshold of a metric: what is wrong, and whether it is one of a time."""
        thresholds = _TAKE.mapping(self._metrics[name].get("thresholds", {}), f"metrics.{clipped(name, 60)}.thresholds")
        for source, stated in thresholds.items():
            shown = f"{clipped(name, 60)}: {clipped(source, 60)}"
            kept = stated.get("ok") if isinstance(stated, dict) else (not stated if isinstance(stated, bool) else None)
            if not isinstance(kept, bool):
                yield Fault(f"{shown}: nothing says whether this threshold was kept. {_TAKE.remedy}", name), False
                continue
            found = _THRESHOLD.fullmatch(source)
            value = self._values[name].get(found[1]) if found else None
            holds = _HOLDS[found[2]](value, float(found[3])) if found and value is not None else None
            if holds is not None and holds != kept:
                said = "kept" if kept else "crossed"
                yield (
                    Fault(f"{shown}: it is said to be {said}, and {found[1] if found else ''} is {value:.6g}. {_TAKE.remedy}", name),
                    False,
                )
            elif not kept:
                yield Fault(f"{shown}: this threshold was crossed. Make it faster, or find out why.", name, VALIDATION_FAILED), True
            else:
                yield None, name in self.trends and (found is None or (found[2] in ("<", "<=") and found[1].startswith(_OF_TIMES)))

    def _failed(self, most: float) -> Iterator[Fault]:
        stated, grouped = self._values.get("checks", {}), self._grouped()
        counted = (stated["passes"], stated["fails"]) if "passes" in stated and "fails" in stated else None
        if counted and grouped and counted != grouped:
            text = f"checks state {counted[0]:g} passes and {counted[1]:g} fails, and their groups {grouped[0]} and {grouped[1]}."
            yield Fault(f"{text} {_TAKE.remedy}", "checks")
        if grouped and sum(grouped) and not counted:
            yield from _too_many("checks", "checks", 100 * grouped[1] / sum(grouped), most, f"{grouped[1]} of {sum(grouped)} ")
        for name, what, bad in _RATES:
            if name in self._values:
                yield from _judged(name, what, bad, self._values[name], most)

    def _undone(self, most: float) -> Iterator[Fault]:
        """Load that was meant and not put on, and times of requests that nobody made."""
        dropped = self._values.get("dropped_iterations", {}).get("count", 0.0)
        whole = dropped + self.iterations
        if dropped < 0 or (whole > 0 and 100 * dropped > most * whole):
            text = f"{dropped:g} of {whole:g} iterations were dropped (dropped_iterations), and at most {most:g} % may be. "
            yield Fault(f"{text}Give the test more users, or make it faster.", "dropped_iterations", VALIDATION_FAILED)
        requests = self._values.get("http_reqs")
        if requests is not None and "http_req_duration" in self.trends and not requests.get("count", 0.0) > 0:
            yield Fault(f"http_reqs counts no request, and http_req_duration states how long they took. {_TAKE.remedy}", "http_reqs")

    def _grouped(self) -> tuple[int, int] | None:
        """The checks of all groups, added up; None where no groups are told."""
        if self._root is None:
            return None
        level, passes, fails = [self._root], 0, 0
        while level:
            below: list[Any] = []
            for group in level:
                found = _TAKE.mapping(group, "root_group")
                for check in _children(found.get("checks"), "checks"):
                    passes += _TAKE.count(check.get("passes"), "a check's passes")
                    fails += _TAKE.count(check.get("fails"), "a check's fails")
                below += _children(found.get("groups"), "groups")
            level = below
        return passes, fails


def _judged(name: str, what: str, bad: str, values: Mapping[str, float], most: float) -> Iterator[Fault]:
    """Hold a rate against the most that may have failed: by its counts, else by itself."""
    rate = values.get("rate", values.get("value"))
    if "passes" in values and "fails" in values:
        whole = values["passes"] + values["fails"]
        if min(values["passes"], values["fails"]) < 0:
            yield Fault(f"{name} counts less than none. {_TAKE.remedy}", name)
        elif whole and rate is not None and not math.isclose(rate, values["passes"] / whole, rel_tol=1e-3, abs_tol=1e-3):
            text = f"{name} states a rate of {rate:.6g}, and {values['passes']:g} of {whole:g} give another. {_TAKE.remedy}"
            yield Fault(text, name)
        if whole > 0:
            yield from _too_many(name, what, 100 * values[bad] / whole, most, f"{values[bad]:g} of {whole:g} ")
    elif rate is None or not 0 <= rate <= 1:
        yield Fault(f"{name} says neither how many {what} failed nor which part of them. {_TAKE.remedy}", name)
    else:
        yield from _too_many(name, what, 100 * (rate if bad == "passes" else 1 - rate), most)


def _too_many(name: str, what: str, percent: float, most: float, of: str = "") -> Iterator[Fault]:
    if percent > most:
        text = f"{of}{what} failed, {percent:.3g} %, and at most {most:g} % may. Mend what they tell."
        yield Fault(text, name, VALIDATION_FAILED)


def _classic(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """The new machine-readable summary in the form of the data of `handleSummary()`."""
    results = _TAKE.mapping(report.get("results"), "results")
    checks = _TAKE.mapping(results.get("checks", {}), "results.checks")
    metrics: dict[str, Any] = {}
    for metric in [
        *_TAKE.mappings(results.get("metrics"), "results.metrics"),
        *_TAKE.mappings(checks.get("metrics"), "results.checks.metrics"),
    ]:
        name, values = _TAKE.text(metric.get("name"), "a metric's name"), dict(_TAKE.mapping(metric.get("values"), "a metric's values"))
        if "matches" in values or "total" in values:
            matches, total = (_TAKE.count(values.get(key), f"{clipped(name, 60)}: {key}") for key in ("matches", "total"))
            values |= {"passes": matches, "fails": total - matches}
        name = "checks" if name == "checks_succeeded" else name
        if name in metrics:
            raise EvidenceError(f"the metric {clipped(name, 60)} stands in it twice.", remedy=_TAKE.remedy)
        metrics[name] = {"values": values}
    seconds = _TAKE.number(_TAKE.mapping(report.get("config"), "config").get("duration"), "config.duration")
    return {"metrics": metrics, "root_group": {"checks": checks.get("results")}, "state": {"testRunDurationMs": seconds * 1000}}


def _children(value: Any, where: str) -> list[Mapping[str, Any]]:
    """The children of a group, which one form has as a list and the other by name."""
    return _TAKE.mappings(list(value.values()) if isinstance(value, dict) else value, f"root_group.{where}")


def _numbers(name: str, metric: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a metric, whichever of the two forms they are in."""
    values = metric.get("values", metric)
    found = _TAKE.mapping(values, f"metrics.{clipped(name, 60)}.values")
    return {key: float(value) for key, value in found.items() if type(value) in (int, float) and abs(value) < 1e18}


def _impossible(name: str, values: Mapping[str, float], seconds: float | None) -> Iterator[Fault]:
    """What no samples could give, and what took longer than all of the load."""
    ranks = sorted((float(key[2:-1]), value) for key, value in values.items() if re.fullmatch(r"p\([0-9]{1,3}(?:\.[0-9]{1,9})?\)", key))
    ordered = [values.get("min", 0.0), *(value for rank, value in ranks if rank > 50), values["max"]]
    middle = [values[key] for key in ("avg", "med") if key in values]
    if ordered[0] < 0 or any(one > other * (1 + 1e-9) for one, other in pairwise(ordered)):
        yield Fault(f"{clipped(name, 60)}: its least, its percentiles and its most are not in order. {_TAKE.remedy}", name)
    if any(not ordered[0] * (1 - 1e-9) <= value <= ordered[-1] * (1 + 1e-9) for value in middle):
        yield Fault(f"{clipped(name, 60)}: its mean or median lies outside of its least and its most. {_TAKE.remedy}", name)
    if seconds is not None and "duration" in name and values["max"] / 1000 > seconds + _GRACE:
        text = (
            f"{clipped(name, 60)}: its most is {values['max'] / 1000:.6g} s, and the load lasted {seconds:.6g} s; k6 counts milliseconds."
        )
        yield Fault(f"{text} {_TAKE.remedy}", name)
