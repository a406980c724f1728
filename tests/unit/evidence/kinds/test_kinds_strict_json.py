from __future__ import annotations

import json
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.errors import EvidenceError
from dag_factory.evidence import strict_json


def loads(data: bytes, **limits):
    return strict_json.loads(data, **{"max_bytes": 10_000_000, "max_depth": 64, **limits})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"verdict": "FAILED", "verdict": "PASSED"}', "stands twice"),
        (b'{"verdict": 1, "\\u0076erdict": 2}', "stands twice"),
        (b'[{"a": {"b": 1, "b": 1}}]', "'b' stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "beyond"),
        (b"[-1e999]", "beyond"),
        (b"[" + b"1" * 5000 + b"]", "number"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'"\xff"', "UTF-8"),
        ("[1]".encode("utf-16"), "UTF-8"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\uDC00": 1}', "surrogate"),
        (b"", "Not JSON"),
        (b"{} {}", "Not JSON"),
        (b"[1,]", "Not JSON"),
        (b'["a\nb"]', "Not JSON"),
        (b"{'a': 1}", "line 1, column 2"),
        (b"[" * 200_000, "nested"),
        (b'{"a":' * 200_000, "nested"),
        (b"[" * 65 + b"]" * 65, "more than 64 levels"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(data, says):
    with pytest.raises(EvidenceError, match=says) as caught:
        loads(data)
    assert caught.value.remedy or "nested" in says


def test_limits():
    assert loads(b"[" * 64 + b"]" * 64)
    assert loads(b"1", max_depth=0) == 1
    with pytest.raises(EvidenceError, match="at most 3"):
        loads(b"[1,2]", max_bytes=3)
    with pytest.raises(EvidenceError, match="more than 10 values"):
        loads(b"[" + b"[]," * 10 + b"1]", max_nodes=10)
    assert loads(b'[",,,,,,,,,,,,,,"]', max_nodes=10)  # commas in texts are no values
    with pytest.raises(EvidenceError):
        loads(b'["' + b'\\"' * 500_000, max_nodes=10)  # an unterminated text costs linear time


def test_real_pairs_of_surrogates_are_characters():
    assert loads(b'"\\ud83d\\ude00"') == "😀"


def test_canonical_bytes():
    class Word(StrEnum):
        A = "ä"

    value = {"b": [1, True, None, "\u2028\n"], "a": {"ü": (Word.A,)}}
    assert strict_json.dumps_canonical(value) == '{"a":{"ü":["ä"]},"b":[1,true,null,"\u2028\\n"]}'.encode()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"a": [1.0]}, r"float at a\[0\]"),
        (float("nan"), "float at the top"),
        ({1: 2}, "key 1 at the top"),
        ({"a": {None: 2}}, "key None at a"),
        ({"a": {1, 2}}, "set at a"),
        ("\ud800", "surrogates"),
        (b"x", "bytes"),
    ],
)
def test_what_has_no_one_form_is_not_written(value, says):
    with pytest.raises(EvidenceError, match=says):
        strict_json.dumps_canonical(value)


def test_a_value_that_holds_itself_is_not_written():
    value: list[object] = []
    value.append(value)
    with pytest.raises(EvidenceError, match="canonical"):
        strict_json.dumps_canonical(value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again_and_written_the_same(value):
    written = strict_json.dumps_canonical(value)
    assert loads(written) == value
    assert strict_json.dumps_canonical(loads(written)) == written


@given(st.binary(max_size=80) | st.text(alphabet='{}[]",:\\u0dD8123e.-NaI n\n', max_size=60).map(str.encode))
@settings(max_examples=400, deadline=None)
def test_bytes_are_read_as_json_reads_them_or_refused(data):
    try:
        value = loads(data)
    except EvidenceError:
        return
    assert value == json.loads(data)


def test_a_refusal_can_be_signed_whatever_it_quotes():
    with pytest.raises(EvidenceError) as told:
        loads(b'{"\\ud800": 1, "a": 1, "a": 2}')
    assert "keys: ?, a" in str(told.value)
    str(told.value).encode()


def test_a_place_is_told_without_all_of_a_long_key():
    with pytest.raises(EvidenceError) as told:
        strict_json.dumps_canonical({"k" * 1_000_000: [*[0] * 200_000, 1.5]})
    assert f"A float at {'k' * 200}[200000] " in told.value.message
