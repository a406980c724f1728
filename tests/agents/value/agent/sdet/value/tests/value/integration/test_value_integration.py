"""Tests of value: every acceptance criterion."""

from datetime import date

from customers.value import estimate


def test_val_1_a_value_lies_within_its_interval():
    least, likely, most = estimate([(date(2026, 1, 1), 1000), (date(2026, 12, 2), 1000)])
    assert least < likely < most
    assert likely == 6000


def test_val_2_who_returned_more_than_they_bought_is_worth_nothing():
    assert estimate([(date(2026, 1, 1), 500), (date(2026, 1, 2), -700)]) == (0, 0, 0)
