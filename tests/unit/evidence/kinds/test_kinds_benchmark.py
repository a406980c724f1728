from __future__ import annotations

import json

import pytest
from pydantic import ValidationError
from support.contents import benchmark
from support.mutations import mutated

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.benchmark import BenchmarkExpect, BenchmarkKind


def examined(report, **expect):
    return BenchmarkKind().examine(Material("benchmark.json", json.dumps(report).encode()), BenchmarkExpect.model_validate(expect))


def with_stats(*gone, **changes):
    report = benchmark()
    stats = report["benchmarks"][0]["stats"]
    stats |= changes
    for key in gone:
        del stats[key]
    return report


def rules(found):
    return [fault.rule for fault in found.faults]


def test_good_benchmarks_pass_and_are_named():
    found = examined(benchmark(), limit="limit_seconds", max_seconds=1)
    assert (found.faults, found.facts) == ((), {"benchmarks": ("bench.py::test_load",)})


@pytest.mark.parametrize("report", [{"benchmarks": []}, {"benchmarks": [benchmark()["benchmarks"][0]]}])
def test_fewer_than_expected_is_no_data(report):
    assert rules(examined(report, min_benchmarks=2)) == ["evidence-missing"]


@pytest.mark.parametrize("report", [[], {}, {"benchmarks": {}}, {"benchmarks": ["x"]}, {"benchmarks": [{"stats": {}}]}, None, 1])
def test_what_is_no_report_is_refused(report):
    assert rules(examined(report)) == ["evidence-malformed"]


def test_the_median_keeps_the_limit_of_the_spec():
    assert examined(benchmark(0.1, 0.2, 9.0), max_seconds=0.2).faults == ()
    found = examined(benchmark(0.1, 0.21, 0.3), max_seconds=0.2)
    assert rules(found) == ["validation-failed"]
    assert "0.21 s, and 0.2 s is the longest" in found.faults[0].text


def test_the_median_keeps_the_limit_that_the_benchmark_names():
    assert examined(benchmark(limit=0.2), limit="limit_seconds").faults == ()
    assert rules(examined(benchmark(limit=0.19), limit="limit_seconds")) == ["validation-failed"]
    assert examined(benchmark(limit=0.19)).faults == (), "nobody asked"


@pytest.mark.parametrize("limit", [None, 0, -1, "2", True, 1e300])
def test_a_benchmark_must_name_the_limit_that_is_asked_for(limit):
    report = benchmark()
    report["benchmarks"][0]["extra_info"] = {"limit_seconds": limit}
    assert rules(examined(report, limit="limit_seconds")) == ["evidence-malformed"]


def test_seconds_for_milliseconds_are_slow():
    assert rules(examined(benchmark(100, 200, 300), limit="limit_seconds")) == ["validation-failed"]


def test_fewer_rounds_than_expected_are_no_data():
    assert rules(examined(benchmark(0.1, 0.2), min_rounds=3)) == ["evidence-missing"]
    assert examined(benchmark(0.1, 0.2), min_rounds=2).faults == ()


@pytest.mark.parametrize("change", [{"rounds": 0}, {"rounds": 3.0}, {"rounds": True}, {"iterations": 0}, {"iterations": "1"}])
def test_what_was_never_run_has_no_times(change):
    assert rules(examined(with_stats(**change))) == ["evidence-malformed"]


@pytest.mark.parametrize("key", ["min", "max", "mean", "median", "total"])
def test_stats_that_the_rounds_do_not_give_are_told(key):
    found = examined(with_stats(**{key: 0.0001}))
    assert rules(found) == ["evidence-malformed"]
    assert f"stats.{key} states 0.0001" in found.faults[0].text


def test_more_rounds_stated_than_there_are():
    assert "states 100" in examined(with_stats(rounds=100), min_rounds=50).faults[0].text


@pytest.mark.parametrize("data", [[0, 0, 0], [-1, 1, 2], ["0.1"] * 3, [True] * 3, [1e300] * 3, {}, "abc"])
def test_rounds_that_are_no_times(data):
    assert rules(examined(with_stats(data=data))) == ["evidence-malformed"]


def test_without_the_rounds_the_stats_must_be_possible():
    assert examined(with_stats("data")).faults == ()
    assert examined(with_stats("data", "total", q1=0.15, q3=0.25)).faults == ()
    for change in ({"median": 0.01}, {"mean": 7.0}, {"q1": 7.0}, {"q3": "x"}, {"total": 7.0}, {"max": 0.05}):
        assert rules(examined(with_stats("data", **change))) == ["evidence-malformed"], change


@pytest.mark.parametrize(
    "options", [*({"timer": timer} for timer in ("process_time", "time.process_time", "thread_time", "clock", "steady", "fake_time", 1)), {}, None]
)  # fmt: skip
def test_a_clock_that_may_stand_still_while_the_product_waits_is_refused(options):
    report = benchmark()
    report["benchmarks"][0]["options"] = options
    (fault,) = examined(report).faults
    assert (fault.rule, "may stand still" in fault.text) == ("evidence-malformed", True)


@pytest.mark.parametrize("timer", ["perf_counter", "monotonic", "time", "time.perf_counter", "timeit.default_timer"])
def test_clocks_on_the_wall(timer):
    report = benchmark()
    report["benchmarks"][0]["options"] = {"timer": timer}
    assert examined(report).faults == ()


def test_one_name_twice_is_told_once():
    report = benchmark()
    report["benchmarks"] *= 3
    assert [fault.text for fault in examined(report).faults] == [
        "benchmark.json: bench.py::test_load stands in the report more than once. Report it once."
    ]


def test_nan_is_no_number():
    data = json.dumps(benchmark()).replace("0.2", "NaN").encode()
    assert rules(BenchmarkKind().examine(Material("m", data), BenchmarkExpect())) == ["evidence-malformed"]


@pytest.mark.parametrize(
    "expect", [{"max_seconds": 0}, {"max_seconds": float("inf")}, {"min_rounds": 0}, {"min_benchmarks": 0}, {"limit": ""}]
)
def test_nothing_that_would_always_hold_may_be_expected(expect):
    with pytest.raises(ValidationError):
        BenchmarkExpect.model_validate(expect)


def test_no_shape_makes_it_raise():
    whole = benchmark()
    whole["benchmarks"][0]["stats"] |= {"q1": 0.15, "q3": 0.25}
    for where, report in mutated(whole):
        for found in (examined(report, limit="limit_seconds", max_seconds=1), examined(report)):
            assert all(fault.text.startswith("benchmark.json: ") for fault in found.faults), where
    for key in ("min", "max", "mean", "median", "rounds", "data"):
        assert examined(with_stats(key), limit="limit_seconds").faults or key == "data"


@pytest.mark.parametrize("key", ["rounds", "iterations", "total", "mean"])
@pytest.mark.parametrize("value", [10**400, 10**4299, -(10**400), 2**63])
def test_figures_beyond_a_double_are_told(key, value):
    report = with_stats("data", **{key: value})
    assert rules(examined(report)) == ["evidence-malformed"]
    assert rules(examined(with_stats(**{key: value}))) == ["evidence-malformed"]
