"""The standard pattern: its phases, who works in them, who validates what, and the nine questions. Its words are law; so they stand here too."""

from __future__ import annotations

from typing import Any

import pytest

from dag_factory.spec.catalogue import read_pattern

TASKS = {
    "foundation": {"architect": "foundation", "ux-designer": "foundation", "product-manager": "foundation"},
    "implementation": {"software-engineer": "implementation", "sdet": "testing"},
    "validation": {
        "test-engineer": "validation", "product-manager": "validation", "performance-engineer": "validation",
        "security-engineer": "validation", "documentation-writer": "documentation",
    },
    "integration": {"integration-engineer": "integration", "architect": "architecture-update", "devops": "deployment"},
}  # fmt: skip
QUESTIONS = {
    "before-implementation": {
        "architect-complete": ["foundation"], "ux-designer-complete": ["foundation"], "one-persona-per-task": ["foundation"],
        "validators-differ": ["foundation"],
    },
    "before-phase-closes": {
        "evidence-verified": list(TASKS), "experience-validated": ["validation"], "technically-validated": ["validation"],
        "compatible": ["integration"], "nobody-validated-own-work": list(TASKS),
    },
}  # fmt: skip


@pytest.fixture
def pattern() -> dict[str, Any]:
    return read_pattern("standard")


def test_phases_tasks_and_duties(pattern: dict[str, Any]) -> None:
    assert list(pattern["phases"]) == list(TASKS), "in the order in which they run"
    told = {phase: {name: task["duty"] for name, task in written["tasks"].items()} for phase, written in pattern["phases"].items()}
    assert told == TASKS
    assert all(task["persona"] == name for phase in pattern["phases"].values() for name, task in phase["tasks"].items())


def test_every_phase_is_closed_by_a_gate_that_says_when(pattern: dict[str, Any]) -> None:
    assert [phase["gate"]["says"] for phase in pattern["phases"].values()] == [
        "All three complete with evidence.",
        "All implementation and testing complete.",
        "Every validation PASSED.",
        "Integration PASSED and architecture updated.",
    ]


def test_implementation_is_done_for_each_feature_and_after_the_designers(pattern: dict[str, Any]) -> None:
    each = [name for phase in pattern["phases"].values() for name, task in phase["tasks"].items() if task.get("each") == "feature"]
    assert each == ["software-engineer", "sdet"]
    assert pattern["requires"] == {"foundation": ["architect", "ux-designer"]}


def test_who_validates_never_validates_what_they_made(pattern: dict[str, Any]) -> None:
    validated = {
        name: task["validates"] for phase in pattern["phases"].values() for name, task in phase["tasks"].items() if "validates" in task
    }
    assert validated.pop("sdet") == ["implementation/software-engineer"]
    assert set(validated) == set(TASKS["validation"]) | {"integration-engineer"}
    assert all(targets == ["implementation"] for targets in validated.values())


def test_the_nine_questions_and_when_each_is_due(pattern: dict[str, Any]) -> None:
    told = {name: {item: asked["due"] for item, asked in checklist.items()} for name, checklist in pattern["checklists"].items()}
    assert told == QUESTIONS
    assert sum(map(len, told.values())) == 9


def test_tests_and_product_lie_apart(pattern: dict[str, Any]) -> None:
    paths = pattern["paths"]
    assert (paths["product"], paths["tests"]) == (["src/**"], ["tests/{feature}/**"])
    assert [name for name, check in pattern["checks"].items() if check["at"] == "converge"] == ["unit", "integration", "hollow"]
