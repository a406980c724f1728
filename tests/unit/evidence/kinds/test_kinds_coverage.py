from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.coverage import CoverageExpect, CoverageKind


def entry(executed, missing, excluded=(), **more):
    executed, missing, excluded = list(executed), list(missing), list(excluded)
    statements = len(executed) + len(missing)
    summary = {
        "covered_lines": len(executed),
        "num_statements": statements,
        "percent_covered": 100 * len(executed) / statements if statements else 100.0,
        "percent_covered_display": "0",
        "missing_lines": len(missing),
        "excluded_lines": len(excluded),
    }
    return {
        "executed_lines": executed,
        "summary": summary,
        "missing_lines": missing,
        "excluded_lines": excluded,
        **more,
    }


def report(files, **totals):
    executed = sum(len(found["executed_lines"]) for found in files.values())
    missing = sum(len(found["missing_lines"]) for found in files.values())
    whole = executed + missing
    return {
        "meta": {"format": 3, "version": "7.10.0", "timestamp": "2026-11-23T06:00:00", "branch_coverage": False},
        "files": files,
        "totals": {
            "covered_lines": executed,
            "num_statements": whole,
            "percent_covered": 100 * executed / whole if whole else 100.0,
            "missing_lines": missing,
            "excluded_lines": sum(len(found.get("excluded_lines", [])) for found in files.values()),
            **totals,
        },
    }


GOOD = report({"src/a.py": entry(range(1, 10), [10]), "src/b.py": entry(range(1, 9), [9, 10])})


