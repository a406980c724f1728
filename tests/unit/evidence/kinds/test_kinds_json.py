from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.json import JsonExpect, JsonKind, schema_problem

VERDICTS = {
    "type": "object",
    "required": ["verdicts"],
    "properties": {
        "verdicts": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["story", "verdict"],
                "properties": {"story": {"type": "string", "minLength": 1}, "verdict": {"const": "PASSED"}},
            },
        }
    },
}


def examine(document, schema=None, publish=None):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    expect = JsonExpect.model_validate({"schema": schema or {}, "publish": publish or {}})
    return JsonKind().examine(Material("v.json", data), expect)


def test_a_document_that_satisfies_its_schema():
    document = {"verdicts": [{"story": "S-2", "verdict": "PASSED"}, {"story": "S-1", "verdict": "PASSED"}]}
    found = examine(document, VERDICTS, {"cites": "verdicts[*].story"})
    assert found.faults == ()
    assert found.facts == {"cites": ("S-2", "S-1")}


@pytest.mark.parametrize("word", ["FAILED", "pass", "PASSED ", "Passed", True, 1, None, ["PASSED"], "ＰＡＳＳＥＤ"])
def test_any_other_verdict_is_told_with_its_place(word):
    document = {"verdicts": [{"story": "S-1", "verdict": "PASSED"}, {"story": "S-2", "verdict": word}]}
    (fault,) = examine(document, VERDICTS).faults
    assert fault.rule == "validation-failed"
    assert fault.subject == "verdicts[1].verdict"
    assert json.dumps(word, ensure_ascii=False) in fault.text
    assert '"PASSED"' in fault.text


def test_a_result_is_a_verdict_and_a_level_is_none():
    def schema(key):
        return {"properties": {key: {"enum": ["repelled"]}}}

    assert [fault.rule for fault in examine({"result": "in"}, schema("result")).faults] == ["validation-failed"]
    (fault,) = examine({"level": "error"}, schema("level")).faults
    assert fault.rule == "evidence-malformed"
    assert "one of" in fault.text


def test_a_verdict_below_an_alternative_is_found():
    schema = {"anyOf": [{"properties": {"verdict": {"const": "PASSED"}}, "required": ["verdict"]}, {"type": "array"}]}
    (fault,) = examine({"verdict": "FAILED"}, schema).faults
    assert fault.rule == "validation-failed"


def test_a_missing_verdict_is_malformed():
    (fault,) = examine({"verdicts": [{"story": "S-1"}]}, VERDICTS).faults
    assert fault.rule == "evidence-malformed"
    assert "verdicts[0]" in fault.text
    assert "'verdict' is a required property" in fault.text


@pytest.mark.parametrize("document", [b"{}", b"[]", b"null", b'""', b"  "])
def test_a_document_that_says_nothing_is_missing(document):
    assert [fault.rule for fault in examine(document).faults] == ["evidence-missing"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"verdict": "FAILED", "verdict": "PASSED"}', "stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": 1e400}', "beyond"),
        (b"[" * 200_000, "nested"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"PASSED", "Not JSON"),
        (b" " * 20_000_000 + b"1", "bytes"),
    ],
)
def test_what_cannot_be_read_strictly_is_malformed(data, says):
    (fault,) = examine(data).faults
    assert fault.rule == "evidence-malformed"
    assert says in fault.text


def test_integers_are_integers():
    schema = {"properties": {"iterations": {"type": "integer", "minimum": 3}}}
    assert examine({"iterations": 3}, schema).faults == ()
    for wrong in (3.0, True, "3", 2, 0):
        assert examine({"iterations": wrong}, schema).faults


def test_faults_are_not_told_without_end():
    found = examine({"verdicts": [{"story": "s", "verdict": "no"}] * 500}, VERDICTS)
    assert len(found.faults) == 21


@pytest.mark.parametrize(
    ("path", "document", "facts"),
    [
        ("a", {"a": "x"}, ("x",)),
        ("a.b", {"a": {"b": 7}}, ("7",)),
        ("[*].id", [{"id": "x"}, {"id": "y"}, {"id": "x"}], ("x", "y")),
        ("a[*]", {"a": ["x", "y"]}, ("x", "y")),
        ("a[*][*].c", {"a": [[{"c": "x"}], [], [{"c": "y"}]]}, ("x", "y")),
        ("runs[*].results[*].ruleId", {"runs": [{"results": []}, {"results": [{"ruleId": "S1"}]}]}, ("S1",)),
        ("a.b[*].c", {"a": {"b": [{"c": "2"}, {"c": "1"}]}}, ("2", "1")),
        ("findings[*].id", {"other": 1}, ()),
        ("$defs.a-b", {"$defs": {"a-b": "x"}}, ("x",)),
    ],
)
def test_facts_are_published_in_the_order_of_the_document(path, document, facts):
    found = examine(document, publish={"fact": path})
    assert found.faults == ()
    assert found.facts == {"fact": facts}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"f": [{"id": "x"}, {}]}, "f[1] must be an object with “id”"),
        ({"f": [{"id": "x"}, "y"]}, "f[1] must be"),
        ({"f": [{"id": ""}]}, "f[0].id is"),
        ({"f": [{"id": "  "}]}, "f[0].id is"),
        ({"f": [{"id": None}]}, "f[0].id is null"),
        ({"f": [{"id": True}]}, "f[0].id is true"),
        ({"f": [{"id": 1.5}]}, "f[0].id is 1.5"),
        ({"f": [{"id": ["x"]}]}, "f[0].id is"),
        ({"f": {"id": "x"}}, "f must be a list"),
    ],
)
def test_an_item_that_could_never_be_cited_is_a_fault(document, says):
    (fault,) = examine(document, publish={"findings": "f[*].id"}).faults
    assert says in fault.text


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[0]", "a[*", "a b", "[*]a", "a[*]b", "$.a\n", "[*]"])
def test_a_path_must_be_one(path):
    with pytest.raises(ValidationError, match="is no path"):
        JsonExpect.model_validate({"publish": {"fact": path}})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://example.org/schema.json"},
        {"$ref": "other.json#/a"},
        {"properties": {"a": {"items": [{"$ref": "file:///etc/passwd"}]}}},
        {"$dynamicRef": "urn:x"},
    ],
)
def test_a_schema_refers_to_itself_only(schema):
    with pytest.raises(ValidationError, match="leaves the schema"):
        JsonExpect.model_validate({"schema": schema})


