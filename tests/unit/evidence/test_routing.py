"""Who mends what: whoever owes it, whoever made what was validated, else the workflow's owner; never a validator."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.cycles import Cycle, case_of, failing, findings_of
from support.orders import SPEC
from support.runs import HonestRun, honest

from dag_factory.evidence import routing
from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.routing import OF_THE_PRODUCT, route
from dag_factory.evidence.verdict import Finding

TESTER, WRITER = "validation/test-engineer", "validation/documentation-writer"
INGEST, MART = (f"implementation/{name}.software-engineer" for name in ("ingest", "daily_mart"))
SDET = "implementation/ingest.sdet"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> HonestRun:
    return honest(tmp_path_factory.mktemp("run"), worked="validation")


def finding(rule: str, task: str, text: str = "", subject: str = "") -> Finding:
    return Finding(rule=rule, subject=subject or f"{task}/check", text=text, task=task)


def case_without_owner(case: Case) -> Case:
    """The same, in a workflow whose findings without an owner nobody is given."""
    fix = case.contract.fix.model_copy(update={"owner": None})
    return replace(case, record=replace(case.record, contract=case.contract.model_copy(update={"fix": fix})))


def orders(case: Case, *findings: Finding) -> list[str]:
    return sorted(route(case, findings).orders)


@pytest.fixture
def case(run) -> Case:
    return case_of(run, "validation", 0)


# Whoever owes it.


@pytest.mark.parametrize(
    "rule", ["evidence-missing", "evidence-malformed", "statement-missing", "task-failed", "answer-missing", "merge-missing"]
)
def test_what_is_missing_or_malformed_goes_to_whoever_owes_it(run, rule):
    foundation = case_of(run, "foundation", 0)
    assert orders(foundation, finding(rule, "foundation/architect")) == ["foundation/architect"]
    assert orders(case_of(run, "implementation", 0), finding(rule, SDET)) == [SDET]


@pytest.mark.parametrize("rule", ["evidence-missing", "evidence-malformed", "statement-missing", "task-failed"])
def test_what_a_validator_owes_it_is_told_when_it_judges_again(case, rule):
    made = route(case, (finding(rule, TESTER),))
    assert (made.orders, made.unowned) == ({}, [])
    assert made.again[TESTER] == [f"{rule}:{TESTER}/check"]


def test_what_did_not_fit_goes_to_whoever_was_left_out(run):
    conflict = Finding(rule="merge-conflict", subject=f"{MART}:src/orders/code.py", text="It does not fit.", task=MART)
    assert orders(case_of(run, "implementation", 0), conflict) == [MART]


def test_a_check_of_its_own_work_goes_to_the_task_itself(run, case):
    hollow = finding("check-failed", SDET, subject=f"{SDET}/hollow")
    assert orders(case_of(run, "implementation", 0), hollow) == [SDET]
    made = route(case, (finding("check-failed", WRITER, subject=f"{WRITER}/documentation"),))
    assert (made.orders, made.again[WRITER]) == ({}, [f"check-failed:{WRITER}/documentation"])


# Whoever made what was validated.


@pytest.mark.parametrize("rule", sorted(OF_THE_PRODUCT))
def test_what_is_wrong_with_the_product_goes_to_whoever_made_it(case, rule):
    assert orders(case, finding(rule, TESTER, "Rejects of ingest have no reason.")) == [INGEST]


def test_tests_that_fail_on_the_merge_go_to_who_implemented_and_not_to_who_tested(run):
    assert orders(case_of(run, "implementation", 0), finding("tests-failed", SDET, subject=f"{SDET}/unit-tests")) == [INGEST]


@pytest.mark.parametrize("spelt", ["daily_mart", "daily-mart", "(daily_mart)", "daily_mart.", "for daily_mart:"])
def test_a_feature_is_named_however_its_words_are_joined(case, spelt):
    assert orders(case, finding("check-failed", TESTER, f"FAILED {spelt}")) == [MART]


@pytest.mark.parametrize("spelt", ["digest", "reingest", "ingesting", "ingest2"])
def test_a_word_that_only_holds_the_name_names_nobody(case, spelt):
    assert orders(case, finding("check-failed", TESTER, f"FAILED {spelt}")) == [MART, INGEST]


def test_where_several_are_named_all_of_them_mend(case):
    assert orders(case, finding("check-failed", TESTER, "FAILED ingest and daily_mart")) == [MART, INGEST]


def test_where_nobody_is_named_all_who_made_it_mend(case):
    assert orders(case, finding("check-failed", TESTER, "FAILED")) == [MART, INGEST]


def test_what_names_nobody_goes_with_what_does_for_one_cause_makes_several(case):
    everywhere, there = (
        finding("tests-failed", TESTER, "1 of 4 failed"),
        finding("validation-failed", "validation/product-manager", "daily_mart is wrong"),
    )
    made = route(case, (everywhere, there))
    assert made.orders == {MART: [everywhere.id, there.id]}


def test_where_that_did_not_help_all_who_made_it_are_told(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    [everywhere] = findings_of(run, "validation")
    there = finding("validation-failed", "validation/product-manager", "daily_mart is wrong")
    judges = tuple(Order(task=task.id, findings=()) for task in run.contract.phase("validation").judges)
    Cycle(run, "validation").triage(orders=(Order(task=MART, findings=(everywhere.id,)),), again=judges)
    made = route(case_of(run, "validation", 1), (everywhere, there))
    assert made.orders == {MART: [everywhere.id, there.id], INGEST: [everywhere.id]}


def test_where_nobody_is_named_the_workflows_owner_comes_before_others_who_made_it(tmp_path):
    run = honest(tmp_path, worked="validation", text=SPEC + f"fix: {{owner: {INGEST}}}\n")
    assert orders(case_of(run, "validation", 0), finding("check-failed", TESTER, "FAILED")) == [INGEST]
    assert orders(case_of(run, "validation", 0), finding("check-failed", TESTER, "FAILED daily_mart")) == [MART], "who is named, mends"


def test_an_id_of_its_stories_names_a_feature_more_tellingly_than_its_name(run, case):
    facts = case.examine(*_stories(run)).facts
    names = facts["acceptance@daily_mart"]
    text = f"FAILED {names[0]}, which ingest feeds"
    assert orders(case, finding("validation-failed", "validation/product-manager", text)) == [MART]


def _stories(run):
    task = run.contract.tasks["foundation/product-manager"]
    return task, next(item for item in task.items if item.kind == "stories")


def test_a_file_names_whoever_left_it(tmp_path):
    run = honest(tmp_path, worked="implementation")
    entries = {name: run.record.newest(name).says.evidence for name in (INGEST, MART)}
    for name, path in ((INGEST, "src/reader.py"), (MART, "src/report.py")):
        changed = [entry.model_copy(update={"name": path}) if entry.item == "code" else entry for entry in entries[name]]
        run.deliver(name, evidence=tuple(changed))
    run.converge("implementation")
    assert run.answer("implementation").word == "PASSED"
    run.work("validation")
    case = case_of(run, "validation", 0)
    assert orders(case, finding("check-failed", TESTER, "src/reader.py:7: wrong, as daily_mart sees")) == [INGEST]


def test_what_the_check_printed_of_a_failure_names_somebody_too(tmp_path):
    run = honest(tmp_path, worked="validation")
    run.codes[TESTER, "check"] = 1
    results = run.results(run.contract.tasks[TESTER], "seal")
    printed = "ingest: ok\nFAILED daily_mart: 1 != 2\n3 of 4 passed\n"
    run.deliver(TESTER, checks=tuple(result.model_copy(update={"excerpt": printed}) for result in results))
    assert orders(case_of(run, "validation", 0), *run.judge("validation").findings) == [MART]


# The rest.


def test_what_nobody_owns_goes_to_the_workflows_owner(case):
    lost = Finding(rule="merge-missing", subject="validation", text="The work of the phase was not merged.")
    assert orders(case, lost) == [MART, INGEST]


@pytest.mark.parametrize("rule", ["approval-missing", "approval-partial", "approval-stale", "triage-missing", "waiver-void"])
def test_what_speaks_of_nobodys_work_is_given_to_nobody(case, rule):
    made = route(case, (Finding(rule=rule, subject="validation", text="erin approved twice, and counts once."),))
    assert (made.orders, made.unowned) == ({}, [f"{rule}:validation"])


def test_what_somebody_refused_goes_to_the_workflows_owner_for_it_says_what_to_mend(case):
    assert orders(case, Finding(rule="approval-refused", subject="validation:approve-1", text="erin refused: It is slow.")) == [
        MART,
        INGEST,
    ]


def test_without_an_owner_it_is_named_as_what_nobody_can_mend(tmp_path):
    run = honest(tmp_path, worked="foundation")
    made = route(case_of(run, "foundation", 0), (Finding(rule="merge-missing", subject="foundation", text="Not merged."),))
    assert (made.orders, made.unowned) == ({}, ["merge-missing:foundation"]), "the engineers come later"


@pytest.mark.parametrize("owner", ["implementation/sdet", SDET])
def test_the_owner_is_a_role_or_one_task(tmp_path, owner):
    run = honest(tmp_path, worked="validation", text=SPEC + f"fix: {{owner: {owner}}}\n")
    lost = Finding(rule="merge-missing", subject="validation", text="The work of the phase was not merged.")
    expected = [SDET] if owner == SDET else ["implementation/daily_mart.sdet", SDET]
    assert orders(case_of(run, "validation", 0), lost) == expected


def test_no_check_and_no_validator_is_ever_given_anything_to_mend(run, case):
    tasks = case.contract.tasks
    for rule in (*OF_THE_PRODUCT, "evidence-missing", "merge-conflict", "statement-invalid"):
        for name in tasks:
            made = route(case, (finding(rule, name),))
            given = [tasks[owner] for owner in made.orders]
            assert not [task.id for task in given if task.runner == "check" or task in case.phase.judges], (rule, name)


def test_a_task_that_nobody_knows(case):
    assert orders(case, finding("evidence-missing", "validation/nobody")) == [MART, INGEST]


def test_all_about_one_task_is_one_order_in_the_order_of_the_plan(case):
    found = [
        finding("check-failed", TESTER, "daily_mart"),
        finding("tests-failed", TESTER, "ingest"),
        finding("coverage-low", TESTER, "ingest"),
    ]
    made = route(case, tuple(found))
    told = made.told(made.orders, case.contract.tasks)
    assert [order.task for order in told] == [INGEST, MART]
    assert [len(order.findings) for order in told] == [2, 1]


def test_all_validators_judge_again_whatever_they_said(case):
    assert list(route(case, ()).again) == [task.id for task in case.phase.judges]
    assert all(found == [] for found in route(case, ()).again.values())


def test_after_the_validation_its_validators_are_named_too(run):
    names = list(route(case_of(run, "integration", 0), ()).again)
    assert names == ["integration/integration-engineer", *(task.id for task in run.contract.phase("validation").judges)]


def test_two_hundred_findings_are_given_up_to_the_cap_and_the_rest_is_named(case):
    found = [finding("check-failed", TESTER, "ingest", f"{TESTER}/check-{number}") for number in range(200)]
    made = route(case, tuple(found))
    assert len(made.orders[INGEST]) == 50
    assert made.left == [one.id for one in found[50:]]


def test_what_nobody_owns_takes_no_place_of_what_somebody_may_mend(case):
    lost = [Finding(rule="merge-missing", subject=f"foundation/{number}", text="Lost.") for number in range(200)]
    owned = finding("check-failed", TESTER, "ingest")
    made = route(case_without_owner(case), (*lost, owned))
    assert (made.orders, made.left) == ({INGEST: [owned.id]}, [])
    assert made.unowned == [one.id for one in lost]


def test_names_that_are_patterns_are_taken_as_they_stand(case):
    assert orders(case, finding("check-failed", TESTER, "(?<![a-z])ing.*st [")) == [MART, INGEST]


def test_an_honest_verdict_leaves_nobody_out(tmp_path):
    run = failing(honest(tmp_path, worked="validation"))
    verdict = run.record.verdict("validation").says.phasegate
    made = route(case_of(run, "validation", 0), verdict.findings)
    named = {name for given in (made.orders, made.again) for found in given.values() for name in found} | {*made.left, *made.unowned}
    assert named == {one.id for one in verdict.findings}


def test_very_many_files_are_looked_for_in_very_many_findings(case, monkeypatch):
    files = frozenset(f"src/made_{number}.py" for number in range(30_000))
    monkeypatch.setattr(routing, "_marks", lambda _, maker: files | {f"src/{maker.feature}-mart.py"})
    found = [finding("check-failed", TESTER, f"FAILED x/src/made-{number}.pyc", f"{TESTER}/check:{number}") for number in range(40)]
    assert orders(case, *found) == [MART, INGEST]
    assert orders(case, *found[1:], finding("check-failed", TESTER, "FAILED src/made_7.py")) == [MART, INGEST]
    told = route(case, (finding("check-failed", TESTER, "FAILED (src/ingest_mart.py)"),))
    assert list(told.orders) == [INGEST]