def examine(document, **expect):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return CoverageKind().examine(Material("coverage.json", data), CoverageExpect(**expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def test_enough_is_covered():
    found = examine(GOOD)
    assert found.faults == ()
    assert found.facts == {"files": ("src/a.py", "src/b.py")}
    assert examine(GOOD, min_percent=85).faults == ()


def test_too_little_is_covered():
    (fault,) = examine(GOOD, min_percent=85.5).faults
    assert fault.rule == "coverage-low"
    assert "17 of 20" in fault.text
    assert "85.00 %" in fault.text
    assert "85.5 %" in fault.text
    assert rules(examine(GOOD, min_files=3)) == ["coverage-low"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("percent_covered", 100.0),
        ("percent_covered", 100),
        ("percent_covered", "85"),
        ("percent_covered", True),
        ("percent_covered", 10**400),
        ("covered_lines", 20),
        ("covered_lines", 17.0),
        ("num_statements", 17),
        ("missing_lines", 0),
        ("excluded_lines", 5),
        ("num_branches", 1),
    ],
)
def test_totals_that_lie(key, value):
    document = copy.deepcopy(GOOD)
    document["totals"][key] = value
    found = examine(document)
    assert rules(found) == ["evidence-malformed"]
    assert f"totals.{key}" in found.faults[0].text


def test_totals_are_never_believed():
    document = report({"a.py": entry([1], range(2, 11))}, percent_covered=100.0, covered_lines=10)
    assert "coverage-low" in rules(examine(document))


def test_a_file_that_lies_of_itself():
    document = copy.deepcopy(GOOD)
    document["files"]["src/a.py"]["summary"]["covered_lines"] = 10
    assert rules(examine(document)) == ["evidence-malformed"]


def test_lines_that_are_no_statements_are_believed_only_downwards():
    found = entry([1, 2, 3, 4, 5, 6], [7, 8], [1, 2])  # as coverage.py 7.6 lists docstrings and excluded lines
    found["summary"].update(covered_lines=3, num_statements=5, percent_covered=60.0)
    document = report({"a.py": found}, covered_lines=3, num_statements=5, percent_covered=60.0)
    (fault, flood) = examine(document).faults
    assert "3 of 5" in fault.text
    assert "excluded" in flood.text


@pytest.mark.parametrize(
    ("executed", "missing", "found"),
    [
        ([[1, 2]] * 1000, [[1, -1]], []),
        ([[1, 2]], [[1, 2]], ["evidence-malformed"]),
        ([[1, 2, 3]], [], ["evidence-malformed"]),
        ([["1", 2]], [], ["evidence-malformed"]),
        ([1], [], ["evidence-malformed"]),
        ([[True, 2]], [], ["evidence-malformed"]),
        ([], {}, ["evidence-malformed"]),
    ],
)
def test_branches_are_counted_once_and_are_branches(executed, missing, found):
    branched = entry(range(1, 10), [10], executed_branches=executed, missing_branches=missing, summary={})
    examined = examine({**report({"a.py": branched}), "totals": {}}, min_percent=50)
    assert rules(examined) == found
    assert not found or "a.py" in examined.faults[0].text


def test_a_branch_that_is_repeated_does_not_make_up_for_those_that_are_missed():
    branched = entry(range(1, 3), [], executed_branches=[[1, 2]] * 1000, missing_branches=[[1, -1], [2, -1], [2, 1]], summary={})
    assert rules(examine({**report({"a.py": branched}), "totals": {}}, min_percent=80)) == ["coverage-low"]


def test_branches_may_lower_the_figure_and_never_raise_it():
    def branched(covered, missing):
        found = entry(range(1, 9), [9, 10], executed_branches=[[1, n] for n in range(covered)])
        found["missing_branches"] = [[2, -n] for n in range(missing)]
        percent = 100 * (8 + covered) / (10 + covered + missing)
        found["summary"]["percent_covered"] = percent
        return report({"a.py": found}, percent_covered=percent)

    assert examine(branched(4, 1)).faults == ()
    assert rules(examine(branched(0, 5))) == ["coverage-low"]
    assert rules(examine(branched(90, 0), min_percent=81)) == ["coverage-low"]


@pytest.mark.parametrize("files", [{}, {"a.py": entry([], [])}, {"a.py": entry([], [], [1, 2, 3])}])
def test_nothing_measured_is_no_pass(files):
    assert rules(examine(report(files), min_percent=0)) == ["evidence-missing"]


def test_a_flood_of_exclusions():
    assert examine(report({"a.py": entry(range(1, 11), [], [11, 12])})).faults == ()
    (fault,) = examine(report({"a.py": entry(range(1, 11), [], [11, 12, 13])})).faults
    assert fault.rule == "coverage-low"
    assert "3 lines are excluded" in fault.text


@pytest.mark.parametrize(
    "change",
    [
        {"executed_lines": [1, 1, 1]},
        {"executed_lines": [1, "2"]},
        {"executed_lines": [True]},
        {"executed_lines": [0]},
        {"executed_lines": [-1]},
        {"executed_lines": [1.0]},
        {"executed_lines": None},
        {"missing_lines": 3},
        {"excluded_lines": "1"},
        {"executed_branches": 1},
        {"summary": []},
        {"executed_lines": list(range(1, 11))},
    ],
)
def test_a_file_that_is_malformed_counts_for_nothing(change):
    document = copy.deepcopy(GOOD)
    document["files"]["src/a.py"].update(change)
    assert "evidence-malformed" in rules(examine(document))


@pytest.mark.parametrize(
    "document",
    [
        b"[]",
        b"{}",
        b"not json",
        b'{"meta": {"format": 3}, "files": {}}',
        b'{"meta": {"format": 3}, "files": [], "totals": {}}',
        b'{"meta": {"format": 1}, "files": {}, "totals": {}}',
        b'{"meta": {"format": "3"}, "files": {}, "totals": {}}',
        b'{"meta": {"format": true}, "files": {}, "totals": {}}',
        b'{"meta": {"format": 3}, "meta": {}, "files": {}, "totals": {}}',
        b'{"totals": {"percent_covered": NaN}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_report(document):
    assert rules(examine(document)) == ["evidence-malformed"]


def test_one_file_under_two_names():
    document = report({"src/a.py": entry([1], []), "./src/a.py": entry([1], []), "src\\a.py": entry([1], [])})
    assert rules(examine(document)) == ["evidence-malformed", "evidence-malformed"]


def test_format_2_and_files_that_are_not_objects():
    document = copy.deepcopy(GOOD)
    document["meta"]["format"] = 2
    assert examine(document).faults == ()
    document["files"]["x.py"] = 7
    assert rules(examine(document)) == ["evidence-malformed"]


@pytest.mark.parametrize("value", [-1, 101, float("nan"), True, "80"])
def test_the_minimum_is_a_percentage(value):
    with pytest.raises(ValidationError):
        CoverageExpect(min_percent=value)


def test_an_integer_minimum_stays_one():
    assert type(CoverageExpect.model_validate({"min_percent": 80}).min_percent) is int
    assert type(CoverageExpect().min_percent) is int


LINES = st.sets(st.integers(1, 30))


@given(LINES, LINES, st.floats(0, 100))
@settings(max_examples=150, deadline=None)
def test_the_figure_is_that_of_the_lines(executed, missing, stated):
    missing -= executed
    found = examine(report({"a.py": entry(executed, missing)}, percent_covered=stated))
    if not found.faults:
        assert len(executed) >= 0.8 * len(executed | missing) > 0
        assert abs(stated - 100 * len(executed) / len(executed | missing)) <= 0.01


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just("x"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD["files"]["src/a.py"], "covered_lines"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(VALUES, VALUES)
@settings(max_examples=150, deadline=None)
def test_no_document_makes_it_raise(files, totals):
    assert examine({"meta": {"format": 3}, "files": {"a.py": files}, "totals": totals}).faults
