"""Who judges again in a fix phase: whoever validated the product in any phase before, where it is no longer what they validated."""

from __future__ import annotations

import pytest

from dag_factory.evidence.contract import Item, PhaseContract, RunContract, TaskContract


def task(phase: str, name: str, duty: str, *validates: str) -> TaskContract:
    return TaskContract(
        id=f"{phase}/{name}", phase=phase, task=name, persona=name, duty=duty, runner="command", items=(Item(id="x", kind="file", path="x"),),
        validates=validates,
    )  # fmt: skip


def contract(*phases: tuple[str, tuple[TaskContract, ...]]) -> RunContract:
    made = tuple(PhaseContract(id=name, title=name, says="", timeout=1, converges=True, tasks=tasks) for name, tasks in phases)
    return RunContract(workflow="w", phases=made)


@pytest.fixture
def twice() -> RunContract:
    return contract(
        ("make", (task("make", "maker", "implementation"),)),
        ("review", (task("review", "reviewer", "validation", "make"),)),
        ("polish", (task("polish", "polisher", "implementation"),)),
        ("audit", (task("audit", "auditor", "validation", "make"),)),
        ("ship", (task("ship", "packer", "deployment"),)),
    )


@pytest.mark.parametrize(
    ("phase", "who"),
    [
        ("make", []), ("review", []), ("polish", ["review/reviewer"]), ("audit", ["review/reviewer"]),
        ("ship", ["review/reviewer", "audit/auditor"]),
    ],
)  # fmt: skip
def test_validators_of_every_phase_before(twice, phase, who):
    assert [one.id for one in twice.again(phase)] == who


def test_duties_of_ones_own_are_no_way_around_it():
    own = contract(
        ("make", (task("make", "maker", "making"),)),
        ("look", (task("look", "looker", "looking", "make"),)),
        ("ship", (task("ship", "packer", "packing"),)),
    )
    assert [one.id for one in own.again("ship")] == ["look/looker"]
    assert own.validated_in is None
