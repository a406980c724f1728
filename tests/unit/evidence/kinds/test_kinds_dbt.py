from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mutations import mutated

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.dbt import DbtExpect, DbtKind

BEGAN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WORK = Work(BEGAN, BEGAN + timedelta(minutes=30))


def result(identity, status, **more):
    timing = [{"name": "execute", "started_at": "2026-11-23T06:09:00.1Z", "completed_at": "2026-11-23T06:09:01.4Z"}]
    return {"unique_id": identity, "status": status, "timing": timing, "execution_time": 1.3, "failures": None, "message": "OK", **more}


def span(begun, ended):
    return [{"started_at": f"2026-11-23T{begun}", "completed_at": f"2026-11-23T{ended}"}]


GOOD = {
    "metadata": {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
        "dbt_version": "1.9.0",
        "generated_at": "2026-11-23T06:10:00.5Z",
    },
    "results": [
        result("model.shop.orders", "success"),
        result("test.shop.unique_orders_id.1", "pass", failures=0),
        result("unit_test.shop.orders.sums", "pass", failures=0),
        result("seed.shop.countries", "success"),
        result("exposure.shop.board", "no-op", timing=[]),
    ],
    "elapsed_time": 4.5,
    "args": {"which": "build", "select": []},
}
MANIFEST = {
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "generated_at": "2026-11-23T06:10:00Z"},
    "nodes": {
        "model.shop.orders": {},
        "model.shop.bare": {},
        "test.shop.unique_orders_id.1": {"depends_on": {"nodes": ["model.shop.orders"]}},
    },
    "unit_tests": {"unit_test.shop.x": {"depends_on": {"nodes": ["model.shop.orders"]}}},
}


def examined(artifact, work=WORK, **expect):
    data = artifact if isinstance(artifact, bytes) else json.dumps(artifact).encode()
    return DbtKind().examine(Material("run_results.json", data, work=work), DbtExpect.model_validate(expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def with_result(identity, status, **more):
    return {**GOOD, "results": [*GOOD["results"], result(identity, status, **more)]}


def test_good_results():
    found = examined(GOOD, min_results=4, min_tests=2, max_seconds=5, command="build", fresh=True)
    assert found.faults == ()
    assert found.facts["results"][0] == "model.shop.orders"
    assert "exposure.shop.board" not in found.facts["results"]
    assert set(found.facts["cites"]) == set(found.facts["results"])


@pytest.mark.parametrize("results", [[], [result("exposure.a.b", "no-op")], [result("model.a.b", "skipped")]])
def test_no_results_are_no_pass(results):
    assert "evidence-missing" in rules(examined({**GOOD, "results": results}))


@pytest.mark.parametrize("status", ["error", "fail", "runtime error", "partial success"])
def test_what_failed(status):
    found = examined(with_result("test.shop.x", status, message="3 rows\nmore", failures=3))
    assert rules(found) == ["validation-failed"]
    assert "3 rows more" in found.faults[0].text
    assert "test.shop.x" not in found.facts["cites"]


def test_warnings_and_skips_are_counted():
    assert rules(examined(with_result("test.shop.x", "warn", failures=2))) == ["validation-failed"]
    assert examined(with_result("test.shop.x", "warn"), max_warnings=1).faults == ()
    assert rules(examined(with_result("model.shop.x", "skipped"))) == ["tests-skipped"]
    assert examined(with_result("model.shop.x", "skipped"), max_skipped=1).faults == ()


def test_a_test_that_passes_by_thresholds_of_its_own():
    found = examined(with_result("test.shop.x", "pass", failures=7))
    assert rules(found) == ["validation-failed"]
    assert "7 rows fail it" in found.faults[0].text
    assert examined(with_result("test.shop.x", "pass", failures=7), max_failing_rows=7).faults == ()


@pytest.mark.parametrize("status", ["PASS", "passed", "", None, True, "success ", []])
def test_a_status_that_dbt_does_not_know(status):
    assert rules(examined(with_result("test.shop.x", status))) == ["evidence-malformed"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"elapsed_time": -1}, "evidence-malformed"),
        ({"elapsed_time": "4"}, "evidence-malformed"),
        ({"elapsed_time": 0.1}, "evidence-malformed"),
        ({"elapsed_time": None}, "evidence-malformed"),
        ({"elapsed_time": 6}, "validation-failed"),
        ({"args": {"which": "compile"}}, "evidence-missing"),
        ({"args": {"which": "clone"}}, "evidence-missing"),
        ({"args": {"which": "run"}}, "report-foreign"),
        ({"args": {}}, "report-foreign"),
        ({"args": {"which": []}}, "report-foreign"),
        ({"args": {"which": "build", "empty": True}}, "evidence-missing"),
        ({"metadata": {}}, "evidence-malformed"),
        ({"metadata": {**GOOD["metadata"], "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v1.json"}}, "evidence-malformed"),
        ({"metadata": {**GOOD["metadata"], "dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"}}, "evidence-malformed"),
        ({"metadata": {**GOOD["metadata"], "generated_at": "2026-11-22T06:10:00Z"}}, "report-stale"),
        ({"results": {}}, "evidence-malformed"),
        ({"results": [GOOD["results"][0]] * 2}, "evidence-malformed"),
        ({"results": [{"status": "success"}]}, "evidence-malformed"),
        ({"results": [result("model.a.b", "success", execution_time=-1)]}, "evidence-malformed"),
        ({"results": [result("model.a.b", "success", execution_time=60)]}, "evidence-malformed"),
        ({"results": [result("test.a.b", "pass", failures=-1)]}, "evidence-malformed"),
        ({"results": [result("test.a.b", "pass", timing=span("06:09:02Z", "06:09:01Z"))]}, "evidence-malformed"),
        ({"results": [result("test.a.b", "pass", timing=span("06:09:02", "06:09:01Z"))]}, "evidence-malformed"),
        ({"results": [result("test.a.b", "pass", timing=span("07:09:02Z", "07:19:01Z"))]}, "evidence-malformed"),
    ],
)  # fmt: skip
def test_what_cannot_be_or_was_not_asked_for(change, rule):
    assert rule in rules(examined({**copy.deepcopy(GOOD), **change}, command="build", max_seconds=5, fresh=True))


