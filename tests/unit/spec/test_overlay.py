"""The laws of the overlay: a workflow binds, adds and tightens; it takes nothing away."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.spec.catalogue import read_pattern
from dag_factory.spec.overlay import overlay

GATE = {"says": "All three.", "timeout": "7d"}
ITEM = {"kind": "json", "needs": "observed", "expect": {"min_tests": 3, "max_size": 10, "sections": ["A", "B"], "flag": True}}
TASK = {"persona": "architect", "duty": "foundation", "writes": ["docs", "ux"], "validates": ["build"], "evidence": {"doc": ITEM}}
PATTERN: dict[str, Any] = {
    "pattern": "p",
    "requires": {"foundation": ["architect"]},
    "paths": {"docs": ["docs/**"]},
    "checks": {"unit": {"run": "make unit", "at": "converge"}},
    "phases": {"design": {"title": "Design", "tasks": {"architect": TASK}, "gate": GATE}},
    "checklists": {"list": {"item": {"says": "It is so", "holds": "complete", "tasks": ["design"], "due": ["design"]}}},
}


def nested(path: str, value: Any) -> dict[str, Any]:
    """`a.b.c` -> {a: {b: {c: value}}}."""
    for part in reversed(path.split(".")):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[part]
    return value


DOC = "phases.design.tasks.architect.evidence.doc"
TASKS = "phases.design.tasks"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("mission", "x"),
        ("personas", {"architect": {"command": "x"}}),
        ("paths.docs", ["handbook/**"]),
        ("paths.more", ["more/**"]),
        ("phases.design.title", "Drawing"),
        (f"{TASKS}.architect.does", "Draw."),
        ("phases.design.gate.says", "When all is drawn."),
        ("phases.late", {"after": "design"}),
        (f"{TASKS}.second", {"persona": "devops"}),
        (f"{TASKS}.architect.writes", ["docs"]),
        (f"{TASKS}.architect.writes", []),
        (f"{TASKS}.architect.validates", ["build", "test"]),
        (f"{TASKS}.architect.evidence.more", {"path": "MORE.md", "kind": "file"}),
        (f"{DOC}.needs", "attested"),
        (f"{DOC}.needs", "re-executed"),
        (f"{DOC}.needs", "observed"),
        (f"{DOC}.expect.min_tests", 4),
        (f"{DOC}.expect.max_size", 9.5),
        (f"{DOC}.expect.sections", ["A", "C", "B"]),
        (f"{DOC}.expect.min_cases", 1),
        (f"{DOC}.answers", {"stories": "design"}),
        ("requires.foundation", ["architect", "ux-designer"]),
        ("checklists.list.item.due", ["design", "late"]),
        ("checklists.mine", {}),
        ("phases.design.tasks.architect.persona", ["architect", "devops"]),  # told by a rule of its own
    ],
)
def test_a_workflow_binds_adds_and_tightens(path: str, value: Any) -> None:
    merged, loosened = overlay(PATTERN, nested(path, value))
    assert loosened == ()
    assert at(merged, path) == value


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("phases", None, "pattern-loosened"),
        ("phases", [], "wrong-type"),
        ("phases", "x", "wrong-type"),
        ("requires", None, "pattern-loosened"),
        ("checklists", None, "pattern-loosened"),
        ("checks", None, "pattern-loosened"),
        ("paths", None, "pattern-loosened"),
        ("paths.docs", [], "pattern-loosened"),
        ("phases.design", None, "phase-removed"),
        ("phases.design.tasks", None, "pattern-loosened"),
        ("phases.design.gate", None, "gate-missing"),
        ("phases.design.gate", "x", "wrong-type"),
        ("phases.design.gate.timeout", "8d", "pattern-loosened"),
        ("phases.design.before", "x", "pattern-loosened"),
        ("phases.design.after", "x", "pattern-loosened"),
        (f"{TASKS}.architect", None, "persona-removed"),
        (f"{TASKS}.architect.persona", "devops", "pattern-loosened"),
        (f"{TASKS}.architect.persona", "my_architect", "pattern-loosened"),
        (f"{TASKS}.architect.persona", "", "pattern-loosened"),
        (f"{TASKS}.architect.persona", None, "pattern-loosened"),
        (f"{TASKS}.architect.duty", "deployment", "pattern-loosened"),
        (f"{TASKS}.architect.writes", ["docs", "src"], "pattern-loosened"),
        (f"{TASKS}.architect.validates", [], "pattern-loosened"),
        (f"{TASKS}.architect.evidence", None, "evidence-removed"),
        (f"{TASKS}.architect.evidence.doc", None, "evidence-removed"),
        (f"{DOC}.kind", "file", "pattern-loosened"),
        (f"{DOC}.expect", None, "pattern-loosened"),
        (f"{DOC}.expect.min_tests", 2, "pattern-loosened"),
        (f"{DOC}.expect.min_tests", "3", "pattern-loosened"),
        (f"{DOC}.expect.min_tests", True, "pattern-loosened"),
        (f"{DOC}.expect.min_tests", None, "pattern-loosened"),
        (f"{DOC}.expect.max_size", 11, "pattern-loosened"),
        (f"{DOC}.expect.flag", False, "pattern-loosened"),
        (f"{DOC}.expect.flag", 1, "pattern-loosened"),
        (f"{DOC}.expect.sections", ["A"], "pattern-loosened"),
        (f"{DOC}.expect.sections", "A", "pattern-loosened"),
        ("requires.foundation", [], "pattern-loosened"),
        ("checks.unit.at", "seal", "pattern-loosened"),
        ("checklists.list", None, "pattern-loosened"),
        ("checklists.list.item.says", "It may be so", "pattern-loosened"),
        ("checklists.list.item.holds", "evidence", "pattern-loosened"),
        ("checklists.list.item.due", [], "pattern-loosened"),
    ],
)
def test_a_workflow_takes_nothing_away(path: str, value: Any, rule: str) -> None:
    merged, [loosened] = overlay(PATTERN, nested(path, value))
    assert loosened.rule == rule
    assert ".".join(map(str, loosened.path)).startswith(path)
    assert loosened.reason
    assert loosened.remedy.endswith(".")
    if path.endswith(("before", "after")):
        return
    assert at(merged, path) == at(PATTERN, path), "the pattern's value is kept"


def test_a_grade_is_not_lowered() -> None:
    for base, over, fine in [("attested", "re-executed", True), ("re-executed", "attested", False), ("attested", "observed", False)]:
        _, loosened = overlay({"phases": {"p": {"needs": base}}}, {"phases": {"p": {"needs": over}}})
        assert (loosened == ()) is fine


@pytest.mark.parametrize(
    ("key", "base", "over", "fine"),
    [
        ("max_level", "warning", "note", True),
        ("max_level", "note", "warning", False),
        ("max_level", "warning", "error", False),
        ("max_level", "warning", ["note"], False),
        ("max_severity", "high", "none", True),
        ("max_severity", "none", "low", False),
        ("ignore", [], [{"id": "CVE-1", "reason": "never called here"}], True),
        ("limit", "limit_seconds", "other", False),
    ],
)
def test_the_worst_that_may_be_is_not_raised(key: str, base: Any, over: Any, fine: bool) -> None:
    _, loosened = overlay({"phases": {"p": {"expect": {key: base}}}}, {"phases": {"p": {"expect": {key: over}}}})
    assert (loosened == ()) is fine


@pytest.mark.parametrize("written", ["make fast", ["make", "fast"], {"run": "make fast"}, {"run": "make fast", "at": "converge"}])
def test_a_check_gets_another_command_and_keeps_its_moment(written: Any) -> None:
    merged, loosened = overlay(PATTERN, {"checks": {"unit": written}})
    assert loosened == ()
    assert merged["checks"]["unit"]["run"] in ("make fast", ["make", "fast"])
    assert merged["checks"]["unit"]["at"] == "converge"


SCHEMA = {"type": "array", "items": {"enum": ["none", "note"]}, "required": ["a"], "additionalProperties": False, "contains": {}}


@pytest.mark.parametrize(
    ("over", "fine"),
    [
        ({"items": {"enum": ["none"]}}, True),
        ({"items": {"enum": ["none", "note", "error"]}}, False),
        ({"required": ["a", "b"]}, True),
        ({"required": []}, False),
        ({"minItems": 1}, True),
        ({"prefixItems": [True]}, False),
        ({"properties": {"x": {}}}, False),
        ({"minContains": 0}, False),
        ({"type": ["array", "null"]}, False),
        ({"additionalProperties": True}, False),
    ],
)
def test_a_schema_is_only_tightened(over: dict[str, Any], fine: bool) -> None:
    base = {"phases": {"p": {"expect": {"schema": SCHEMA}}}}
    _, loosened = overlay(base, {"phases": {"p": {"expect": {"schema": over}}}})
    assert (loosened == ()) is fine, loosened


def test_a_name_that_is_also_a_free_key_is_not_free_deeper_down() -> None:
    base = {"phases": {"docs": {"tasks": {"owner": {"persona": "a"}}}}}
    _, [loosened] = overlay(base, {"phases": {"docs": {"tasks": {"owner": None}}}})
    assert loosened.rule == "persona-removed"
    _, [loosened] = overlay(base, {"phases": {"docs": None}})
    assert loosened.rule == "phase-removed"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 20) | st.text("ab", max_size=3) | st.sampled_from(["observed", "re-executed", "architect"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["design", "tasks", "architect", "x", "at"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [*PATTERN, "design", "architect", "evidence", "doc", "expect", "gate", "tasks", "unit", "list", "item"]


@given(st.recursive(VALUES, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, min_size=1, max_size=3), max_leaves=8))
def test_whatever_is_written_over_a_pattern_its_keys_stay_or_are_told(over: Any) -> None:
    """Nothing vanishes in silence, the pattern is not changed, and merging is the same every time."""
    before = copy.deepcopy(PATTERN)
    written = over if isinstance(over, dict) else {"phases": over}
    merged, loosened = overlay(PATTERN, written)
    assert before == PATTERN
    assert (merged, loosened) == overlay(PATTERN, copy.deepcopy(written))
    tasks = merged["phases"]["design"]["tasks"]["architect"]
    assert tasks["evidence"].keys() >= {"doc"}
    assert merged["phases"]["design"]["gate"]
    assert set(merged["requires"]["foundation"]) >= {"architect"}
    assert set(tasks["validates"]) >= {"build"}
    assert set(tasks["writes"]) <= {"docs", "ux"}


def test_nothing_over_a_pattern_is_the_pattern_and_the_pattern_over_itself_too() -> None:
    pattern = read_pattern("standard")
    assert overlay(pattern, {}) == (pattern, ())
    assert overlay(pattern, pattern) == (pattern, ())


@pytest.mark.parametrize(
    ("key", "base", "over", "says", "remedy"),
    [
        (
            "min_tests",
            1,
            "ten",
            "tests.min_tests must be a number, as it is where it was asked for first (1), and is 'ten'.",
            "Write a number.",
        ),
        ("max_skipped", 0, False, "and is false.", "Write a number."),
        ("sections", ["A"], "A", "must be a list, as it is where it was asked for first ([A]), and is 'A'.", "Write a list."),
        ("max_level", "warning", "eror", "tests.max_level is 'eror', which may not stand here.", "Write one of warning, note, none."),
        ("needs", "attested", "re-execute", "Did you mean 're-executed'?", "Write one of attested, re-executed."),
        (
            "tool",
            "pytest",
            "x",
            "contract, says 'pytest' here; 'x' would ask for less",
            "Leave it out, or ask for more than the pattern does.",
        ),
    ],
)
def test_what_is_of_another_kind_or_no_word_of_the_ladder_is_told_as_that(key: str, base: Any, over: Any, says: str, remedy: str) -> None:
    _, [told] = overlay({"tests": {key: base}}, {"tests": {key: over}})
    assert (told.rule, told.remedy) == ("pattern-loosened", remedy)
    assert says in told.reason
