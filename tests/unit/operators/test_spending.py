"""Budgets: set aside before, settled by what was signed, over retries, tasks and fix phases; never taken twice, never lost."""

from __future__ import annotations

import threading
from decimal import Decimal
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dag_factory.operators import spending
from dag_factory.runners import RUNNERS, Figures, Flaw, Outcome

BOTH = """\
workflow: small
pattern: false
mission: A small mission
{more}
catalogue:
  writer: {{title: Writer, instructions: Write., contracts: {{writing: {{does: Write a note., evidence: {{note: {{report: note.md, kind: file}}}}}}}}}}
  other: {{title: Other, instructions: Write., contracts: {{writing: {{does: Write a note., evidence: {{note: {{report: note.md, kind: file}}}}}}}}}}
personas:
  writer: {{command: one{writer}}}
  other: {{command: two}}
phases:
  first:
    tasks: {{write: {{persona: writer, duty: writing{task}}}, more: {{persona: other, duty: writing}}}}
    gate: {{}}
"""


class Spender:
    """A command that costs what it is told, and reports it."""

    name = "command"
    reexecutes = False
    waits = False

    def __init__(self):
        self.costs, self.allowed, self.ends, self.leaves = {}, [], {}, True

    def reports(self, value):
        return frozenset({"money", "tokens", "requests", "time"})

    def principals(self, request):
        return (f"script:{request.work['command']}",)

    def run(self, request, stop):
        self.allowed.append(request.allowance)
        name = request.work["command"]
        if self.leaves:
            (request.evidence / "note.md").write_text("a note\n")
        cost = self.costs.get(name, "0.10")
        figures = Figures("acme", "large", f"talk-{name}", 3, 100, 20, None if cost is None else Decimal(cost))
        done = Outcome("exited", 0, (f"script:{name}",), 0, False, "done", 0.1, figures=figures)
        return self.ends.get(name, lambda outcome: outcome)(done)


@pytest.fixture
def spender(monkeypatch):
    made = Spender()
    monkeypatch.setitem(RUNNERS, "command", made)
    return made


@pytest.fixture
def spent(small, spender):
    """Makes a house with two tasks at once, begun."""

    def make(*, more="", writer="", task=""):
        house = small()
        house.write(BOTH.format(more=more, writer=writer, task=task))
        house.run("kickoff")
        return house

    return make


def ledger(house):
    return house.store.names(f"{house.record.charter.digest[:16]}/ledger")


def money(spender):
    return [None if one.money is None else f"{one.money:.2f}" for one in spender.allowed]


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


def test_what_a_dead_attempt_reserved_counts_as_spent(spent, spender):
    house = spent(task=", budget: 1 USD")

    class Killed(BaseException):
        pass

    def die(done):
        raise Killed

    spender.ends["one"] = die
    with pytest.raises(Killed):
        house.run("first.write")
    house.run("first.write")
    assert house.failures["first.write"].endswith("no US dollars are left in task/first/write.")
    assert (len(spender.allowed), len(ledger(house))) == (1, 1)


def test_a_dead_attempt_costs_its_share_and_not_the_tries_after_it(spent, spender):
    house = spent(task=", budget: 1 USD", writer=", retries: 2")

    class Killed(BaseException):
        pass

    def die(done):
        raise Killed

    spender.ends["one"] = die
    with pytest.raises(Killed):
        house.run("first.write")
    with pytest.raises(Killed):
        house.run("first.write", again=True)
    del spender.ends["one"]
    house.run("first.write", again=True)
    assert money(spender) == ["0.33", "0.33", "0.33"]
    assert "first.write" not in house.failures


def test_a_crash_after_the_statement_counts_what_the_statement_says(spent, spender, monkeypatch):
    house = spent(task=", budget: 1 USD")
    from dag_factory.operators.persona import PersonaOperator

    class Killed(BaseException):
        pass

    attest = __import__("dag_factory.operators.attempt", fromlist=["Attempt"]).Attempt.attest

    def die(self, *, failed):
        attest(self, failed=failed)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("dag_factory.operators.attempt.Attempt.attest", die)
        with pytest.raises(Killed):
            house.run("first.write")
    assert PersonaOperator
    house.run("first.write")
    assert money(spender) == ["1.00", "0.90"], "neither lost nor counted twice"


def test_what_nobody_can_tell_counts_in_full(spent, spender):
    house = spent(task=", budget: 1 USD")
    spender.costs["one"] = None
    house.run("first.write")
    assert house.failures == {}
    house.run("first.write")
    assert "no US dollars are left" in house.failures["first.write"]


