"""Benchmarks as pytest-benchmark writes them (`--benchmark-json`, version 3 and later), computed anew from the rounds; load tests of k6.

What a benchmark states of itself is held against its raw rounds; where it kept none, against what any rounds would give.
Times are seconds of one iteration, by a clock on the wall: a clock of the processor does not see what waits. What k6 writes is read by
`k6`, whose milliseconds become seconds here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeGuard

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
    clipped,
    placed,
)
from dag_factory.evidence.kinds.moments import stale

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "BenchmarkExpect", "BenchmarkKind"]

MAX_BYTES = 50_000_000
"""The largest report that is read."""
MAX_DEPTH = 32
"""How deep it may nest."""
MAX_NODES = 2_000_000
"""How many values it may hold; every round is one."""

_TOLERANCE = 1e-6  # of what is stated against what is computed: sums of floats in another order
_LONGEST = 1e9  # seconds; 31 years
_MOST = 1e15  # of rounds, and of seconds of them all
_CLOCKS = ("perf_counter", "monotonic", "time", "default_timer")  # in seconds, on the wall; as Python calls them
_COMPUTED = ("min", "max", "mean", "median", "total")
_REMEDY = "Deliver what `pytest --benchmark-json` wrote."


class BenchmarkExpect(Expectation):
    """What may be asked of benchmarks.

    Parameters
    ----------
    min_benchmarks: the fewest benchmarks.
    min_rounds: the fewest rounds of each; of k6, the fewest iterations.
    max_seconds: the longest the median of any benchmark may be; of k6, that of its requests, or of its iterations where it made none.
    limit: the key of `extra_info` under which each benchmark must name its own limit in seconds, which its median must keep; k6 needs a threshold on a time.
    max_p95_seconds: of k6, the longest the 95th percentile of the same times may be.
    max_failed_percent: of k6, how many of 100 requests, and of 100 checks, may have failed.
    max_dropped_percent: of k6, how many of 100 iterations may not have begun, as there was no user left for them.
    min_load_seconds: of k6, the shortest the load may have lasted, so that more than the warm-up was measured.
    fresh: whether the report must have been made in the course of the work, by its own timestamp; of k6, its new summary alone has one.

    """

    min_benchmarks: int = Field(default=1, ge=1)
    min_rounds: int = Field(default=3, ge=1)
    max_seconds: int | float | None = Field(default=None, gt=0, allow_inf_nan=False)
    limit: str | None = Field(default=None, min_length=1)
    max_p95_seconds: int | float | None = Field(default=None, gt=0, allow_inf_nan=False)
    max_failed_percent: int | float = Field(default=0, ge=0, le=100, allow_inf_nan=False)
    max_dropped_percent: int | float = Field(default=5, ge=0, le=100, allow_inf_nan=False)
    min_load_seconds: int | float | None = Field(default=None, gt=0, allow_inf_nan=False)
    fresh: bool = False


class BenchmarkKind(Opened[BenchmarkExpect]):
    """Benchmarks of pytest-benchmark, or a load test of k6. Facts: `benchmarks`, their full names; `@against`, those that were too slow."""

    name: ClassVar[str] = "benchmark"
    Expect: ClassVar[type[Expectation]] = BenchmarkExpect
    nothing = "the report is empty. Run the benchmarks."

    def look(self, material: Material, expect: BenchmarkExpect) -> Examination:
        """Compute every benchmark anew and hold its median against its limits."""
        report = strict_json.loads(material.data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
        if isinstance(report, dict) and "benchmarks" not in report and ("metrics" in report or "results" in report):
            faults, names, stamp = _of_k6(report, expect)
        else:
            faults, names, stamp = _of_pytest(report, expect)
        if len(names) < expect.min_benchmarks:
            text = f"{len(names)} benchmarks, and at least {expect.min_benchmarks} are expected. No data is never a pass: run them."
            faults.append(Fault(text, "benchmarks", EVIDENCE_MISSING))
        if expect.fresh and (late := stale(stamp, material.work, "the report", "datetime")):
            faults.append(late)
        told = dict.fromkeys(names)
        slow = dict.fromkeys(fault.subject for fault in faults if fault.rule == VALIDATION_FAILED and fault.subject in told)
        facts = {"benchmarks": tuple(told)} | ({"@against": tuple(slow)} if slow else {})
        return Examination(placed(material.name, faults[:MAX_FAULTS]), facts)


_Answer = tuple[list[Fault], list[str], Any]


def _of_pytest(report: Any, expect: BenchmarkExpect) -> _Answer:
    """What is wrong with benchmarks of pytest-benchmark, their names, and when they say they ran."""
    benchmarks = report.get("benchmarks") if isinstance(report, dict) else None
    if not isinstance(benchmarks, list):
        raise EvidenceError("there is no list of “benchmarks”.", remedy=_REMEDY)
    faults: list[Fault] = []
    names: list[str] = []
    for index, benchmark in enumerate(benchmarks):
        if not isinstance(benchmark, dict):
            raise EvidenceError(f"benchmarks[{index}] is no object.", remedy=_REMEDY)
        name = benchmark.get("fullname") or benchmark.get("name")
        if not isinstance(name, str) or not name.strip():
            raise EvidenceError(f"benchmarks[{index}] has no name.", remedy=_REMEDY)
        names.append(name)
        faults += [Fault(f"{clipped(name, 120)}: {fault.text}", name, fault.rule) for fault in _faults(benchmark, expect)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    faults += [Fault(f"{clipped(name, 120)} stands in the report more than once. Report it once.", name) for name in twice]
    return faults, names, report.get("datetime")


def _of_k6(report: Mapping[str, Any], expect: BenchmarkExpect) -> _Answer:
    """What is wrong with a load test, the metrics of times it has, and when it says it ran."""
    from dag_factory.evidence.kinds.k6 import Summary

    summary = Summary(report)
    faults = list(summary.faults(expect.max_failed_percent, expect.max_dropped_percent, limited=expect.limit is not None))
    least = max(1, expect.min_rounds)
    if summary.iterations < least:
        text = f"{summary.iterations:g} iterations, and at least {least} are expected. No data is never a pass: let the load run."
        faults.append(Fault(text, "iterations", EVIDENCE_MISSING))
    seconds = summary.seconds
    if expect.min_load_seconds is not None and (seconds is None or seconds < expect.min_load_seconds):
        shown = "nobody knows how long" if seconds is None else f"{seconds:.6g} s"
        text = f"the load lasted {shown}, and at least {expect.min_load_seconds} s are expected. Let it last."
        faults.append(Fault(text, "iterations", EVIDENCE_MISSING))
    if summary.main is None:
        text = "no time was measured. No data is never a pass: have summaryTrendStats name avg, med and max."
        faults.append(Fault(text, "metrics", EVIDENCE_MISSING))
    else:
        faults += _too_long(summary.main, summary.trends[summary.main], expect)
    return faults, list(summary.trends), summary.stamp


def _too_long(name: str, values: Mapping[str, float], expect: BenchmarkExpect) -> Iterator[Fault]:
    """Hold the milliseconds of k6 against limits in seconds."""
    for key, what, most in (("med", "median", expect.max_seconds), ("p(95)", "95th percentile", expect.max_p95_seconds)):
        if most is None:
            continue
        if key not in values:
            yield Fault(f"{name} has no {key}, and its {what} is expected. Have summaryTrendStats name it.", name, EVIDENCE_MISSING)
        elif values[key] / 1000 > most:
            text = f"{name}: its {what} is {values[key] / 1000:.6g} s, and {most} s is the longest it may be. Make it faster."
            yield Fault(text, name, VALIDATION_FAILED)


def _faults(benchmark: Mapping[str, Any], expect: BenchmarkExpect) -> Iterator[Fault]:
    """Everything that is wrong with one benchmark; the first contradiction ends it, as nothing after it could be believed."""
    stats = benchmark.get("stats")
    if not isinstance(stats, dict):
        yield Fault(f"it has no “stats”. {_REMEDY}")
        return
    contradiction = next(_contradictions(stats), None)
    if contradiction:
        yield Fault(f"{contradiction} {_REMEDY}")
        return
    if stats["rounds"] < expect.min_rounds:
        text = f"{stats['rounds']} rounds, and at least {expect.min_rounds} are expected. Measure more often."
        yield Fault(text, rule=EVIDENCE_MISSING)
    options = benchmark.get("options")
    timer = options.get("timer") if isinstance(options, dict) else None
    if not isinstance(timer, str) or timer.removeprefix("time.").removeprefix("timeit.") not in _CLOCKS:
        shown = clipped(repr(timer), 40) if timer else "a clock that nobody names"
        yield Fault(f"it was measured by {shown}, which may stand still while the product waits. Measure by perf_counter.")
    yield from _too_slow(benchmark, stats["median"], expect)


def _contradictions(stats: Mapping[str, Any]) -> Iterator[str]:
    """What is missing, or cannot be true together."""
    for key in ("rounds", "iterations"):
        if type(stats.get(key)) is not int or not 1 <= stats[key] < _MOST:
            yield f"stats.{key} is {clipped(repr(stats.get(key)), 40)}, and something was measured only once it is 1 or more."
    for key in ("min", "max", "mean", "median"):
        if not _is_time(stats.get(key)):
            yield f"stats.{key} is {clipped(repr(stats.get(key)), 40)}, and a time is a number of seconds above 0."
    data = stats.get("data")
    if data is None:
        yield from _impossible(stats)
    elif not isinstance(data, list) or not all(map(_is_time, data)):
        yield "stats.data holds what is no time above 0."
    elif len(data) != stats["rounds"]:
        yield f"stats.rounds states {stats['rounds']}, and stats.data holds {len(data)}."
    else:
        yield from _differences(stats, data)


def _differences(stats: Mapping[str, Any], data: list[float]) -> Iterator[str]:
    import statistics

    computed = (min(data), max(data), statistics.fmean(data), statistics.median(data), math.fsum(data))
    for key, value in zip(_COMPUTED, computed, strict=True):
        if key in stats and not _is_close(stats[key], value):
            yield f"stats.{key} states {clipped(repr(stats[key]), 40)}, and the rounds give {value:.6g}."


def _impossible(stats: Mapping[str, Any]) -> Iterator[str]:
    """Without the rounds: what no rounds could give."""
    least, most = stats["min"] * (1 - _TOLERANCE), stats["max"] * (1 + _TOLERANCE)
    quartiles = [stats[key] for key in ("q1", "q3") if key in stats]
    for key, value in (("median", stats["median"]), ("mean", stats["mean"]), *(("a quartile", value) for value in quartiles)):
        if not (_is_time(value) and least <= value <= most):
            yield f"its {key} is {clipped(repr(value), 40)}, outside of its least and its most."
    if "total" in stats and not _is_close(stats["total"], stats["mean"] * stats["rounds"]):
        yield f"stats.total states {clipped(repr(stats['total']), 40)}, and {stats['rounds']} rounds of the mean are another."


def _too_slow(benchmark: Mapping[str, Any], median: float, expect: BenchmarkExpect) -> Iterator[Fault]:
    if expect.max_seconds is not None and median > expect.max_seconds:
        text = f"its median is {median:.6g} s, and {expect.max_seconds} s is the longest it may be. Make it faster."
        yield Fault(text, rule=VALIDATION_FAILED)
    if expect.limit is None:
        return
    extra = benchmark.get("extra_info")
    limit = extra.get(expect.limit) if isinstance(extra, dict) else None
    if not _is_time(limit):
        text = f"extra_info.{clipped(expect.limit, 40)} is {clipped(repr(limit), 40)}, and it must be the benchmark's limit in seconds. Set it."
        yield Fault(text)
    elif median > limit:
        text = f"its median is {median:.6g} s, and by its own limit {limit} s is the longest it may be. Make it faster."
        yield Fault(text, rule=VALIDATION_FAILED)


def _is_time(value: Any) -> TypeGuard[int | float]:
    return type(value) in (int, float) and 0 < value < _LONGEST


def _is_close(stated: Any, value: float) -> bool:
    return type(stated) in (int, float) and abs(stated) < _MOST and math.isclose(stated, value, rel_tol=_TOLERANCE, abs_tol=1e-15)
