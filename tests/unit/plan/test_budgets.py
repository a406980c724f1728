"""Budgets in a plan: which account each task draws on, and what the linter refuses because nobody could keep it."""

from __future__ import annotations

from typing import Any

import pytest

from dag_factory.errors import SpecError
from dag_factory.runners import RUNNERS

TESTER = "  test-engineer: {check: make e2e, timeout: 10m}\n"
ENGINEER = '  software-engineer: {command: "python work/{feature}.py"'


@pytest.fixture
def spending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has commands report all they spend, as an agent does."""
    monkeypatch.setattr(type(RUNNERS["command"]), "reports", lambda self, value: frozenset({"money", "tokens", "requests", "time"}))


def test_without_a_budget_there_is_no_account(planner: Any) -> None:
    plan = planner.plan()
    assert plan.budgets == {}
    assert {execution.accounts for execution in plan.executions.values()} == {()}


@pytest.mark.usefixtures("spending")
def test_each_place_is_an_account(planner: Any) -> None:
    task = "phases: {implementation: {tasks: {sdet: {budget: {tokens: 1000, time: 1h}}}}}\nbudget: 20 USD\n"
    plan = planner.plan((ENGINEER, f"{ENGINEER}, budget: 5 USD"), more=task)
    assert {name: budget.model_dump(exclude_none=True) for name, budget in plan.budgets.items()} == {
        "persona/software-engineer": {"money": "5"},
        "run": {"money": "20"},
        "task/implementation/ingest.sdet": {"tokens": 1000, "time": 3600},
        "task/implementation/daily_mart.sdet": {"tokens": 1000, "time": 3600},
    }
    assert plan.executions["implementation/ingest.software-engineer"].accounts == ("run", "persona/software-engineer")
    assert plan.executions["implementation/ingest.sdet"].accounts == ("run", "task/implementation/ingest.sdet")
    assert plan.executions["foundation/architect"].accounts == ("run",)
    assert plan.executions["validation/test-engineer"].accounts == (), "a check spends no money"


@pytest.mark.usefixtures("spending")
def test_a_persona_bound_by_phase_has_an_account_of_its_own(planner: Any) -> None:
    bound = "  foundation/architect: {command: python architect.py"
    plan = planner.plan((bound, f"{bound}, budget: 1 USD"))
    assert plan.executions["foundation/architect"].accounts == ("persona/foundation/architect",)
    assert plan.executions["integration/architect"].accounts == ()


def test_time_can_be_limited_for_whatever_is_measured(planner: Any) -> None:
    plan = planner.plan((TESTER, "  test-engineer: {check: make e2e, budget: {time: 30m}}\n"), more="budget: {time: 8h}\n")
    assert plan.executions["validation/test-engineer"].accounts == ("run", "persona/test-engineer")
    assert plan.executions["foundation/ux-designer"].accounts == (), "nobody measures who works outside"


@pytest.mark.parametrize(
    ("budget", "says", "remedy"),
    [
        ("5 USD", "`check` reports time, so a budget of money could not be kept (validation/test-engineer).", "Limit time instead."),
        ("{tokens: 5, requests: 1, time: 1h}", "a budget of tokens and requests could not be kept", "Limit time instead."),
    ],
)
def test_a_budget_nobody_can_keep(planner: Any, budget: str, says: str, remedy: str) -> None:
    told = planner.only("budget-unenforced", (TESTER, f"  test-engineer: {{check: make e2e, ¦budget: {budget}}}\n"))
    assert says in told.reason
    assert told.remedy == remedy


def test_who_works_outside_has_no_budget(planner: Any) -> None:
    told = planner.only("budget-unenforced", ("{external: true, timeout: 2h}", "{external: true, timeout: 2h, ¦budget: {time: 1h}}"))
    assert (told.reason.startswith("`external` reports nothing"), told.remedy) == (True, "Remove the budget.")


@pytest.mark.parametrize("budget", ["5 USD", "{tokens: 5}", "{requests: 5}", "{time: 1h}"])
@pytest.mark.parametrize(
    ("runner", "work"),
    [("human", "human: [ann, bob]"), ("operator", "operator: airflow.providers.standard.operators.bash.BashOperator")],
)
def test_a_person_and_an_operator_have_no_budget(planner: Any, runner: str, work: str, budget: str) -> None:
    told = planner.only("budget-unenforced", ("{external: true, timeout: 2h}", f"{{{work}, timeout: 2h, ¦budget: {budget}}}"))
    assert (told.reason.startswith(f"`{runner}` reports nothing"), told.remedy) == (True, "Remove the budget.")


def test_a_run_in_which_nothing_spends(planner: Any) -> None:
    told = planner.only("budget-unenforced", more="¦budget: 20 USD\n")
    assert told.reason.startswith("No persona is bound to a runner that reports money")


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ("5 EUR", "what agents report is US dollars"),
        ("{}", "limits at least one of money, tokens, requests and time"),
        ("{tokens: 0}", "at least 1, and is 0"),
        ("0 USD", "is not an amount of money"),
        ("{coffee: 3}", "nothing is called 'coffee' here"),
    ],
)
def test_what_is_no_budget(planner: Any, budget: str, says: str) -> None:
    with pytest.raises(SpecError, match=r"budget") as told:
        planner.plan(more=f"budget: {budget}\n")
    assert says in str(told.value)
