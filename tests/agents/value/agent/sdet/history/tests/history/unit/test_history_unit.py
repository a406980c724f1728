"""Tests of history: every error of its interface."""

import pytest
from customers.history import NotDated, day_of


@pytest.mark.parametrize("row", [{}, {"day": ""}, {"day": "2026-02-30"}])
def test_notdated_is_raised_where_a_row_says_no_day(row):
    with pytest.raises(NotDated, match="no day of the calendar"):
        day_of(row)
