from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from support.contents import sarif
from support.mutations import mutated

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.sarif import SarifExpect, SarifKind

FOUND = {
    "ruleId": "B602",
    "level": "warning",
    "message": {"text": "a shell"},
    "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/a.py"}, "region": {"startLine": 3}}}],
}


def examined(log, **expect):
    return SarifKind().examine(Material("audit.sarif", json.dumps(log).encode()), SarifExpect.model_validate(expect))


def run_of(**changes):
    log = sarif()
    log["runs"][0] |= changes
    return log


def rules(found):
    return [fault.rule for fault in found.faults]


def test_a_good_log_publishes_what_was_found_and_by_whom():
    found = examined(sarif(FOUND, FOUND, {"ruleId": "B101", "level": "note"}))
    assert found.faults == ()
    assert found.facts == {"findings": ("B602", "B101"), "tools": ("audit",)}


def test_a_clean_log_of_a_tool_that_looked_is_a_pass():
    assert examined(sarif()).faults == ()


def test_a_clean_log_that_shows_nothing_is_one_where_the_plan_says_so():
    run = {"tool": {"driver": {"name": "ruff", "rules": []}}, "results": []}
    log = {"version": "2.1.0", "runs": [run]}
    assert rules(examined(log)) == ["evidence-missing"]
    assert rules(examined(log, bare=True)) == []
    assert rules(examined(log, bare=True, min_artifacts=1)) == ["evidence-missing"]
    del run["results"]
    assert rules(examined(log, bare=True)) == ["evidence-missing"]


def test_what_bandit_tells_of_each_file_and_takes_out_of_its_totals():
    told = {"_totals": {"loc": 9, "nosec": 0}, "./a.py": {"nosec": 1}, "./b.py": {"skipped_tests": 2}, "c": 3}
    (fault,) = examined(run_of(properties={"metrics": told})).faults
    assert (fault.rule, "take 3 results out" in fault.text) == ("validation-failed", True)


def test_the_files_that_bandit_read_are_those_of_its_metrics():
    told = {
        "_totals": {"loc": 9},
        "./src/a.py": {"loc": 5},
        "src/b.py": {"loc": 4},
        "src/a.py": {"loc": 5},
        "empty.py": {"loc": 0},
        "c": {"loc": "1"},
    }
    log = run_of(properties={"metrics": told}, artifacts=[{"location": {"uri": "src/b.py"}}])
    assert examined(log, min_artifacts=2).faults == ()
    assert rules(examined(log, min_artifacts=3)) == ["evidence-missing"]


@pytest.mark.parametrize(
    ("totals", "rule"),
    [
        ({"loc": 4, "nosec": 1, "skipped_tests": 0}, "validation-failed"),
        ({"loc": 4, "skipped_tests": 2}, "validation-failed"),
        ({"loc": 0}, "evidence-missing"),
    ],
)
def test_what_bandit_tells_among_its_metrics_alone(totals, rule):
    log = run_of(properties={"metrics": {"_totals": totals, "./a.py": totals}})
    assert rules(examined(log)) == [rule]
    assert rules(examined(log, suppressed_in_source=True)) == [rule] * (rule == "evidence-missing")
    for other in ({"loc": 4, "nosec": 0, "skipped_tests": 0}, {}, [], {"loc": "0", "nosec": "1"}):
        assert examined(run_of(properties={"metrics": {"_totals": other}})).faults == ()


@pytest.mark.parametrize(
    ("level", "worst", "passes"),
    [
        ("error", "warning", False),
        ("warning", "warning", True),
        ("warning", "note", False),
        ("note", "note", True),
        ("note", "none", False),
    ],
)
def test_what_is_worse_than_it_may_be_fails(level, worst, passes):
    found = examined(sarif({**FOUND, "level": level}), max_level=worst)
    assert (not found.faults) == passes
    if not passes:
        assert rules(found) == ["validation-failed"]
        assert "B602 at src/a.py:3" in found.faults[0].text
        assert "a shell" in found.faults[0].text


def test_nobody_may_expect_errors():
    with pytest.raises(ValidationError):
        SarifExpect.model_validate({"max_level": "error"})


def test_a_result_without_a_level_is_a_warning():
    assert examined(sarif({"ruleId": "X"})).faults == ()
    assert rules(examined(sarif({"ruleId": "X"}), max_level="note")) == ["validation-failed"]


