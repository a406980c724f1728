"""What became of a run's budgets, told from its store: the plan's limits, and what its ledger and statements say was drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from dag_factory.errors import StoreError
from dag_factory.evidence.ledger import read_ledger
from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.store import RunStore

__all__ = ["Drawn", "budgets_of"]

_UNITS = {"money": " USD", "tokens": " tokens", "requests": " requests", "time": " s"}


@dataclass(frozen=True)
class Drawn:
    """One limit of one account, and what was drawn from it or is set aside; `doubt` is why that cannot be told."""

    account: str
    limit: str
    drawn: str
    over: bool
    doubt: str = ""


def budgets_of(store: RunStore, record: RunRecord) -> tuple[Drawn, ...]:
    """Every limit of a run, by account; none where its plan has no budget."""
    return tuple(_drawn(store, record))


def _drawn(store: RunStore, record: RunRecord) -> Iterator[Drawn]:
    budgets = json.loads(store.blob(record.charter.says.plan) or b"{}").get("budgets") or {}
    if not budgets:
        return
    try:
        ledger = read_ledger(store, record.charter)
    except StoreError as error:
        yield Drawn("", "", "", over=True, doubt=error.message)
        return
    for account, limits in sorted(budgets.items()):
        spent = ledger.spent(account)
        for kind, unit in _UNITS.items():
            if limits.get(kind) is not None:
                taken = getattr(spent, kind)
                shown = f"{taken:.2f}" if kind == "money" else f"{taken:,}"
                most = limits[kind] if kind == "money" else f"{limits[kind]:,}"
                yield Drawn(account, f"{most}{unit}", f"{shown}{unit}", over=taken > type(taken)(limits[kind]))
