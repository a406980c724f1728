"""What is looked at before it is signed, in words and not in the names of errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from dag_factory.evidence.contract import Item
from dag_factory.evidence.handing import malformed
from dag_factory.evidence.kinds import KINDS


@pytest.mark.parametrize(
    ("expect", "raised", "says"),
    [
        ({"least": 5}, None, "It could not be examined: the spec expects of it what its kind does not know."),
        ({}, RecursionError(), "It could not be examined: it is too large, or nests too deep."),
    ],
)
def test_what_cannot_be_examined_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expect: dict[str, int], raised: Exception | None, says: str
) -> None:
    def examine(*_: object) -> None:
        assert raised
        raise raised

    if raised:
        monkeypatch.setattr(KINDS["file"], "examine", examine)
    (tmp_path / "a.txt").write_text("A text.")
    item = Item(id="a", kind="file", report="a.txt", expect=expect)
    assert malformed({"a": item}, {"a": tmp_path / "a.txt"}) == (("a", says),)
