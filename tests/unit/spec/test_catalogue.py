"""The persona catalogue and the patterns are data in the language of any workflow."""

from __future__ import annotations

from typing import Any

import pytest

from dag_factory.spec import pattern_names, read_catalogue
from dag_factory.spec.catalogue import expand, read_pattern
from dag_factory.spec.models import Persona, Workflow

CATALOGUE: dict[str, Any] = {
    "writer": {
        "contracts": {
            "documentation": {"does": "Write.", "writes": ["docs"], "evidence": {"guide": {"path": "GUIDE.md", "kind": "file"}}},
        }
    },
    "both": {
        "contracts": {
            "first": {"does": "One.", "evidence": {"a": {"path": "A", "kind": "file"}}},
            "second": {"does": "Two.", "evidence": {"b": {"path": "B", "kind": "file"}}},
        }
    },
}


def one(task: Any) -> tuple[Any, list[tuple[str, tuple[str | int, ...]]]]:
    filled, loosened = expand({"phases": {"p": {"tasks": {"t": task}}}}, CATALOGUE)
    return filled["phases"]["p"]["tasks"]["t"], [(item.rule, item.path) for item in loosened]


def test_every_persona_of_the_catalogue_is_a_sound_one() -> None:
    for name, entry in read_catalogue().items():
        persona = Persona.model_validate(entry)
        assert persona.title
        assert persona.instructions.strip(), name
        assert all(contract.evidence for contract in persona.contracts.values()), name


def test_every_persona_of_the_standard_pattern_is_in_the_catalogue() -> None:
    phases = read_pattern("standard")["phases"]
    personas = {task["persona"] for phase in phases.values() for task in phase["tasks"].values()}
    assert personas == set(read_catalogue())
    assert [len(phase["tasks"]) for phase in phases.values()] == [3, 2, 5, 3]


def test_there_is_the_standard_pattern_and_it_is_a_workflow_but_for_its_name() -> None:
    assert pattern_names() == ("standard",)
    assert Workflow.model_validate({**read_pattern("standard"), "workflow": "w", "mission": "m"}).pattern == "standard"


def test_a_task_owes_what_its_persona_owes_under_its_duty() -> None:
    task, loosened = one({"persona": "both", "duty": "second"})
    assert task == {"persona": "both", "duty": "second", "does": "Two.", "evidence": {"b": {"path": "B", "kind": "file"}}}
    assert loosened == []


def test_an_only_duty_need_not_be_written() -> None:
    assert one({"persona": "writer"})[0]["duty"] == "documentation"
    assert "duty" not in one({"persona": "both"})[0]


def test_a_task_may_add_and_tighten() -> None:
    task, loosened = one(
        {"persona": "writer", "does": "Write well.", "writes": [], "evidence": {"guide": {"needs": "re-executed"}, "more": {}}}
    )
    assert loosened == []
    assert (task["does"], task["writes"]) == ("Write well.", [])
    assert task["evidence"] == {"guide": {"path": "GUIDE.md", "kind": "file", "needs": "re-executed"}, "more": {}}


@pytest.mark.parametrize(
    ("written", "rule", "below"),
    [
        ({"evidence": {"guide": None}}, "evidence-removed", ("evidence", "guide")),
        ({"evidence": None}, "evidence-removed", ("evidence",)),
        ({"evidence": {"guide": {"path": "OTHER.md"}}}, "pattern-loosened", ("evidence", "guide", "path")),
        ({"evidence": []}, "wrong-type", ("evidence",)),
        ({"writes": ["docs", "src/**"]}, "pattern-loosened", ("writes",)),
    ],
)
def test_a_task_takes_nothing_from_its_persona(written: dict[str, Any], rule: str, below: tuple[str, ...]) -> None:
    task, loosened = one({"persona": "writer", **written})
    assert loosened == [(rule, ("phases", "p", "tasks", "t", *below))]
    assert task["evidence"] == CATALOGUE["writer"]["contracts"]["documentation"]["evidence"]


@pytest.mark.parametrize(
    "task",
    [
        None,
        [],
        "x",
        {},
        {"persona": None},
        {"persona": ["writer"]},
        {"persona": "nobody"},
        {"persona": "both", "duty": []},
        {"persona": "both", "duty": "x"},
    ],
)
def test_what_is_no_task_is_passed_on_to_the_models(task: Any) -> None:
    assert one(task) == (task, [])


@pytest.mark.parametrize("raw", [{}, {"phases": None}, {"phases": []}, {"phases": {"p": None}}, {"phases": {"p": {"tasks": []}}}])
def test_what_are_no_phases_is_passed_on_to_the_models(raw: dict[str, Any]) -> None:
    assert expand(raw, CATALOGUE) == (raw, ())


@pytest.mark.parametrize("entry", [None, [], {}, {"contracts": None}, {"contracts": {"d": None}}, {"contracts": {"d": {"evidence": []}}}])
def test_an_entry_that_is_none_is_left_to_the_models(entry: Any) -> None:
    filled, loosened = expand({"phases": {"p": {"tasks": {"t": {"persona": "x"}}}}}, {"x": entry})
    assert filled["phases"]["p"]["tasks"]["t"]["persona"] == "x"
    assert loosened == ()
