from __future__ import annotations

import pytest

from dag_factory.evidence.kinds.words import wording
from dag_factory.evidence.visible import unescaped


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a & b", "a & b"),
        ("&amp;&lt;", "&<"),
        ("&#65;&#x41;&#0;", "AA\ufffd"),
        ("&#" + "0" * 9_000 + "65;", "A"),
        ("&#1114109;", "\U0010fffd"),
        ("&#1114112;", "\ufffd"),
        ("&#" + "9" * 9_000 + ";", "\ufffd"),
        ("&#x" + "f" * 9_000 + ";", "\ufffd"),
        ("&#;&#x;&", "&#;&#x;&"),
    ],
)
def test_entities_of_any_length_are_read(text: str, read: str):
    assert unescaped(text) == read


def test_words_of_a_file_with_an_entity_of_any_length():
    assert wording(b"one &#" + b"9" * 9_000 + b"; two") == wording(b"One, two!")