@pytest.mark.parametrize(
    "reference", [{"ruleId": "X"}, {"ruleIndex": 1}, {"rule": {"id": "X"}}, {"rule": {"index": 1}}, {"ruleId": "X", "ruleIndex": 1}]
)
def test_a_result_without_a_level_has_that_of_its_rule(reference):
    described = [{"id": "W"}, {"id": "X", "defaultConfiguration": {"level": "error"}}]
    log = run_of(tool={"driver": {"name": "audit", "rules": described}}, results=[reference])
    assert rules(examined(log)) == ["validation-failed"]
    assert examined(log).facts["findings"] == ("X",)


def test_the_rule_of_an_extension_is_looked_up_there():
    parts = {
        "driver": {"name": "audit"},
        "extensions": [{"name": "plug", "rules": [{"id": "P1", "defaultConfiguration": {"level": "error"}}]}],
    }
    log = run_of(tool=parts, results=[{"rule": {"index": 0, "toolComponent": {"index": 0}}}])
    assert rules(examined(log)) == ["validation-failed"]


def test_a_result_that_names_no_rule_could_never_be_answered():
    assert "names no rule" in examined(sarif({"message": {"text": "something"}})).faults[0].text


@pytest.mark.parametrize("kind", ["pass", "informational", "notApplicable"])
def test_what_tells_of_no_weakness_counts_for_nothing(kind):
    found = examined(sarif({"ruleId": "X", "kind": kind, "level": "none"}))
    assert (found.faults, found.facts["findings"]) == ((), ())


@pytest.mark.parametrize("kind", ["open", "review"])
def test_what_somebody_must_still_look_at_counts(kind):
    assert rules(examined(sarif({"ruleId": "X", "kind": kind, "level": "error"}))) == ["validation-failed"]


@pytest.mark.parametrize("change", [{"kind": "passed"}, {"kind": ["pass"]}, {"level": "low"}, {"level": ["note"]}, {"level": "ERROR"}])
def test_words_the_standard_does_not_know_are_no_pass(change):
    assert rules(examined(sarif({**FOUND, **change}))) == ["evidence-malformed"]


def test_a_suppression_with_a_justification_is_a_decision_that_is_still_to_be_answered():
    log = sarif({**FOUND, "level": "error", "suppressions": [{"kind": "external", "justification": "the input is a constant"}]})
    assert (examined(log).faults, examined(log).facts["findings"]) == ((), ("B602",))


@pytest.mark.parametrize(
    "suppressions",
    [
        [{"kind": "inSource"}],
        [{"kind": "inSource", "justification": "  "}],
        [{"kind": "external", "status": "underReview", "justification": "maybe"}],
        [{"kind": "external", "status": "rejected", "justification": "no"}],
        [{"justification": "yes"}, {"kind": "inSource"}],
        [{"kind": "external", "justification": "\u200b"}],
        [{"kind": "external", "justification": "\u3164 ."}],
        ["nosec"],
    ],
)
def test_a_suppression_without_one_counts_whatever_the_level(suppressions):
    found = examined(sarif({**FOUND, "level": "note", "suppressions": suppressions}))
    assert "suppressed without a justification" in found.faults[0].text


def test_no_suppressions_are_none():
    assert rules(examined(sarif({**FOUND, "level": "error", "suppressions": []}))) == ["validation-failed"]


@pytest.mark.parametrize("runs", [None, [], {}])
def test_a_log_without_runs_is_no_data(runs):
    assert rules(examined({"version": "2.1.0", "runs": runs})) == ["evidence-missing"]


@pytest.mark.parametrize("results", [None, "none", {}])
def test_a_run_without_a_list_of_results_did_not_get_so_far(results):
    assert rules(examined(run_of(results=results))) == ["evidence-missing"]


@pytest.mark.parametrize("tool", [{}, {"driver": {}}, {"driver": {"name": " "}}, {"driver": {"name": 1}}])
def test_a_run_of_no_tool_is_none(tool):
    assert "names no tool" in examined(run_of(tool=tool)).faults[0].text


def test_a_run_that_shows_nothing_of_what_it_did_is_no_data():
    log = run_of(invocations=[], artifacts=[])
    assert rules(examined(log)) == ["evidence-missing"]
    log["runs"][0]["tool"]["driver"]["rules"] = [{"id": "X"}]
    assert examined(log).faults == ()


