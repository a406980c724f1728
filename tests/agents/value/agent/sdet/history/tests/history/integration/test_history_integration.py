"""Tests of history: every acceptance criterion."""

from datetime import date

from customers.history import histories

ORDER = {"customer": "A", "day": "2026-03-01", "cents": "500"}


def test_his_1_returns_stand_in_the_history_of_their_customer():
    known, _ = histories([ORDER], [{**ORDER, "day": "2026-02-01", "cents": "200"}])
    assert known == {"A": [(date(2026, 2, 1), -200), (date(2026, 3, 1), 500)]}


def test_his_2_a_row_that_cannot_be_dated_is_rejected():
    bad = {**ORDER, "day": "soon"}
    known, rejected = histories([ORDER, bad], [])
    assert (len(known["A"]), rejected) == (1, [bad])