@pytest.mark.parametrize(
    ("args", "selection", "fits"),
    [
        ({"select": ["tag:daily"]}, [], False),
        ({"select": ["tag:daily"]}, ["tag:daily"], True),
        ({"select": ["tag:daily"], "exclude": ["orders"]}, ["tag:daily"], False),
        ({"select": "tag:daily"}, ["tag:daily"], True),
        ({"exclude": ["orders"]}, [], False),
        ({"models": ["orders"]}, [], False),
        ({"selector": "nightly"}, [], False),
        ({"selector": "nightly"}, ["nightly"], True),
        ({"exclude_resource_types": ["test", "unit_test"]}, [], False),
        ({"resource_types": ["model"]}, ["model"], True),
        ({"select": [], "exclude": None, "selector": "", "resource_types": []}, [], True),
        ({"invocation_command": "dbt --quiet retry"}, [], False),
        ({"invocation_command": "dbt retry --target ci"}, ["retry"], True),
        ({"which": "retry"}, [], False),
        ({"invocation_command": "dbt build --target retrying", "profile": "retry"}, [], True),
        ({"indirect_selection": "empty"}, [], False),
        ({"event_time_start": "2026-11-22", "event_time_end": "2026-11-23"}, [], False),
        ({"event_time_start": "2026-11-22"}, ["2026-11-22"], True),
        ({"event_time_start": None, "event_time_end": None}, [], True),
        ({"indirect_selection": "empty"}, ["empty"], True),
        ({"indirect_selection": "eager", "warn_error_options": {"silence": ["NothingToDo"]}}, [], True),
        ({"sample": "1 day"}, ["1 day"], False),
        ({"sample": {"start": "2026-11-01"}}, [], False),
        ({"sample": None, "empty": False}, [], True),
    ],
)
def test_a_run_that_was_narrowed_down(args, selection, fits):
    assert rules(examined({**GOOD, "args": {"which": "build", **args}}, selection=selection)) == ([] if fits else ["evidence-missing"])


def test_what_a_result_tells_beside_its_status():
    batches = {"successful": [["a", "b"]], "failed": [["b", "c"]]}
    assert rules(examined(with_result("model.shop.x", "success", batch_results=batches))) == ["validation-failed"]
    assert examined(with_result("model.shop.x", "success", batch_results={**batches, "failed": []}, compiled=False)).faults == ()
    assert rules(examined(with_result("test.shop.x", "pass", failures=0, compiled=False))) == ["evidence-malformed"]
    assert examined(with_result("test.shop.x", "pass", failures=0, compiled=True)).faults == ()


def test_what_was_reused_did_not_run():
    found = examined(with_result("model.shop.x", "reused"))
    assert (found.faults, "model.shop.x" in found.facts["results"]) == ((), False)
    assert rules(examined({**GOOD, "results": [result("model.shop.x", "reused")]})) == ["evidence-missing"]


def test_two_projects_may_have_hooks_of_one_name():
    hooks = [result("operation.shop.shop-on-run-end-0", "success")] * 2
    assert examined({**GOOD, "results": [*GOOD["results"], *hooks]}).faults == ()


def test_a_manifest_publishes_its_nodes():
    found = examined(MANIFEST, fresh=True)
    assert found.faults == ()
    assert found.facts["nodes"] == ("model.shop.orders", "model.shop.bare", "test.shop.unique_orders_id.1", "unit_test.shop.x")
    (fault,) = examined(MANIFEST, max_untested=0).faults
    assert fault.rule == "validation-failed"
    assert "model.shop.bare" in fault.text
    assert examined(MANIFEST, max_untested=1).faults == ()
    assert rules(examined({**MANIFEST, "nodes": {}})) == ["evidence-missing"]
    late = {**MANIFEST, "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v20.json"}}
    assert examined(late).faults == ()


@pytest.mark.parametrize("artifact", [GOOD, MANIFEST])
def test_no_change_makes_it_raise(artifact):
    for _, document in mutated(artifact):
        examined(document, command="build", max_untested=0, fresh=True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["pass", "skipped", "x.y", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD["results"][0]]), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(VALUES, VALUES)
@settings(max_examples=100, deadline=None)
def test_no_results_make_it_raise(results, args):
    examined({**GOOD, "results": results, "args": args})


def test_figures_beyond_a_double_and_the_last_moment_there_is_are_told():
    assert rules(examined({**GOOD, "elapsed_time": 10**400})) == ["evidence-malformed"]
    assert rules(examined(with_result("model.shop.orders", "success", execution_time=10**400))) == ["evidence-malformed"]
    late = {**GOOD, "metadata": {**GOOD["metadata"], "generated_at": "9999-12-31T23:59:59-23:59"}}
    assert examined(late).faults == ()  # nobody asked for it to be fresh
    assert "report-stale" in rules(examined(late, fresh=True))
