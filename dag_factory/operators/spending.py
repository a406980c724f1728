"""Sets aside what an attempt may spend, before it works; says afterwards whether it kept to it. The ledger itself is `dag_factory.evidence.ledger`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

from dag_factory.errors import StoreError
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.ledger import FOLDER, Amounts, Ledger, Reservation, read_ledger
from dag_factory.evidence.record import fix_folder
from dag_factory.evidence.statement import now, sign
from dag_factory.operators.assignment import Assignment
from dag_factory.plan import Plan
from dag_factory.runners import Allowance, Flaw, Outcome

__all__ = ["held_to", "reserve"]

_CENT = Decimal("0.000001")
_PATIENCE = 90  # seconds in which a shared disk lists what another worker wrote (nfs(5), acdirmax)
_WORDS = {"money": "US dollars", "tokens": "tokens", "requests": "requests to a model", "time": "seconds"}


def reserve(asked: Assignment) -> Allowance | Flaw:
    """Set aside what an attempt may spend, of every account it draws on.

    What is left of an account is shared evenly with the tasks of the phase that draw on it too and have not begun, or have failed and are tried again; and
    with the tries that this task has after this one: what a dead attempt had set aside is lost to them.

    Returns
    -------
    What may be spent; or why nothing may, since an account is empty.

    Raises
    ------
    StoreError: the ledger is not whole, or cannot be written.

    """
    accounts = asked.plan.executions[asked.task.id].accounts
    if not accounts:
        return Allowance()
    charter = asked.record.charter
    drawn = set(_drawn(asked))
    taken, waited = 0, 0
    while waited < _PATIENCE:
        ledger = read_ledger(asked.scope.run, charter)
        if lost := sorted(drawn - {one.attempt for one in ledger.reservations}):
            raise StoreError(
                f"The ledger of {asked.scope.run.path} is not whole: {lost[0]} was worked on a budget, and no entry tells of it.",
                remedy="Find out by whom it was changed; nothing more is spent in this run. Start a new one.",
            )
        found = dict(_shares(asked, ledger, accounts))
        empty = [kind for kind, (left, _) in found.items() if left <= 0]
        if empty:
            named = " and ".join(f"no {_WORDS[kind]} are left in {found[kind][1]}" for kind in empty)
            return Flaw("budget-exceeded", f"It was not begun: {named}.")
        money: Any = found["money"][0] if "money" in found else None
        counts = {kind: int(found[kind][0]) if kind in found else None for kind in ("tokens", "requests", "time")}
        entry = Reservation(
            binding=asked.binding, number=len(ledger.reservations) + 1, previous=ledger.last, accounts=accounts, written_at=now(),
            attempt=f"{_below(asked.case.phase_id, asked.case.at, asked.task.id)}/{asked.number:04d}",
            amounts=Amounts(money=None if money is None else f"{money:f}", **counts),
        )  # fmt: skip
        try:
            asked.scope.run.create(
                f"{charter.digest[:16]}/{FOLDER}/{entry.number:04d}.json",
                sign(entry, {"charter": {"sha256": charter.digest}}, asked.scope.keys.signer(AUTHORITY)),
            )
        except FileExistsError:  # somebody else was quicker: there is less left now
            if taken == entry.number:  # and yet it was not listed
                waited += 1
                time.sleep(1)
            taken = entry.number
            continue
        return Allowance(money=money, **counts)
    raise StoreError(
        f"The ledger of {asked.scope.run.path} takes no entry: {taken:04d}.json is there, and was not listed for {_PATIENCE} seconds.",
        remedy="See that what one worker writes to the evidence store is listed at once by all others, then clear the task.",
    )


def _shares(asked: Assignment, ledger: Ledger, accounts: tuple[str, ...]) -> Iterator[tuple[str, tuple[Decimal | int, str]]]:
    """What of each kind may be set aside, and which account allows the least."""
    for kind in ("money", "tokens", "requests", "time"):
        offers: list[tuple[Decimal | int, str]] = []
        for account in accounts:
            limit: Any = getattr(asked.plan.budgets[account], kind)
            if limit is not None:
                left = (Decimal(limit) if kind == "money" else limit) - getattr(ledger.spent(account), kind)
                offers.append((_share(left, 1 + _waiting(asked, ledger, account) + _tries(asked, ledger)), account))
        if offers:
            yield kind, min(offers)


def _share(left: Decimal | int, among: int) -> Decimal | int:
    if isinstance(left, Decimal):
        return (left / among).quantize(_CENT, rounding=ROUND_DOWN)
    return max(left // among, 1) if left > 0 else left


def _waiting(asked: Assignment, ledger: Ledger, account: str) -> int:
    """How many other tasks of this phase, or fix cycle, draw on an account and have not begun, or have failed and are tried again."""
    case = asked.case
    if case.at:
        given = case.rounds[-1].triage.says if case.rounds else None
        names = {order.task for order in (*given.orders, *given.again)} if given else set()
    else:
        names = {task.id for task in case.phase.tasks}
    others = (name for name in names - {asked.task.id} if _draws(asked.plan, name, account))
    return sum(ledger.awaits(_below(case.phase_id, case.at, name), asked.plan.executions[name].retries) for name in others)


def _tries(asked: Assignment, ledger: Ledger) -> int:
    """How often this task is tried again at most, should this attempt fail or die."""
    folder = _below(asked.case.phase_id, asked.case.at, asked.task.id)
    return max(0, asked.plan.executions[asked.task.id].retries - len(ledger.attempts(folder)))


def _draws(plan: Plan, task: str, account: str) -> bool:
    return task in plan.executions and account in plan.executions[task].accounts


def _drawn(asked: Assignment) -> Iterator[str]:
    """The attempts that were known when this one began, whose statements tell what they drew on some account: each was reserved for."""
    for task_id, stored in asked.record.delivered():
        bound = stored.says.binding
        if stored.says.figures and task_id in asked.plan.executions and asked.plan.executions[task_id].accounts:
            yield f"{_below(bound.phase, bound.cycle, task_id)}/{stored.name.removesuffix('.json')}"


def _below(phase: str, cycle: int, task: str) -> str:
    """Where the statements of a task lie, below the charter's folder."""
    return fix_folder(phase, cycle, task) if cycle else f"statements/{task}"


def held_to(outcome: Outcome, allowance: Allowance) -> Outcome:
    """Name what an attempt spent more than it was allowed; however well it says it ended, it failed."""
    if any(flaw.rule == "budget-exceeded" for flaw in outcome.flaws):
        return outcome
    figures = outcome.figures
    taken = {"money": figures.cost, "tokens": figures.tokens, "requests": figures.requests} if figures else {}
    over = [
        f"{spent} {_WORDS[kind]} where {limit} were left for it"
        for kind, spent in taken.items()
        if spent is not None and (limit := getattr(allowance, kind)) is not None and spent > limit
    ]
    if allowance.time is not None and (
        outcome.seconds > allowance.time or (outcome.ended == "timed-out" and outcome.seconds >= allowance.time)
    ):
        over.append(f"{outcome.seconds:.0f} seconds where {allowance.time} were left for it")
    return replace(outcome, flaws=(*outcome.flaws, Flaw("budget-exceeded", f"It took {' and '.join(over)}."))) if over else outcome
