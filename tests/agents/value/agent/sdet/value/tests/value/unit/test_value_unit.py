"""Tests of value: every error of its interface."""

import pytest
from customers.value import NoHistory, estimate


def test_nohistory_is_raised_where_there_is_nothing_to_estimate_from():
    with pytest.raises(NoHistory):
        estimate([])
