"""Budgets: set aside before, settled by what was signed, over retries, tasks and fix phases; of several the tightest counts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from support.spending import ledger, money

from dag_factory.operators import spending
from dag_factory.runners import Figures, Flaw, Outcome


def test_without_a_budget_there_is_no_ledger(spent, spender):
    house = spent()
    house.run("first.write")
    assert (house.failures, ledger(house), money(spender)) == ({}, [], [None])


def test_two_tasks_at_once_share_what_a_run_has(spent, spender):
    house = spent(more="budget: 1 USD")
    house.run("first.write", "first.more")
    assert house.failures == {}
    assert money(spender) == ["0.50", "0.90"], "the first leaves half for the second; what it did not take is there again"
    house.run("first.write", "first.more")
    assert money(spender)[2:] == ["0.80", "0.70"]


def test_what_is_over_ends_the_task_with_a_finding(spent, spender):
    house = spent(writer=", budget: 1 USD")
    spender.costs["one"] = "1.25"
    house.run("first.write", "first.more")
    says = "It took 1.25 US dollars where 1.000000 were left for it."
    assert house.failures == {"first.write": f"@writer failed: {says}"}
    assert type(house.errors["first.write"]) is AirflowException
    said = house.record.newest("first/write").says
    assert (said.outcome, said.exit_code, said.figures.cost) == ("failed", 0, "1.25"), "it says that it ended well"
    house.run("first.write")
    assert len(spender.allowed) == 2, "and is not begun again"
    assert house.failures["first.write"] == "@writer failed: It was not begun: no US dollars are left in persona/writer."
    assert type(house.errors["first.write"]) is AirflowFailException, "nor tried again"
    house.close("first")
    assert [finding.rule for finding in house.findings("first")] == ["task-failed", "budget-exceeded"]


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ("{tokens: 119}", "It took 120 tokens where 119 were left for it."),
        ("{requests: 2}", "It took 3 requests to a model where 2 were left for it."),
        (
            "{money: 0.05 USD, tokens: 5}",
            "It took 0.10 US dollars where 0.050000 were left for it and 120 tokens where 5 were left for it.",
        ),
    ],
)
def test_each_kind_is_held(spent, spender, budget, says):
    house = spent(task=f", budget: {budget}")
    house.run("first.write")
    assert house.failures["first.write"] == f"@writer failed: {says}"


def test_time_is_held_too(spent, spender):
    house = spent(task=", budget: {time: 5s}")
    spender.ends["one"] = lambda done: Outcome("timed-out", None, (), 0, False, "", 5.01, "Still running after 5 s.")
    house.run("first.write")
    assert house.failures["first.write"] == "@writer failed: It took 5 seconds where 5 were left for it."


def test_the_tightest_account_counts(spent, spender):
    house = spent(more="budget: 10 USD", writer=", budget: 3 USD", task=", budget: 2 USD")
    house.run("first.write", "first.more")
    assert money(spender) == ["2.00", "9.90"]


def test_all_attempts_of_a_task_draw_on_one_account(spent, spender):
    house = spent(task=", budget: 1 USD")
    spender.costs["one"] = "0.40"
    spender.ends["one"] = lambda done: Outcome("exited", 1, (), 0, False, "", 0.1, figures=done.figures)
    house.run("first.write", "first.write", "first.write")
    assert money(spender) == ["1.00", "0.60", "0.20"]
    assert "It took 0.40 US dollars where 0.200000 were left for it." in house.failures["first.write"]


def test_of_two_that_failed_the_one_that_is_first_again_leaves_the_other_its_share(spent, spender):
    house = spent(more="budget: 1 USD", writer=", retries: 1")
    spender.ends |= dict.fromkeys(("one", "two"), lambda done: Outcome("exited", 1, (), 0, False, "", 0.1, figures=done.figures))
    house.run("first.write", "first.more")
    house.failures.clear()
    spender.ends = {"two": lambda done: house.run("first.write", again=True) or done}  # while the other is at work again
    house.run("first.more", again=True)
    assert house.failures == {}
    assert money(spender) == ["0.33", "0.45", "0.40", "0.40"]


def test_fix_phases_draw_on_the_same_accounts(spent, spender):
    house = spent(more="budget: 10 USD\nfix: {max_cycles: 2}", task=", budget: 1 USD")
    spender.costs["one"], spender.leaves = "0.40", False
    house.run("first.write", "first.more")
    house.close("first")
    assert house.word("first") == "FAILED"
    house.fix("first")
    assert money(spender)[2:] == ["0.60", "9.10"], "the tightest account of the one, and all that the run has left for the other"
    spender.leaves = True
    house.fix("first", 2)
    assert money(spender)[4:] == ["0.20", "8.60"]
    assert house.failures["first.fix_2.fix[0]"] == "@writer failed: It took 0.40 US dollars where 0.200000 were left for it."


def test_what_nobody_can_tell_counts_in_full(spent, spender):
    house = spent(task=", budget: 1 USD")
    spender.costs["one"] = None
    house.run("first.write")
    assert house.failures == {}
    house.run("first.write")
    assert "no US dollars are left" in house.failures["first.write"]


@pytest.mark.parametrize(
    ("end", "left"),
    [
        ({"exit_code": 3}, "0.90"),
        ({"exit_code": 137}, None),
        ({"exit_code": None, "ended": "timed-out"}, None),
    ],
)
def test_what_was_ended_before_it_could_tell_all_counts_in_full(spent, spender, end, left):
    house = spent(task=", budget: {money: 1 USD, tokens: 1000, requests: 100}")
    spender.ends["one"] = lambda outcome: replace(outcome, **end)
    house.run("first.write", "first.write")
    assert money(spender) == ["1.00", *([left] if left else [])]
    if left is None:
        empty = "no US dollars are left in task/first/write and no tokens are left in task/first/write and no requests to a model"
        assert empty in house.failures["first.write"]


def test_what_was_said_already_is_said_once():
    told = Outcome("spent", None, (), 0, False, "", 0.1, figures=Figures(cost=Decimal(9)), flaws=(Flaw("budget-exceeded", "Enough."),))
    from dag_factory.runners import Allowance

    assert spending.held_to(told, Allowance(money=Decimal(1))) is told
