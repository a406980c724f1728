"""Policy 8, what is delivered in a fix cycle: fix work is evidence like any other, and so are verdicts and triages."""

from __future__ import annotations

import pytest
from support.cycles import Cycle, failing, findings_of
from support.runs import HonestRun, honest, place, resign, rules

from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.statement import Sealed, Undone

TESTER = "validation/test-engineer"
INGEST, MART = (f"implementation/{name}.software-engineer" for name in ("ingest", "daily_mart"))
FOUND = f"check-failed:{TESTER}/check"
OTHER = Sealed(commit="9" * 40, tree="e" * 40, bundle="a" * 64)


@pytest.fixture
def run(tmp_path) -> HonestRun:
    """Validated, and found wanting by the test-engineer."""
    return failing(honest(tmp_path, worked="validation"))


@pytest.fixture
def cycle(run) -> Cycle:
    return Cycle(run, "validation")


# The statements of a cycle.


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"persona": "architect"}, "persona-mismatch"),
        ({"signer": "sdet"}, "persona-mismatch"),
        ({"runner": "python"}, "statement-misbound"),
        ({"outcome": "failed", "exit_code": 1, "sealed": None}, "task-failed"),
        ({"principals": ("script:sha256:sdet-testing",)}, "principal-shared"),
    ],
)
def test_fix_work_is_evidence_like_any_other(cycle, changes, rule):
    cycle.triage()
    cycle.mend(INGEST, **changes)
    cycle.mend(MART)
    cycle.merge()
    assert rule in rules(cycle.judged().ask())


def test_ordinary_work_in_the_place_of_a_fix(run, cycle):
    cycle.mended(without=(MART,))
    folder = place(run, f"fixes/validation/1/{MART}")
    resign(run, place(run, f"statements/{MART}"), lambda payload: None, signer="software-engineer", to=folder)
    assert "statement-misbound" in rules(cycle.judged().ask())


def test_the_fix_of_another_cycle_in_its_place(run, cycle):
    run.codes[TESTER, "check"] = 1
    cycle.mended().judged().answer()
    run.codes.clear()
    second = Cycle(run, "validation", 2)
    second.mended(without=(MART,))
    resign(
        run, place(run, f"fixes/validation/1/{MART}"), lambda payload: None, signer="software-engineer",
        to=place(run, f"fixes/validation/2/{MART}"),
    )  # fmt: skip
    found = second.judged().ask()
    assert f"statement-misbound:{MART}" in [finding.id for finding in found.findings]


def test_a_fix_that_was_not_merged(run, cycle):
    cycle.mended().judged()
    cycle.mend(INGEST, sealed=OTHER)
    assert f"merge-missing:{INGEST}" in cycle.told()


def test_a_cycle_without_a_merge(run, cycle):
    cycle.triage()
    for task in (INGEST, MART):
        cycle.mend(task)
    for task in run.contract.phase("validation").judges:
        cycle.mend(task.id)
    assert "merge-missing:validation" in cycle.told()


def test_a_merge_on_another_base(cycle):
    cycle.mended(base="9" * 40)
    assert "merge-missing" in rules(cycle.judged().ask())


def test_evidence_of_another_task_that_a_fix_took_away(cycle):
    cycle.mended().judged()
    cycle.merge("join", undone=(Undone(task="foundation/architect", path="ARCHITECTURE.md"),))
    [finding] = cycle.ask().findings
    assert (finding.id, finding.task) == ("evidence-undone:foundation/architect:ARCHITECTURE.md", "foundation/architect")


# After the validation.


@pytest.fixture
def late(tmp_path) -> Cycle:
    return Cycle(failing(honest(tmp_path, worked="integration"), "integration/integration-engineer"), "integration")


def test_a_product_that_stays_needs_no_validator_of_an_earlier_phase(late):
    late.mended()
    late.mend("integration/integration-engineer")
    assert late.told() == []


def test_a_product_that_is_mended_is_validated_again(late):
    late.mended(product="b" * 64)
    late.mend("integration/integration-engineer")
    stale = {finding.task for finding in late.ask().findings if finding.rule == "validation-stale"}
    assert stale == {task.id for task in late.run.contract.phase("validation").judges}
    late.judged()
    late.merge("join", product="b" * 64)
    assert late.told() == []
    assert late.answer().word == "PASSED"


def test_a_product_that_changes_by_what_validators_write_is_validated_again_too(late):
    late.mended()
    late.mend("integration/integration-engineer")
    late.merge("join", product="b" * 64)
    assert rules(late.ask()) == {"validation-stale"}


def test_findings_of_every_verdict_are_asked_again_by_name(run, cycle):
    run.codes[TESTER, "check"] = 1
    run.codes["validation/performance-engineer", "check"] = 2
    cycle.mended().judged().answer()
    second = Cycle(run, "validation", 2)
    run.codes.pop((TESTER, "check"))
    second.mended().judged()
    told = {item.finding: (item.cycle, item.now) for item in second.ask().rechecked}
    assert told == {FOUND: (0, "mended"), "check-failed:validation/performance-engineer/check": (1, "open")}
    assert {finding.id for finding in findings_of(run, "validation")} == set(told)


def test_verdicts_put_in_another_order(run, cycle):
    """The FAILED one is put after the PASSED one, and the other way round: neither is believed."""
    cycle.mended().judged().answer()
    first, second = place(run, "verdicts/validation", 1), place(run, "verdicts/validation", 2)
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    assert run.record.verdict("validation") is None
    assert "statement-invalid" in rules(run.judge("validation", cycle=1))
    first.write_bytes(one)
    second.write_bytes(two)
    assert run.record.verdict("validation").says.phasegate.word == "PASSED"


def test_a_verdict_copied_to_the_end(run, cycle):
    cycle.mended().judged().answer()
    run.answer("validation", cycle=1)
    place(run, "verdicts/validation", 4).write_bytes(place(run, "verdicts/validation", 2).read_bytes())
    assert run.record.verdict("validation") is None


def test_a_triage_copied_to_the_end_is_no_newer_one(run, cycle):
    cycle.mended().judged()
    place(run, "triages/validation", 2).write_bytes(place(run, "triages/validation").read_bytes())
    assert "statement-invalid" in rules(cycle.ask())


def test_phasegates_own_key_signs_no_fix(cycle):
    cycle.mended(without=(MART,))
    cycle.mend(MART, signer=AUTHORITY)
    cycle.merge()
    assert "persona-mismatch" in rules(cycle.judged().ask())
