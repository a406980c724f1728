"""Load tests of k6 in its new machine-readable summary."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from support.mutations import mutated

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.benchmark import BenchmarkExpect, BenchmarkKind

TREND = {"avg": 144.5, "min": 104.1, "med": 110.4, "max": 1140.0, "p(90)": 203.5, "p(95)": 215.9}
METRICS = [
    {"name": "http_req_duration", "type": "trend", "contains": "time", "values": TREND},
    {"name": "iteration_duration", "type": "trend", "contains": "time", "values": {"avg": 12910, "min": 12530, "med": 12770, "max": 14350}},
    {"name": "iterations", "type": "counter", "contains": "default", "values": {"count": 45}},
    {"name": "http_reqs", "type": "counter", "contains": "default", "values": {"count": 180}},
    {"name": "http_req_failed", "type": "rate", "contains": "default", "values": {"matches": 0, "rate": 0, "total": 180}},
    {"name": "vus", "type": "gauge", "contains": "default", "values": {"max": 19, "min": 1, "value": 1}},
]
CHECKED = [
    {"name": "checks_total", "type": "counter", "contains": "default", "values": {"count": 90}},
    {"name": "checks_failed", "type": "rate", "contains": "default", "values": {"matches": 0, "rate": 0, "total": 90}},
    {"name": "checks_succeeded", "type": "rate", "contains": "default", "values": {"matches": 90, "rate": 1, "total": 90}},
]
MODERN = {
    "version": "1.0.0",
    "config": {"duration": 41.1962, "execution": "local", "script": "load.js"},
    "metadata": {"generatedAt": "2026-11-23T06:10:00.123456789+01:00", "k6Version": "2.3.0"},
    "results": {"metrics": METRICS, "checks": {"metrics": CHECKED, "results": [{"name": "ok", "passes": 90, "fails": 0}]}},
}


def examined(summary, **expect):
    data = json.dumps(summary).encode()
    return BenchmarkKind().examine(Material("k6.json", data), BenchmarkExpect.model_validate(expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def test_the_new_summary():
    found = examined(MODERN, max_seconds=0.2, max_p95_seconds=0.3, min_rounds=45, min_load_seconds=40)
    assert (found.faults, found.facts["benchmarks"]) == ((), ("http_req_duration", "iteration_duration"))
    bare = {**MODERN, "results": {"metrics": METRICS}}
    assert examined(bare).faults == ()
    assert rules(examined(MODERN, min_rounds=46, max_seconds=0.1, min_load_seconds=60)) == ["evidence-missing"] * 2 + ["validation-failed"]
    (fault,) = examined(MODERN, limit="limit_seconds").faults
    assert (fault.rule, "without --new-machine-readable-summary" in fault.text) == ("evidence-missing", True)


def test_the_new_summary_says_when_it_was_made():
    for began, expected in ((datetime(2026, 11, 23, 5, tzinfo=UTC), []), (datetime(2026, 11, 23, 6, tzinfo=UTC), ["report-stale"])):
        material = Material("k6.json", json.dumps(MODERN).encode(), work=Work(began, began + timedelta(minutes=30)))
        assert rules(BenchmarkKind().examine(material, BenchmarkExpect(fresh=True))) == expected


@pytest.mark.parametrize(
    ("where", "index", "values", "found"),
    [
        ("metrics", 4, {"matches": 18, "rate": 0.1, "total": 180}, {"validation-failed"}),
        ("metrics", 4, {"matches": 18, "rate": 0, "total": 180}, {"validation-failed", "evidence-malformed"}),
        ("metrics", 4, {"matches": 181, "rate": 1, "total": 180}, {"validation-failed", "evidence-malformed"}),
        ("metrics", 4, {"matches": -1, "rate": 0, "total": 180}, {"evidence-malformed"}),
        ("metrics", 4, {"rate": 0.5}, {"validation-failed"}),
        ("metrics", 3, {"count": 0}, {"evidence-malformed"}),
        ("checks", 2, {"matches": 80, "rate": 80 / 90, "total": 90}, {"validation-failed", "evidence-malformed"}),
    ],
)
def test_what_failed_by_the_new_summary(where, index, values, found):
    document = copy.deepcopy(MODERN)
    holder = document["results"] if where == "metrics" else document["results"]["checks"]
    holder["metrics"][index]["values"] = values
    assert set(rules(examined(document))) == found


@pytest.mark.parametrize("results", [None, [], {"metrics": {}}, {"metrics": [{"name": "x"}]}, {"metrics": [METRICS[0], METRICS[0]]}])
def test_what_is_no_new_summary(results):
    assert rules(examined({**MODERN, "results": results})) == ["evidence-malformed"]
    assert rules(examined({**MODERN, "config": {"duration": "60s"}})) == ["evidence-malformed"]


def test_no_change_makes_it_raise():
    for where, document in mutated(MODERN):
        found = examined(document, limit="x", max_seconds=1, max_p95_seconds=1, min_load_seconds=1)
        assert all(fault.text.startswith("k6.json: ") for fault in found.faults), where
