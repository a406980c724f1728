"""Who judges again in a fix phase: whoever validated the product in any phase before, where it is no longer what they validated."""

from __future__ import annotations

from types import SimpleNamespace

import pendulum
import pytest

from dag_factory.evidence.contract import Item, PhaseContract, RunContract, TaskContract
from dag_factory.evidence.policies.case import Case


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


def cycle(*mended: str, delivered: bool = True) -> SimpleNamespace:
    """A fix cycle in which some tasks were given something to mend, and delivered it."""
    orders = tuple(SimpleNamespace(task=name) for name in mended)
    return SimpleNamespace(triage=told(orders=orders), statements={name: [told()] for name in mended if delivered})


def told(**says: object) -> SimpleNamespace:
    return SimpleNamespace(says=SimpleNamespace(**says))


@pytest.mark.parametrize(
    ("review", "audit", "first", "now", "who"),
    [
        ("a", "b", "b", "b", []),
        ("a", "b", "b", "c", ["review/reviewer", "audit/auditor"]),
        ("a", "b", "c", "c", ["audit/auditor"]),
        ("a", "a", "b", "a", []),
        ("c", "b", "b", "c", ["audit/auditor"]),
        ("b", "c", "b", "c", ["review/reviewer"]),
        (None, "b", "b", "c", ["audit/auditor"]),
        ("a", None, "b", "c", ["review/reviewer"]),
    ],
)
def test_who_judges_again_is_whose_product_it_no_longer_is(twice, review, audit, first, now, who):
    """Since the last validation the product was to stay as it was; what those before saw may have been worked on, unless it was mended here."""
    seen = {"review": review, "audit": audit}
    verdicts = {phase: told(phasegate=SimpleNamespace(product=product)) for phase, product in seen.items() if product}
    case = Case(SimpleNamespace(contract=twice, verdict=verdicts.get), "ship", lambda _: None, pendulum.now("UTC"), 1)
    vars(case).update(rounds=(cycle(),), merges=tuple(told(product=product) for product in (first, "between", now)))
    assert [one.id for one in case.again] == who


def test_where_nothing_was_mended_or_merged_nobody_judges_again(twice):
    verdict = told(phasegate=SimpleNamespace(product="a"))
    for rounds, merges in (((), (told(product="b"),)), ((cycle(),), ()), ((cycle("make/maker", delivered=False),), ())):
        case = Case(SimpleNamespace(contract=twice, verdict=lambda _: verdict), "ship", lambda _: None, pendulum.now("UTC"), 1)
        vars(case).update(rounds=rounds, merges=merges)
        assert case.again == ()


@pytest.mark.parametrize(
    ("mended", "outside", "merged", "who"),
    [
        ("make/maker", False, False, ["review/reviewer"]),
        ("make/maker", True, True, ["review/reviewer"]),
        ("make/maker", False, True, []),
        ("polish/polisher", True, True, []),
    ],
)
def test_what_is_in_no_merge_is_judged_by_whoever_validated_it(twice, mended, outside, merged, who):
    """The auditor is made to validate nobody: what is in no merge is looked at by those alone who validated it."""
    data = twice.model_dump()
    for phase in data["phases"]:
        for one in phase["tasks"]:
            one["validates"] = ("make/maker",) if one["id"] == "review/reviewer" else ()
            one["runner"] = "external" if outside and one["id"] == mended else one["runner"]
    verdict = told(phasegate=SimpleNamespace(product="a"))
    record = SimpleNamespace(contract=RunContract.model_validate(data), verdict=lambda _: verdict)
    case = Case(record, "ship", lambda _: None, pendulum.now("UTC"), 1)
    for rounds in ((cycle(mended),), (cycle(mended), cycle()), (cycle(), cycle(mended))):  # in any of the cycles
        vars(case).update(rounds=rounds, merges=(told(product="a"),) if merged else ())
        for known in ("again", "ordered"):
            vars(case).pop(known, None)
        assert [one.id for one in case.again] == who
