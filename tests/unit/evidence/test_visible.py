from __future__ import annotations

import unicodedata

import pytest

from dag_factory.evidence.kinds.words import wording
from dag_factory.evidence.policies.consent import same
from dag_factory.evidence.policies.named import token
from dag_factory.evidence.visible import composed, unescaped


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


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\uff9e\u0338"])
def test_marks_without_end_are_put_in_order(marks: str):
    assert token("re" + marks * 400_000 + "sume") == token("re" + marks * 20 + "sume")
    assert same("an\u0301" + marks * 400_000 + "n").endswith("n")
    assert wording(("re" + marks * 400_000 + "sume").encode()) == wording(("re" + marks * 20 + "sume").encode())


@pytest.mark.parametrize("text", ["re\u0301sume\u0301", "\uff41\u2460", "o\u0323\u0302" * 20, "-" * 100, "\uff76\uff9e"])
def test_the_form_is_that_of_unicode(text: str):
    assert composed(text).replace("\u034f", "") == unicodedata.normalize("NFKC", text)
