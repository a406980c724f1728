"""Tests of segments: every error of its interface."""

import pytest
from customers.segments import NoCustomers, cut


def test_nocustomers_is_raised_where_there_is_nobody_to_cut():
    with pytest.raises(NoCustomers):
        cut({})
