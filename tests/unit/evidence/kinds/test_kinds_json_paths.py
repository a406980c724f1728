"""Places within a JSON document: which entries have an id, and which of them speak against what they are of."""

from __future__ import annotations

import json

import pytest

from dag_factory.evidence.kinds.asking import ask
from dag_factory.evidence.kinds.base import Material
from dag_factory.evidence.kinds.json_paths import entries


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        ({"a": [{"id": "x"}, {"id": "y"}]}, "a[*].id", {"a[0]": "x", "a[1]": "y"}),
        ({"a": [{"id": 1}, 2, {"no": 1}, {"id": "y"}]}, "a[*].id", {"a[3]": "y"}),
        ({"a": {"b": [{"id": "x"}]}}, "a.b[*].id", {"a.b[0]": "x"}),
        ({"a": {"id": "x"}}, "a.id", {}),
        ({"a": {"id": "x"}}, "a[*].id", {}),
        ({"a": [["x"]]}, "a[*]", {}),
        ({"a": [{"b": [{"id": "x"}, {"id": "y"}]}, {"b": []}]}, "a[*].b[*].id", {"a[0].b[0]": "x", "a[0].b[1]": "y"}),
        ({"a": [{"of": {"id": "x"}}, {"of": 1}]}, "a[*].of.id", {"a[0]": "x"}),
        ({"a": ["x"]}, "a[*]", {"a[0]": "x"}),
        ([{"id": "x"}, {"id": "y"}], "[*].id", {"[0]": "x", "[1]": "y"}),
        ([{"id": "x"}], "a[*].id", {}),
        ({}, "a[*].id", {}),
    ],
)
def test_the_entries_of_lists_are_named_by_their_place(document, path, found):
    assert entries(document, path) == found


def test_an_entry_with_a_bad_result_is_told_apart_from_one_that_is_only_malformed():
    schema = {"properties": {"a": {"items": {"required": ["text"], "properties": {"result": {"const": "good"}}}}}}
    tried = [{"id": f"n{number}", "text": "t", "result": "good"} for number in range(12)]
    tried[1]["result"], tried[11]["result"] = "bad", "bad"
    del tried[2]["text"]
    facts = ask("json", Material("log.json", json.dumps({"a": tried}).encode()), {"schema": schema, "unique": ["a[*].id"]}).facts
    assert facts["@entries"] == tuple(f"n{number}" for number in range(12))
    assert facts["@against"] == ("n1", "n11")


def test_a_document_may_be_the_list_itself():
    schema = {"items": {"properties": {"result": {"const": "good"}}}}
    tried = [{"id": "n0", "result": "good"}, {"id": "n1", "result": "bad"}]
    facts = ask("json", Material("log.json", json.dumps(tried).encode()), {"schema": schema, "unique": ["[*].id"]}).facts
    assert facts == {"@entries": ("n0", "n1"), "@against": ("n1",)}


def test_what_is_tried_may_lie_deeper_than_its_id_or_less_deep():
    tries = {"items": {"properties": {"result": {"const": "good"}}}}
    schema = {"properties": {"a": {"items": {"properties": {"b": tries}}}}}
    tried = {"a": [{"b": [{"of": {"id": "n0"}, "result": "good"}]}, {"b": [{"of": {"id": "n1"}, "result": "bad"}]}]}
    facts = ask("json", Material("log.json", json.dumps(tried).encode()), {"schema": schema, "unique": ["a[*].b[*].of.id"]}).facts
    assert facts == {"@entries": ("n0", "n1"), "@against": ("n1",)}


def test_without_ids_nothing_is_told_apart():
    assert ask("json", Material("log.json", b'{"a": [{"result": "bad"}]}'), {"unique": ["a[*].id"]}).facts == {}