def test_a_schema_may_refer_within_itself():
    schema = {"$defs": {"v": {"const": "PASSED"}}, "properties": {"verdict": {"$ref": "#/$defs/v"}}}
    assert examine({"verdict": "PASSED"}, schema).faults == ()
    assert [fault.rule for fault in examine({"verdict": "x"}, schema).faults] == ["validation-failed"]


def test_a_schema_that_holds_itself_is_refused():
    schema: dict[str, object] = {}
    schema["not"] = schema
    with pytest.raises(ValidationError):
        JsonExpect.model_validate({"schema": schema})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "#/$defs/none"},
        {"$ref": "#"},
        {"pattern": "("},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"n": {"multipleOf": 0.5}}},
        {"const": object()},
    ],
)
def test_a_schema_that_fails_is_a_fault_and_no_crash(schema):
    (fault,) = examine(b'{"a": "x", "n": 1' + b"0" * 400 + b"}", schema).faults
    assert "chema" in fault.text


def test_schemas_can_be_linted():
    assert schema_problem(VERDICTS) is None
    assert "nonsense" in (schema_problem({"type": "nonsense"}) or "")


def test_the_schema_is_written_by_its_name_in_yaml():
    assert JsonExpect.model_validate({"schema": {"type": "object"}}).model_dump(by_alias=True) == {
        "schema": {"type": "object"},
        "publish": {},
        "unique": (),
    }
    with pytest.raises(ValidationError):
        JsonExpect.model_validate({"json_schema": {}})


@pytest.mark.parametrize(
    ("text", "long_enough"), [("ab", True), ("a ", False), (" \u200ba\u3164", False), ("\u00adab", True), ("ä!", True)]
)
def test_the_least_length_is_of_what_can_be_seen(text, long_enough):
    faults = examine({"a": text}, {"properties": {"a": {"minLength": 2}}}).faults
    assert [fault.subject for fault in faults] == ([] if long_enough else ["a"])
    assert all("fewer than 2 signs that a reader sees" in fault.text for fault in faults)
    assert examine({"a": 1}, {"properties": {"a": {"minLength": 2}}}).faults == ()


@pytest.mark.parametrize(
    ("ids", "told"),
    [(["a", "b"], ""), (["a", "A", "a.1"], ""), (["a", "b", "a "], "a"), (["a", "a\u200b", "b", "b"], "a, b"), ([1, "1"], "1")],
)
def test_what_must_be_unique_stands_once(ids, told):
    data = json.dumps({"rows": [{"id": name} for name in ids]}).encode()
    faults = JsonKind().examine(Material("v.json", data), JsonExpect(unique=("rows[*].id",))).faults
    assert [fault.text for fault in faults] == ([f"v.json: rows[*].id has {told} more than once. Give each its own."] if told else [])
    with pytest.raises(ValidationError, match="is no path"):
        JsonExpect(unique=("rows[].id",))


def test_what_a_schema_rules_out_is_told_as_a_contradiction():
    (fault,) = examine({"verdict": "FAILED"}, {"properties": {"verdict": {"not": {"const": "FAILED"}}}}).faults
    assert fault.rule == "validation-failed"
    assert 'verdict is "FAILED", which the schema rules out' in fault.text


def test_an_id_that_shows_nothing_is_none():
    (fault,) = examine({"a": "\u200b\u3164"}, publish={"cites": "a"}).faults
    assert "an id is text" in fault.text


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["PASSED", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["verdicts", "verdict", "story"]), inner, max_size=3),
    max_leaves=10,
)


@given(DOCUMENTS)
@settings(max_examples=150, deadline=None)
def test_no_document_makes_it_raise(document):
    found = examine(document, VERDICTS, {"cites": "verdicts[*].story"})
    if not found.faults:
        assert all(verdict["verdict"] == "PASSED" for verdict in document["verdicts"])
        assert set(found.facts["cites"]) == {verdict["story"] for verdict in document["verdicts"]}


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ([{"a": number} for number in range(20_000)], True),
        ([*({"a": number} for number in range(20_000)), {"a": 7}], False),
        ([1, 1.0], False),
        ([[1], [1.0]], False),
        ([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], False),
        ([1, True, "1", [1], {"a": 1}, None, 0, False, "", []], True),
        ([1e300, 1.5, 1.25], True),
        ("not a list", True),
    ],
    ids=range(8),
)
def test_of_very_many_items_each_stands_once(items, unique):
    found = examine(items, {"uniqueItems": True})
    assert [fault.text for fault in found.faults] == ([] if unique else [fault.text for fault in found.faults[:1]])
    assert unique or "stands in it more than once" in found.faults[0].text
