"""Phases run in the order of the pattern, with those that are added beside their neighbours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.spec import ordered
from dag_factory.spec.models import Phase


def phases(**places: str) -> dict[str, Phase]:
    """`x="<a"` stands before a, `x=">a"` after it, `x=""` where it is written."""
    made = {}
    for name, place in places.items():
        made[name] = Phase(before=place[1:] if place[:1] == "<" else None, after=place[1:] if place[:1] == ">" else None)
    return made


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ({}, ""),
        ({"a": "", "b": "", "c": ""}, "abc"),
        ({"a": "", "b": "", "x": ">a"}, "axb"),
        ({"a": "", "b": "", "x": "<b"}, "axb"),
        ({"a": "", "b": "", "x": "<a"}, "xab"),
        ({"x": ">b", "a": "", "b": ""}, "abx"),
        ({"a": "", "b": "", "x": ">a", "y": ">a"}, "axyb"),
        ({"a": "", "b": "", "x": "<b", "y": "<b"}, "axyb"),
        ({"a": "", "b": "", "y": ">x", "x": ">a", "z": ">a"}, "axyzb"),
        ({"a": "", "x": ">nowhere"}, "ax"),
        ({"a": "", "x": ">x"}, "ax"),
        ({"a": "", "x": ">y", "y": ">x"}, "axy"),
    ],
)
def test_order(written: dict[str, str], order: str) -> None:
    assert "".join(ordered(phases(**written))) == order


def test_before_wins_over_after_until_the_rules_refuse_both() -> None:
    assert ordered({"a": Phase(), "b": Phase(), "x": Phase(before="a", after="b")}) == ("x", "a", "b")


@given(
    st.dictionaries(
        st.sampled_from("abcdefg"), st.one_of(st.just(""), st.tuples(st.sampled_from("<>"), st.sampled_from("abcdefgz")).map("".join))
    )
)
def test_every_phase_stands_in_the_order_once_and_beside_its_neighbour(written: dict[str, str]) -> None:
    made = phases(**written)
    order = ordered(made)
    assert sorted(order) == sorted(made)
    for name, phase in made.items():
        free = {item for item in made if made[item].before is None and made[item].after is None}
        if phase.before in free:
            assert order.index(name) < order.index(phase.before)
        if phase.after in free:
            assert order.index(name) > order.index(phase.after)
