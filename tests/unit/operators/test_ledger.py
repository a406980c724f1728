"""The ledger of a run: what is set aside stands in it whoever dies or comes at once, it lets nobody spend once changed, and people see it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from support.spending import ledger, money

from dag_factory.evidence.ledger import Ledger
from dag_factory.operators import spending
from dag_factory.operators.attempt import Attempt


class Killed(BaseException):
    """What no code of a task can catch: its process is gone."""


def die(*_):
    raise Killed


def test_what_a_dead_attempt_reserved_counts_as_spent(spent, spender):
    house = spent(task=", budget: 1 USD")
    spender.ends["one"] = die
    with pytest.raises(Killed):
        house.run("first.write")
    house.run("first.write")
    assert house.failures["first.write"].endswith("no US dollars are left in task/first/write.")
    assert (len(spender.allowed), len(ledger(house))) == (1, 1)


def test_a_dead_attempt_costs_its_share_and_not_the_tries_after_it(spent, spender):
    house = spent(task=", budget: 1 USD", writer=", retries: 2")
    spender.ends["one"] = die
    with pytest.raises(Killed):
        house.run("first.write")
    with pytest.raises(Killed):
        house.run("first.write", again=True)
    del spender.ends["one"]
    house.run("first.write", again=True)
    assert money(spender) == ["0.33", "0.33", "0.33"]
    assert "first.write" not in house.failures


def test_what_died_under_the_same_number_is_not_paid_for_by_the_statement_of_another(spent, spender):
    """As in a fix cycle whose triage was made again: what was mapped first is mapped second now, and tries once more for the first time."""
    house = spent(task=", budget: 1 USD", writer=", retries: 1")
    spender.ends["one"] = die
    with pytest.raises(Killed):
        house.run("first.write")
    del spender.ends["one"]
    house.tries["first.write"] = 0
    house.run("first.write")
    assert money(spender) == ["0.50", "0.50"]
    house.run("first.write")
    assert money(spender)[2:] == ["0.40"], "half a dollar is set aside for whoever died, and a tenth was taken"


def test_a_crash_after_the_statement_counts_what_the_statement_says(spent, spender, monkeypatch):
    house, attest = spent(task=", budget: 1 USD"), Attempt.attest

    def attested(self, *, failed):
        attest(self, failed=failed)
        die()

    with monkeypatch.context() as patch:
        patch.setattr(Attempt, "attest", attested)
        with pytest.raises(Killed):
            house.run("first.write")
    house.run("first.write")
    assert money(spender) == ["1.00", "0.90"], "neither lost nor counted twice"


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


def test_an_entry_that_is_there_and_never_listed_is_not_waited_for_without_end(spent, spender, monkeypatch):
    house = spent(more="budget: 1 USD")
    waits = []
    monkeypatch.setattr(spending.time, "sleep", waits.append)
    monkeypatch.setattr(spending, "read_ledger", lambda *_: Ledger())
    house.store.create(f"{house.record.charter.digest[:16]}/ledger/0001.json", b"another's")
    house.run("first.write")
    assert "takes no entry: 0001.json is there, and was not listed for 90 seconds" in house.failures["first.write"]
    assert waits == [1] * 90


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
