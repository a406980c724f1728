"""The contract: who owes what, found by its names."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from dag_factory.evidence.contract import Item, PhaseContract, RunContract, TaskContract


def task(phase, name, **more):
    return TaskContract(
        **{"id": f"{phase}/{name}", "phase": phase, "task": name, "persona": name, "duty": phase, "runner": "command", "items": ()} | more
    )


def phase(name, *tasks):
    return PhaseContract(id=name, title=name, says="done", timeout=60, converges=True, tasks=tasks)


CONTRACT = RunContract(
    workflow="orders",
    phases=(
        phase("foundation", task("foundation", "architect"), task("foundation", "product-manager")),
        phase(
            "implementation",
            task("implementation", "ingest.engineer", feature="ingest", persona="engineer"),
            task("implementation", "mart.engineer", feature="mart", persona="engineer"),
            task("implementation", "mart.sdet", feature="mart", persona="sdet", runner="external"),
        ),
        phase("validation", task("validation", "product-manager", duty="validation")),
        phase("integration", task("integration", "architect")),
    ),
)


def ids(found):
    return [item.id for item in found]


def test_phases_are_in_order():
    assert CONTRACT.phase("validation").id == "validation"
    assert CONTRACT.before("foundation") is None
    assert CONTRACT.before("implementation").id == "foundation"
    assert ids(CONTRACT.upto("implementation")) == ["foundation", "implementation"]
    assert ids(CONTRACT.upto("integration")) == ids(CONTRACT.phases)


def test_a_phase_that_is_not_there():
    with pytest.raises(KeyError):
        CONTRACT.phase("nowhere")
    with pytest.raises(ValueError):
        CONTRACT.before("nowhere")


def test_tasks_and_personas():
    assert list(CONTRACT.tasks)[:2] == ["foundation/architect", "foundation/product-manager"]
    assert CONTRACT.personas == ("architect", "engineer", "product-manager", "sdet")
    assert [task.id for task in CONTRACT.tasks.values() if task.external] == ["implementation/mart.sdet"]


def test_the_last_phase_that_validates_fixes_the_product():
    assert CONTRACT.validated_in == "validation"
    assert RunContract(workflow="x", phases=CONTRACT.phases[:2]).validated_in is None


TARGETS = [
    ("all", None, 7),
    ("implementation", None, 3),
    ("implementation/engineer", None, 2),
    ("implementation/engineer", "mart", 1),
    ("implementation/mart.engineer", None, 1),
    ("implementation/mart.engineer", "ingest", 1),
    ("foundation/architect", "mart", 1),  # by its id it is meant, whatever the feature
    ("foundation/architect", None, 1),
    ("architect", None, 0),
    ("implementation/sdet", "ingest", 0),
    ("", None, 0),
]


@pytest.mark.parametrize(("target", "feature", "number"), TARGETS)
def test_what_a_target_means(target, feature, number):
    assert len(list(CONTRACT.select(target, feature))) == number


PLACES = [
    ({"path": "A.md"}, "A.md"),
    ({"report": "r.xml"}, "r.xml"),
    ({"changed": ("src/**", "lib/**")}, "src/**, lib/**"),
    ({"check": "unit"}, "check unit"),
]


@pytest.mark.parametrize(("where", "says"), PLACES)
def test_an_item_says_where_it_lies(where, says):
    assert Item(id="x", kind="file", **where).place == says


@pytest.mark.parametrize("more", [{"more": 1}, {"needs": "claimed"}, {"at": "never"}])
def test_a_contract_says_nothing_that_is_not_known(more):
    with pytest.raises(ValidationError):
        Item(id="x", kind="file", path="A.md", **more)


def test_a_contract_is_the_same_after_it_was_written_and_read():
    assert RunContract.model_validate_json(CONTRACT.model_dump_json()) == CONTRACT
    with pytest.raises(ValidationError, match="frozen"):
        CONTRACT.workflow = "other"
