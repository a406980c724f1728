"""The contract: who owes what, found by its names."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from support.orders import plan_of

from dag_factory.evidence.contract import FixContract, Item, PhaseContract, RunContract, TaskContract


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


@pytest.mark.parametrize(
    ("check", "at", "of_merge"), [(None, "seal", False), (None, "converge", False), ("unit", "seal", False), ("unit", "converge", True)]
)
def test_an_item_is_of_the_merge_where_its_check_runs_there(check, at, of_merge):
    assert Item(id="x", kind="file", report="r.xml", check=check, at=at).of_merge is of_merge


@pytest.mark.parametrize("more", [{"more": 1}, {"needs": "claimed"}, {"at": "never"}])
def test_a_contract_says_nothing_that_is_not_known(more):
    with pytest.raises(ValidationError):
        Item(id="x", kind="file", path="A.md", **more)


def test_a_contract_is_the_same_after_it_was_written_and_read():
    assert RunContract.model_validate_json(CONTRACT.model_dump_json()) == CONTRACT
    with pytest.raises(ValidationError, match="frozen"):
        CONTRACT.workflow = "other"


# What a fix phase asks of whom.


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> RunContract:
    return plan_of(tmp_path_factory.mktemp("plan")).contract


def test_who_judges_again_in_each_phase(standard: RunContract) -> None:
    judges = {phase.id: [task.id.rpartition("/")[2] for task in standard.judges(phase.id)] for phase in standard.phases}
    validators = ["test-engineer", "product-manager", "performance-engineer", "security-engineer", "documentation-writer"]
    assert judges == {
        "foundation": [],
        "implementation": [],
        "validation": validators,
        "integration": ["integration-engineer", *validators],
    }
    assert standard.again("validation") == ()


def test_where_any_of_them_writes_there_is_a_second_merge(standard: RunContract) -> None:
    assert [standard.joins(phase.id) for phase in standard.phases] == [False, False, True, True]


def test_who_may_be_given_something_to_mend(standard: RunContract) -> None:
    makers = {phase.id: {task.role for task in standard.makers(phase.id)} for phase in standard.phases}
    builders = {"implementation/software-engineer", "implementation/sdet"}
    assert makers == {
        "foundation": {"foundation/architect", "foundation/ux-designer", "foundation/product-manager"},
        "implementation": builders,
        "validation": builders | {"validation/documentation-writer"},
        "integration": builders | {"integration/architect", "integration/devops"},
    }


def test_without_a_validation_nobody_judges_again_in_another_phase(standard: RunContract) -> None:
    contract = standard.model_copy(update={"phases": standard.upto("implementation")})
    assert (contract.validated_in, contract.again("implementation"), contract.judges("implementation")) == (None, (), ())


def test_cycles_that_somebody_may_allow_are_there_where_somebody_decides() -> None:
    assert FixContract(max_cycles=2, extra_cycles=1).cycles == 2
    assert FixContract(max_cycles=2, extra_cycles=1, decide=("maria",)).cycles == 3
