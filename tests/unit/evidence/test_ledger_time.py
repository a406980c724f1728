"""The ledger of a run: how time is counted, and in which order entries follow each other."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest

from dag_factory.evidence import ledger
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.ledger import Amounts, spent_by

RESERVED = Amounts(money=None, tokens=None, requests=None, time=60)


def taken(finished_at: str) -> int:
    statement = SimpleNamespace(started_at="2026-11-30T10:00:00.000000Z", finished_at=finished_at, figures=None)
    return spent_by(statement, RESERVED).time


@pytest.mark.parametrize(
    ("finished_at", "seconds"),
    [
        ("2026-11-30T10:00:00.000000Z", 0),
        ("2026-11-30T10:00:00.000001Z", 1),
        ("2026-11-30T10:00:00.400000Z", 1),
        ("2026-11-30T10:00:02.000000Z", 2),
        ("2026-11-30T10:00:02.000001Z", 3),
        ("2026-11-30T09:59:50.000000Z", 0),
    ],
)
def test_an_attempt_that_is_over_at_once_draws_time_too(finished_at, seconds):
    assert taken(finished_at) == seconds


def test_entries_beyond_the_ten_thousandth_follow_those_before(tmp_path, monkeypatch):
    names = [f"{number:04d}.json" for number in range(1, 10_002)]

    def entry(payload, _):
        number = int(payload.removesuffix(b".json"))
        before = hashlib.sha256(names[number - 2].encode()).hexdigest() if number > 1 else None
        return SimpleNamespace(
            number=number, previous=before, binding=SimpleNamespace(charter=charter.digest, plan="plan"), attempt="one/0001"
        )

    run = SimpleNamespace(path="store", names=lambda _: sorted(names), read=lambda name, at_most: _kept(name))
    charter = SimpleNamespace(
        digest="c" * 64,
        says=SimpleNamespace(plan="plan", keys={ledger.AUTHORITY: KeyFolder(tmp_path).signer(ledger.AUTHORITY, make=True).public.pem}),
    )
    monkeypatch.setattr(ledger, "open_envelope", lambda data, keys: SimpleNamespace(payload=data))
    monkeypatch.setattr(ledger, "parse", entry)
    assert len(ledger.read_ledger(run, charter).reservations) == 10_001


def _kept(name: str) -> bytes | None:
    """An entry holds its own name; there is no statement."""
    return name.rpartition("/")[2].encode() if "/ledger/" in name else None