def test_two_at_once_cannot_take_the_last_money(spent, spender, monkeypatch):
    """Both read the ledger before either writes; the second finds its number taken, and reads again."""
    house = spent(more="budget: 1 USD")
    read, both = spending.read_ledger, threading.Barrier(2, timeout=30)
    seen = threading.local()

    def together(*asked):
        found = read(*asked)
        if not getattr(seen, "once", False):
            seen.once = True
            both.wait()
        return found

    monkeypatch.setattr(spending, "read_ledger", together)
    given = {}

    def begin(name):
        from dag_factory.operators.attempt import Attempt

        operator = dag.get_task(f"first.{name}")
        ti = SimpleNamespace(
            dag_id="small", run_id=house.run_id, task_id=f"first.{name}", try_number=1, map_index=-1,
            xcom_pull=lambda task_ids, key="return_value": house.xcoms.get((task_ids, key)),
        )  # fmt: skip
        attempt = Attempt.begin(operator._plan, operator._contract, "first", 0, ti, threading.Event(), print)
        given[name] = spending.reserve(attempt)

    dag = house.dag()
    threads = [threading.Thread(target=begin, args=(name,)) for name in ("write", "more")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(f"{one.money:.2f}" for one in given.values()) == ["0.50", "0.50"]
    assert ledger(house) == ["0001.json", "0002.json"]


def test_a_ledger_that_was_changed_lets_nobody_spend(spent, spender):
    from pathlib import Path

    house = spent(more="budget: 1 USD")
    house.run("first.write", "first.more")
    folder = Path(house.store.path) / house.record.charter.digest[:16] / "ledger"
    (folder / "0001.json").unlink()
    house.run("first.write")
    assert "The ledger of " in house.failures["first.write"]
    assert "0002.json cannot be believed, it does not follow the entry before it" in house.failures["first.write"]
    (folder / "0001.json").write_bytes(b"{}")
    house.run("first.write")
    assert "0001.json cannot be believed" in house.failures["first.write"]
    assert len(spender.allowed) == 2


def test_an_auditor_gets_the_ledger_with_the_run(spent, spender):
    import json
    from base64 import b64decode

    house = spent(more="budget: 1 USD")
    house.run("first.write", "first.more")
    house.close("first")
    house.run("complete")
    assert house.failures == {}
    folder = f"{house.record.charter.digest[:16]}/bundles"
    bundle = house.store.read(f"{folder}/{house.store.names(folder)[-1]}")
    kinds = [json.loads(b64decode(json.loads(line)["payload"]))["predicateType"] for line in bundle.splitlines()]
    assert kinds.count("urn:phasegate:predicate:reservation:v1") == 2


def test_the_last_entry_cannot_be_taken_away_either(spent, spender):
    from pathlib import Path

    house = spent(more="budget: 1 USD")
    house.run("first.write", "first.more")
    (Path(house.store.path) / house.record.charter.digest[:16] / "ledger" / "0002.json").unlink()
    house.run("first.write")
    assert "is not whole: statements/first/more/0001 was worked on a budget, and no entry tells of it." in house.failures["first.write"]
    assert len(spender.allowed) == 2


def test_what_was_said_already_is_said_once():
    told = Outcome("spent", None, (), 0, False, "", 0.1, figures=Figures(cost=Decimal(9)), flaws=(Flaw("budget-exceeded", "Enough."),))
    from dag_factory.runners import Allowance

    assert spending.held_to(told, Allowance(money=Decimal(1))) is told


def test_people_are_told_what_was_drawn(spent, spender):
    from pathlib import Path

    from typer.testing import CliRunner

    from dag_factory.cli import app

    house = spent(more="budget: 1 USD", task=", budget: {tokens: 100, requests: 5}")
    house.run("first.write", "first.more")
    told = CliRunner().invoke(app, ["report", str(house.store.path)]).output
    assert "## Budgets" in told
    assert "| `run` | 1 USD | 0.20 USD |" in told
    assert "| `task/first/write` | 100 tokens | ✗ 120 tokens |" in told
    assert "| `task/first/write` | 5 requests | 3 requests |" in told
    shown = CliRunner().invoke(app, ["status", str(house.store.path)]).output
    assert "Budgets\n  • run: 0.20 USD of 1 USD spent or set aside\n  ✗ task/first/write: 120 tokens of 100 tokens" in shown
    (Path(house.store.path) / house.record.charter.digest[:16] / "ledger" / "0001.json").unlink()
    assert "**It cannot be told:** `The ledger of " in CliRunner().invoke(app, ["report", str(house.store.path)]).output
    other = spent()
    assert "Budgets" not in CliRunner().invoke(app, ["status", str(other.store.path)]).output
