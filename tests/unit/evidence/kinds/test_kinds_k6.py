"""Load tests of k6, in the two forms of its summary."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mutations import mutated

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.benchmark import BenchmarkExpect, BenchmarkKind

TREND = {"avg": 144.5, "min": 104.1, "med": 110.4, "max": 1140.0, "p(90)": 203.5, "p(95)": 215.9}
EXPORTED = {
    "root_group": {
        "name": "",
        "groups": {"g": {"name": "g", "groups": {}, "checks": {"up": {"name": "up", "passes": 40, "fails": 0}}}},
        "checks": {"ok": {"name": "ok", "passes": 50, "fails": 0}},
    },
    "metrics": {
        "http_req_duration": {**TREND, "thresholds": {"p(95)<500": False}},
        "http_req_duration{expected_response:true}": TREND,
        "iteration_duration": {"avg": 12910, "min": 12530, "med": 12770, "max": 14350, "p(90)": 13360, "p(95)": 13370},
        "iterations": {"count": 45, "rate": 1.092345},
        "http_reqs": {"count": 180, "rate": 4.36938},
        "checks": {"passes": 90, "fails": 0, "value": 1},
        "http_req_failed": {"passes": 0, "fails": 180, "value": 0, "thresholds": {"rate<0.01": False}},
        "vus": {"value": 1, "min": 1, "max": 19},
    },
}
HANDLED = {
    "root_group": {"name": "", "groups": [], "checks": [{"name": "ok", "passes": 90, "fails": 0}]},
    "options": {"summaryTimeUnit": "", "noColor": False},
    "state": {"isStdOutTTY": True, "testRunDurationMs": 41196.2},
    "metrics": {
        name: {"type": "x", "contains": "time", "values": {key: value for key, value in metric.items() if key != "thresholds"}}
        | (
            {"thresholds": {source: {"ok": not crossed} for source, crossed in metric["thresholds"].items()}}
            if "thresholds" in metric
            else {}
        )
        for name, metric in EXPORTED["metrics"].items()
    },
}
BOTH = pytest.mark.parametrize("summary", [EXPORTED, HANDLED], ids=["exported", "handled"])


def examined(summary, **expect):
    data = json.dumps(summary).encode()
    return BenchmarkKind().examine(Material("k6.json", data), BenchmarkExpect.model_validate(expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def changed(summary, metric, **values):
    document = copy.deepcopy(summary)
    found = document["metrics"][metric]
    found.get("values", found).update(values)
    return document


@BOTH
def test_a_good_load(summary):
    found = examined(summary, limit="limit", max_seconds=0.2, max_p95_seconds=0.3, min_rounds=45, min_load_seconds=40)
    assert found.faults == ()
    assert found.facts["benchmarks"] == ("http_req_duration", "http_req_duration{expected_response:true}", "iteration_duration")


@BOTH
def test_no_iterations_are_no_pass(summary):
    found = examined(changed(summary, "iterations", count=0, rate=0))
    assert rules(found) == ["evidence-missing"]
    assert rules(examined(summary, min_rounds=46)) == ["evidence-missing"]
    bare = copy.deepcopy(summary)
    del bare["metrics"]["iterations"]
    assert "evidence-missing" in rules(examined(bare))
    assert rules(examined({"metrics": {}})) == ["evidence-missing"] * 3


@BOTH
def test_only_the_warm_up(summary):
    assert rules(examined(summary, min_load_seconds=60)) == ["evidence-missing"]


@BOTH
def test_times_are_milliseconds_and_limits_seconds(summary):
    (fault,) = examined(summary, max_seconds=0.1).faults
    assert fault.rule == "validation-failed"
    assert "its median is 0.1104 s" in fault.text
    assert rules(examined(summary, max_p95_seconds=0.2)) == ["validation-failed"]
    assert "k6 counts milliseconds" in examined(changed(summary, "iteration_duration", max=12_910_000)).faults[0].text


def test_thresholds_that_were_crossed():
    exported = copy.deepcopy(EXPORTED)
    exported["metrics"]["http_req_duration"]["thresholds"] = {"p(95)<200": True}
    assert rules(examined(exported)) == ["validation-failed"]
    handled = copy.deepcopy(HANDLED)
    handled["metrics"]["http_req_duration"]["thresholds"] = {"p(95)<200": {"ok": False}}
    assert rules(examined(handled)) == ["validation-failed"]


@pytest.mark.parametrize(
    ("source", "crossed"), [("p(95)<200", False), ("p(95) < 500", True), ("max>=1e3", "yes"), ("avg<1", None), ("med==1.5", False)]
)
def test_thresholds_that_lie(source, crossed):
    document = copy.deepcopy(EXPORTED)
    document["metrics"]["http_req_duration"]["thresholds"] = {source: crossed}
    assert rules(examined(document)) == ["evidence-malformed"]


def test_a_load_without_a_limit_of_its_own():
    document = copy.deepcopy(EXPORTED)
    del document["metrics"]["http_req_duration"]["thresholds"]
    assert rules(examined(document, limit="limit_seconds")) == ["evidence-missing"]
    assert examined(document).faults == ()


@pytest.mark.parametrize(
    ("threshold", "limits"),
    [
        ("p(95)>=0", False),
        ("min<500", False),
        ("p(95)!=0", False),
        ("p(95)<500", True),
        ("avg<=500", True),
        ("count<500", False),
        ("rate<1", False),
    ],
)
def test_a_threshold_that_any_load_keeps_is_no_limit(threshold, limits):
    document = copy.deepcopy(EXPORTED)
    document["metrics"]["http_req_duration"]["thresholds"] = {threshold: False}
    assert rules(examined(document, limit="limit_seconds")) == ([] if limits else ["evidence-missing"])
    assert examined(document).faults == ()


@BOTH
def test_requests_and_checks_that_failed(summary):
    assert rules(examined(changed(summary, "http_req_failed", passes=180, fails=0, value=1)))[-1:] == ["validation-failed"]
    some = changed(summary, "checks", passes=89, fails=1, value=89 / 90)
    assert sorted(rules(examined(some))) == ["evidence-malformed", "validation-failed"]
    assert rules(examined(changed(summary, "checks", value=0.5))) == ["evidence-malformed"]
    few = changed(summary, "http_req_failed", passes=1, fails=179, value=1 / 180)
    assert examined(few, max_failed_percent=1).faults == ()


@pytest.mark.parametrize(
    "values", [{"min": 2000}, {"min": -1}, {"avg": 1}, {"med": 5000}, {"p(90)": 300}, {"p(95)": 2000}, {"max": 100}],
)  # fmt: skip
@BOTH
def test_figures_that_no_samples_give(summary, values):
    assert "evidence-malformed" in rules(examined(changed(summary, "http_req_duration", **values)))


def test_a_duration_that_does_not_fit_its_iterations():
    document = copy.deepcopy(HANDLED)
    document["state"]["testRunDurationMs"] = 600_000
    assert rules(examined(document)) == ["evidence-malformed"]


def test_k6_writes_no_time_so_it_is_never_fresh():
    assert rules(examined(EXPORTED, fresh=True)) == ["report-stale"]


def without(summary, *metrics, **more):
    document = copy.deepcopy(summary)
    for name in metrics:
        del document["metrics"][name]
    return {**document, **more}


@pytest.mark.parametrize("name", ["http_req_failed", "checks"])
@pytest.mark.parametrize("form", [lambda rate: {"value": rate}, lambda rate: {"values": {"rate": rate}}], ids=["exported", "handled"])
def test_a_rate_without_its_counts_is_judged_by_itself(name, form):
    good = 0 if name == "http_req_failed" else 1
    for rate, found in (
        (good, []),
        (0.5, ["validation-failed"]),
        (1 - good, ["validation-failed"]),
        (-1, ["evidence-malformed"]),
        (2, ["evidence-malformed"]),
    ):
        document = without(EXPORTED)
        document["metrics"][name] = form(rate)
        assert rules(examined(document)) == found, rate
    document["metrics"][name] = {"passes": 1}
    assert rules(examined(document)) == ["evidence-malformed"]
    assert examined(without(EXPORTED, name)).faults == (), "a test without any"


def test_checks_of_groups_count_though_no_metric_tells_them():
    failing = {"name": "", "groups": {}, "checks": {"ok": {"name": "ok", "passes": 0, "fails": 90}}}
    (fault,) = examined(without(EXPORTED, "checks", root_group=failing)).faults
    assert (fault.rule, "90 of 90 checks failed" in fault.text) == ("validation-failed", True)
    document = without(EXPORTED, root_group=failing)
    document["metrics"]["checks"] = {"value": 1}
    assert rules(examined(document)) == ["validation-failed"]


@BOTH
def test_iterations_that_were_dropped(summary):
    def dropped(count, **expect):
        document = copy.deepcopy(summary)
        document["metrics"]["dropped_iterations"] = {"count": count} if summary is EXPORTED else {"values": {"count": count}}
        return rules(examined(document, **expect))

    assert (dropped(0), dropped(2), dropped(3)) == ([], [], ["validation-failed"]), "of 47 and 48"
    assert (dropped(1, max_dropped_percent=0), dropped(45, max_dropped_percent=50)) == (["validation-failed"], [])
    assert dropped(-5) == ["validation-failed"]


@BOTH
def test_requests_that_nobody_made_took_no_time(summary):
    assert rules(examined(changed(summary, "http_reqs", count=0, rate=0))) == ["evidence-malformed"]
    assert examined(without(summary, "http_reqs")).faults == ()


def test_counts_below_none_are_none():
    assert "evidence-malformed" in rules(examined(changed(EXPORTED, "http_req_failed", passes=-90, fails=180, value=0)))


def test_no_time_measured():
    document = copy.deepcopy(EXPORTED)
    document["metrics"] = {"iterations": EXPORTED["metrics"]["iterations"]}
    assert set(rules(examined(document))) == {"evidence-missing"}
    assert rules(examined(changed(EXPORTED, "http_req_duration", med="x"), max_seconds=1)) == ["evidence-missing"]


@BOTH
def test_no_change_makes_it_raise(summary):
    for _, document in mutated(summary):
        examined(document, limit="x", max_seconds=1, max_p95_seconds=1, min_load_seconds=1)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just("x"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*TREND, "values", "thresholds", "avg<1"]), inner, max_size=5)
    ),
    max_leaves=10,
)


@given(VALUES, VALUES)
@settings(max_examples=100, deadline=None)
def test_no_metrics_make_it_raise(metric, group):
    examined({"metrics": {"http_req_duration": metric, "checks": metric, "iterations": {"count": 1}}, "root_group": group})


def test_figures_beyond_a_double_are_told():
    assert rules(examined({**HANDLED, "state": {"testRunDurationMs": 10**400}})) == ["evidence-malformed"]
    group = {
        "name": "",
        "groups": [],
        "checks": [{"name": "a", "passes": 10**4300 - 1, "fails": 0}, {"name": "b", "passes": 1, "fails": 0}],
    }
    with pytest.raises(ValueError, match="Exceeds the limit"):
        str(10**4300)  # what their sum would be shown as
    assert rules(examined({**HANDLED, "root_group": group})) == ["evidence-malformed"]


def test_very_many_metrics_with_a_threshold_each():
    metrics = {f"t{number}": {**TREND, "thresholds": {"max<2000": number == 7}} for number in range(60_000)}
    data = json.dumps(EXPORTED | {"metrics": EXPORTED["metrics"] | metrics}).encode()
    found = BenchmarkKind().examine(Material("summary.json", data), BenchmarkExpect())
    assert "t7" in {fault.subject for fault in found.faults}
    assert len(found.facts["benchmarks"]) == 60_003
