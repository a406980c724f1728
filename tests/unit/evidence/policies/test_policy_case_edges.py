"""A phase to judge, at its edges: which check made an item and where it may have run, and who must look at the product again."""

from __future__ import annotations

from dataclasses import replace

import pendulum
import pytest
from support.cycles import Cycle, approve, failing
from support.runs import honest, under

from dag_factory.evidence.contract import Item
from dag_factory.evidence.policies.case import Case, _made_by
from dag_factory.evidence.run import binding_of

TESTER, MANAGER, INGEST = "validation/test-engineer", "validation/product-manager", "implementation/ingest.software-engineer"
OTHER = "9" * 64


def case_of(run, phase, cycle=None, record=None):
    return Case(record or run.record, phase, run.store.blob, pendulum.now("UTC"), cycle)


def results_of(run, name="check", **changes):
    return tuple(one.model_copy(update={"name": name, **changes}) for one in run.results(run.contract.tasks[TESTER], "seal"))


# Where a check has its place.


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="validation")


@pytest.mark.parametrize("code", [1, 2, None])
def test_one_that_failed_counts_wherever_it_stands(run, code):
    run.converge("validation", checks=results_of(run, exit_code=code))
    case = case_of(run, "validation")
    assert [one.exit_code for one in case.results(case.contract.tasks[TESTER])] == [0, code]


def test_a_good_one_counts_in_its_place_alone(run):
    run.deliver(TESTER, checks=())
    run.converge("validation", checks=results_of(run))
    case = case_of(run, "validation")
    assert case.results(case.contract.tasks[TESTER]) == ()


def test_a_good_one_that_the_plan_does_not_know_and_those_of_others_are_none(run):
    others = results_of(run, task=MANAGER, exit_code=1)
    run.deliver(TESTER, checks=(*results_of(run), *results_of(run, "made-up"), *others))
    case = case_of(run, "validation")
    assert [one.name for one in case.results(case.contract.tasks[TESTER])] == ["check"]


# Which check made an item.


@pytest.mark.parametrize(
    ("own", "checks", "made_by"),
    [
        (None, (), None),
        (None, ("lint",), None),
        (None, ("lint", "check"), "check"),
        (None, ("lint", "verify", "types"), "verify"),
        ("lint", ("check", "lint"), "lint"),
    ],
)
def test_an_item_is_of_its_own_check_or_of_that_of_the_binding(run, own, checks, made_by):
    task = run.contract.tasks[TESTER]
    planned = tuple(task.checks[0].model_copy(update={"name": name}) for name in checks)
    assert _made_by(task.model_copy(update={"checks": planned}), Item(id="x", kind="file", report="x", check=own)) == made_by


@pytest.mark.parametrize(("check", "failed"), [("unit", True), ("integration", False)])
def test_an_item_is_told_how_its_own_check_ended_and_no_other(tmp_path, check, failed):
    run = honest(tmp_path, through="foundation")
    sdet = run.contract.tasks["implementation/ingest.sdet"]
    run.codes[sdet.id, "unit"] = 1
    run.work("implementation")
    examined = case_of(run, "implementation").examine(sdet, Item(id="x", kind="command", check=check))
    assert bool(examined.faults) is failed


# Who must look again.


def names(tasks):
    return {task.phase for task in tasks}


@pytest.fixture
def late(tmp_path):
    """A run whose integration found something, and is being mended."""
    return failing(honest(tmp_path, worked="integration"), "integration/integration-engineer")


@pytest.mark.parametrize(("product", "phases"), [(None, set()), (OTHER, {"validation"})])
def test_who_validated_looks_again_where_the_product_is_another(late, product, phases):
    cycle = Cycle(late, "integration")
    cycle.triage()
    for order in cycle.case().rounds[-1].triage.says.orders:
        cycle.mend(order.task)
    cycle.merge(**({"product": product} if product else {}))
    assert names(cycle.case().again) == phases
    assert names(case_of(late, "integration", 0).again) == set(), "not before anything was mended"


def test_who_validated_last_looks_again_also_where_this_phase_changed_nothing(late):
    """The product is not the validated one, and was so before the first fix: that is found, and looked at."""
    late.converge("integration", product=OTHER)
    cycle = Cycle(late, "integration")
    cycle.triage()
    cycle.merge(product=OTHER)
    assert names(cycle.case().again) == {"validation"}


def by_two(contract):
    """Two phases in which somebody validates."""
    for phase in contract["phases"]:
        for task in phase["tasks"]:
            if task["id"] == INGEST:
                task.update(duty="validation", validates=("foundation/architect",))


@pytest.mark.parametrize(("before", "phases"), [(OTHER, {"validation"}), (None, {"validation", "implementation"})])
def test_of_those_before_the_last_only_what_is_mended_here_concerns_them(late, before, phases):
    """`before`: what the product was when this phase began to mend."""
    late.converge("integration", **({"product": before} if before else {}))
    cycle = Cycle(late, "integration")
    cycle.triage()
    cycle.merge(product=OTHER)
    record = under(late, by_two)
    again = names(case_of(late, "integration", 1, record).again)
    assert again & {"validation", "implementation"} == phases


def test_a_phase_without_a_verdict_has_validated_nothing(late):
    cycle = Cycle(late, "integration")
    cycle.triage()
    cycle.merge(product=OTHER)
    record = replace(late.record, verdicts=late.record.verdicts | {"validation": []})
    assert case_of(late, "integration", 1, record).again == ()


def test_a_phase_that_mends_what_was_made_before_answers_for_that_too(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    cycle = Cycle(run, "validation")
    cycle.triage()
    assert INGEST in {task.id for task in cycle.case().tasks}
    assert INGEST not in {task.id for task in case_of(run, "validation", 0).tasks}


def test_nobody_looks_again_where_nothing_was_merged(tmp_path):
    run = honest(tmp_path, through="validation")
    for task in run.contract.phase("integration").tasks:
        run.deliver(task.id)
    assert run.answer("integration").word == "FAILED"
    cycle = Cycle(run, "integration")
    cycle.triage()
    assert cycle.case().rounds
    assert cycle.case().again == ()


def test_what_was_merged_is_of_this_phase_and_of_all_before_it(run):
    phases = {
        task.id.partition("/")[0] for task in run.contract.tasks.values() if run.commits.get(task.id) in case_of(run, "validation").merged
    }
    assert phases == {"foundation", "implementation", "validation"}
    assert case_of(run, "foundation").merged < case_of(run, "implementation").merged < case_of(run, "validation").merged


def test_only_of_this_run_and_phase_does_nobody_take_an_answer_back(tmp_path):
    run = honest(tmp_path, worked="foundation")

    def those() -> list[str]:
        return [stored.says.by for stored in case_of(run, "foundation").approvals]

    approve(run, "foundation", by="maria", answer="refuse")
    own = binding_of(run.record, "foundation", "approve-1", 1)
    others = [own.model_copy(update=other) for other in ({"charter": "0" * 64}, {"phase": "validation"})]
    for bound in others:
        approve(run, "foundation", by="", answer="void", binding=bound)
        assert those() == ["maria"]
    for bound, who in zip(others, ("erin", "tom"), strict=True):
        approve(run, "foundation", by=who, binding=bound)
        assert those() == [who], "an answer counts by its place; what is wrong with it is told elsewhere"
    approve(run, "foundation", by="", answer="void")
    assert those() == []
