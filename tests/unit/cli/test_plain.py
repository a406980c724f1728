"""Values as JSON has them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dag_factory.cli.plain import as_json
from dag_factory.evidence.verdict import Finding


@dataclass(frozen=True)
class Pair:
    one: object
    other: object


def test_dataclasses_models_tuples_and_mappings():
    finding = Finding(rule="a", subject="b", text="c")
    value = {"pairs": (Pair(finding, [1, None]), Pair((), {"x": True}))}
    assert json.loads(as_json(value)) == {
        "pairs": [{"one": {"rule": "a", "subject": "b", "text": "c", "task": ""}, "other": [1, None]}, {"one": [], "other": {"x": True}}]
    }


def test_it_is_ascii_and_says_nothing_to_a_terminal():
    told = as_json(Pair("\x1b[2J", "\u202e⚠"))
    assert told.isascii()
    assert "\x1b" not in told
    assert json.loads(told) == {"one": "\x1b[2J", "other": "\u202e⚠"}