@pytest.mark.parametrize("invocation", [{"executionSuccessful": False}, {}, {"executionSuccessful": "true"}, {"executionSuccessful": 1}])
def test_a_run_that_did_not_end_well_fails(invocation):
    assert rules(examined(run_of(invocations=[{"executionSuccessful": True}, invocation]))) == ["validation-failed"]


def test_too_few_files_and_a_missing_tool_are_told():
    assert rules(examined(sarif(), min_artifacts=2)) == ["evidence-missing"]
    assert "no run of semgrep" in examined(sarif(), tools=["audit", "semgrep"]).faults[0].text


def test_one_file_named_twice_is_one_file():
    twice = [{"location": {"uri": "a.py"}}, {"location": {"uri": "a.py"}}]
    assert rules(examined(run_of(artifacts=twice), min_artifacts=2)) == ["evidence-missing"]


@pytest.mark.parametrize("version", ["2.0.0", "2.1", 2.1, None])
def test_other_versions_are_not_read(version):
    assert "2.1.0 is read" in examined({**sarif(), "version": version}).faults[0].text


def test_every_run_counts():
    log = sarif()
    log["runs"].append(sarif({**FOUND, "level": "error"})["runs"][0])
    assert rules(examined(log)) == ["validation-failed"]


def test_a_flood_of_results_is_told_in_a_few_words():
    found = examined(sarif(*[{**FOUND, "level": "error", "message": {"text": "x" * 10_000}}] * 500))
    assert len(found.faults) == 20
    assert all(len(fault.text) < 600 for fault in found.faults)


def test_no_shape_makes_it_raise():
    whole = sarif(
        {**FOUND, "suppressions": [{"justification": "why"}], "rule": {"index": 0, "toolComponent": {"index": -1}}, "ruleIndex": 0}
    )
    whole["runs"][0]["tool"] = {
        "driver": {"name": "audit", "rules": [{"id": "B602", "defaultConfiguration": {"level": "note"}}]},
        "extensions": [],
    }
    for where, log in mutated(whole):
        found = examined(log)
        assert all(fault.text.startswith("audit.sarif: ") for fault in found.faults), where


@pytest.mark.parametrize(
    ("invocations", "fits"),
    [
        ([{"executionSuccessful": True, "endTimeUtc": "2026-11-23T06:10:00Z"}], True),
        ([{"executionSuccessful": True, "endTimeUtc": "2026-11-21T06:10:00Z"}], False),
        ([{"executionSuccessful": True}], False),
        ([], False),
    ],
)
def test_a_log_of_another_time(invocations, fits):
    work = Work(datetime(2026, 11, 23, 6, 0, tzinfo=UTC), datetime(2026, 11, 23, 6, 30, tzinfo=UTC))
    material = Material("audit.sarif", json.dumps(run_of(invocations=invocations)).encode(), work=work)
    assert rules(SarifKind().examine(material, SarifExpect(fresh=True))) == ([] if fits else ["report-stale"])
    assert rules(SarifKind().examine(material, SarifExpect())) == []


def test_files_are_counted_once_however_they_are_spelled_and_only_if_they_were_analysed():
    places = [{"location": {"uri": uri}} for uri in ("a.py", "./a.py", "x/../a.py", "a.py#L1")]
    aside = [
        {"location": {"uri": "conf.toml"}, "roles": ["toolSpecifiedConfiguration"]},
        {"location": {"uri": "b.py"}, "roles": ["analysisTarget"]},
    ]
    assert rules(examined(run_of(artifacts=[*places, *aside]), min_artifacts=3)) == ["evidence-missing"]
    assert rules(examined(run_of(artifacts=[*places, *aside]), min_artifacts=2)) == []


@pytest.mark.parametrize(
    ("state", "found"), [("absent", []), ("new", ["B602"]), ("unchanged", ["B602"]), ("updated", ["B602"]), ("ABSENT", ["B602"])]
)
def test_what_an_earlier_run_had_and_this_one_has_not_is_no_result(state, found):
    examination = examined(sarif({**FOUND, "level": "error", "baselineState": state}))
    assert [fault.subject for fault in examination.faults] == found
    assert list(examination.facts["findings"]) == found
