"""What a reader does not see is spelled out, and what they see is left as it is."""

from __future__ import annotations

import pytest

from dag_factory.unseen import is_unseen, shown


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\x7f", "\u200b", "\u202e", "\u2028", "\ue000", "\ud800", "\u3164", "\U000e0041"])
def test_what_cannot_be_seen_is_spelled_out(sign):
    assert is_unseen(sign)
    assert shown(f"a{sign}b") == f"a⟨U+{ord(sign):04X}⟩b"


@pytest.mark.parametrize("text", ["", "plain", "Größe", "日本語", "🙂", "a b", "⟨U+202E⟩"])
def test_what_can_be_seen_is_left(text):
    assert shown(text) == shown(text, lines=True) == text


def test_lines_stay_where_they_are_asked_for():
    assert shown("a\r\n\tb\rc") == "a b c"
    assert shown("a\r\n\tb\rc", lines=True) == "a\n\tb⟨U+000D⟩c"
