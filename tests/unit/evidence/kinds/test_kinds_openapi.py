from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mutations import mutated

from dag_factory.evidence.kinds import Material, yaml_child
from dag_factory.evidence.kinds.openapi import OpenapiExpect, OpenapiKind

YAML = """\
openapi: 3.1.0
info: {title: Orders, version: '1'}
security: [{key: []}]
paths:
  /orders/{id}:
    summary: An order
    parameters: [{$ref: '#/components/parameters/Id'}]
    get:
      operationId: getOrder
      summary: Get one
      responses:
        200: {description: The order, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
        '404': {$ref: '#/components/responses/Gone'}
    x-note: any
  /orders:
    post:
      operationId: putOrder
      description: Keep one
      responses: &answers
        2XX: {description: Kept}
        default: {description: Not kept}
    delete:
      responses: *answers
  x-more: 1
components:
  parameters:
    Id: {name: id, in: path, required: true, schema: {type: string}}
  responses:
    Gone: {description: There is none}
  securitySchemes: {key: {type: apiKey, name: k, in: header}}
  schemas:
    Order:
      type: object
      properties:
        $ref: {type: string}
        example: {$ref: '#/components/schemas/Part'}
        part: {$ref: '#/$defs/x~1y%20z'}
        up: {$ref: '#/components/schemas/Order'}
        list: {$ref: '#here'}
      example: {$ref: nowhere}
      examples: [{$ref: 'also/nowhere'}]
    Part: {type: string, $anchor: here}
    Two: {oneOf: [{$ref: '#/components/schemas/Order/examples/0'}]}
$defs: {x/y z: {type: integer}}
"""
GOOD = {
    "openapi": "3.0.3",
    "info": {"title": "Orders", "version": "1"},
    "paths": {
        "/a/{id}": {
            "get": {
                "operationId": "a",
                "parameters": [{"name": "id", "in": "path", "required": True}, {"name": "q", "in": "query"}],
                "responses": {"200": {"description": "", "content": {"x": {"schema": {"$ref": "#/components/schemas/A"}}}}},
                "security": [{"k": []}],
            }
        }
    },
    "components": {"schemas": {"A": {"type": "object"}}, "securitySchemes": {"k": {"type": "http"}}},
}


def examined(document, **expect):
    data = document if isinstance(document, bytes) else document.encode() if isinstance(document, str) else json.dumps(document).encode()
    return OpenapiKind().examine(Material("openapi.yaml", data), OpenapiExpect.model_validate(expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def changed(change):
    document = copy.deepcopy(GOOD)
    change(document)
    return document


def operation(document):
    return document["paths"]["/a/{id}"]["get"]


def test_a_good_description():
    found = examined(YAML, min_operations=3, operations=["GET /orders/{id}", "post /orders"])
    assert found.faults == ()
    assert found.facts["operations"] == ("GET /orders/{id}", "POST /orders", "DELETE /orders")
    assert "getOrder" in found.facts["cites"]
    assert examined(GOOD).faults == ()
    assert examined("\ufeff" + YAML.replace("\n", "\r\n")).faults == ()


def test_what_may_be_asked():
    assert rules(examined(YAML, described=True)) == ["evidence-malformed"]
    assert examined(YAML, errors=True).faults == ()
    assert "when it fails" in examined(GOOD, errors=True).faults[0].text
    assert rules(examined(GOOD, operations=["PUT /a/{id}"], min_operations=2)) == ["evidence-missing", "evidence-missing"]


@pytest.mark.parametrize(("version", "fits"), [("3.0.4", False), ("3.1.0", True), ("3.1.1", True)])
def test_since_3_1_an_operation_need_not_say_how_it_answers_unless_that_is_asked(version, fits):
    silent = {**GOOD, "openapi": version, "paths": {"/a": {"get": {"summary": "x"}}}}
    assert rules(examined(silent)) == ([] if fits else ["evidence-missing"])
    (fault,) = examined(silent, errors=True).faults
    assert ("when it fails" in fault.text) is fits
    silent["paths"]["/a"]["get"]["responses"] = {}
    assert rules(examined(silent)) == ["evidence-missing"], "what is there must hold an answer"


@pytest.mark.parametrize("paths", [{}, {"x-a": 1}, {"/a": {}}, {"/a": {"summary": "nothing"}}])
def test_no_operation_is_no_api(paths):
    assert rules(examined({**GOOD, "paths": paths})) == ["evidence-missing"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(openapi="2.0"), "3.0.x, 3.1.x and 3.2.x"),
        (lambda d: d.update(openapi=3.1), "3.0.x, 3.1.x and 3.2.x"),
        (lambda d: d["info"].update(title=" "), "info.title"),
        (lambda d: d["info"].pop("version"), "info.version"),
        (lambda d: operation(d).pop("responses"), "no responses"),
        (lambda d: operation(d).update(responses={"x-a": {}}), "no responses"),
        (lambda d: operation(d)["responses"].update({"20": {"description": "x"}}), "no response code 20"),
        (lambda d: operation(d)["responses"].update({"201": {}}), "has no description"),
        (lambda d: operation(d).pop("parameters"), "id stands in its path"),
        (lambda d: operation(d)["parameters"][0].update(name="other"), "other stands in its parameters"),
        (lambda d: operation(d)["parameters"][0].pop("required"), "must be required"),
        (lambda d: operation(d)["parameters"][0].pop("in"), "parameters[0].in"),
        (lambda d: operation(d).update(security=[{"nobody": []}]), "nobody stands nowhere"),
        (lambda d: d["paths"]["/a/{id}"].update(gett={}), "no operation gett"),
        (lambda d: d["paths"]["/a/{id}"].update(put=operation(d)), "operationId is that of"),
        (lambda d: d["paths"].update({"/a/{other}": {}}), "the same as /a/{id}"),
        (lambda d: d["paths"].update({"a": {}}), "begins with /"),
        (lambda d: d["paths"].update({"/a?x=1": {}}), "has no query"),
        (lambda d: d["components"]["schemas"].update(B={"$ref": "#/components/schemas/C"}), "is nowhere"),
        (lambda d: d["components"]["schemas"].update(B={"$ref": "other.yaml#/C"}), "outside of the document"),
        (lambda d: d["components"]["schemas"].update(B={"$ref": "https://example.org/x"}), "outside of the document"),
        (lambda d: d["components"]["schemas"].update(B={"$ref": "file:///etc/passwd"}), "outside of the document"),
        (lambda d: d["components"]["schemas"].update(B={"$ref": "#/components/schemas/B"}), "leads back to itself"),
        (lambda d: d["components"]["schemas"].update(B={"$ref": "#/components/schemas/C"}, C={"$ref": "#/components/schemas/B"}), "back to itself"),
        (lambda d: d["paths"].update({"/b": {"$ref": "#/paths/~1b"}}), "paths./b"),
        (lambda d: d["paths"].update({"/b": {"get": {"responses": {"200": {"$ref": "#/components/responses/X"}}}}}), "is nowhere"),
    ],
)  # fmt: skip
def test_what_is_malformed(change, says):
    found = examined(changed(change))
    assert found.faults
    assert any(says in fault.text for fault in found.faults), found.faults


def test_a_schema_that_leads_back_to_itself_by_a_property_is_honest():
    def tree(document):
        document["components"]["schemas"]["A"] = {"properties": {"below": {"items": {"$ref": "#/components/schemas/A"}}}}

    assert examined(changed(tree)).faults == ()


def aliases(count):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, count)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("openapi: [", "cannot be read as YAML"),
        ("a: 1\na: 2", "stands twice"),
        ("a: !!python/object/apply:os.system [true]", "a tag"),
        ("a: !x 1", "a tag"),
        ("<<: {a: 1}", "merging"),
        ("a: 1\n---\nb: 2", "more than one document"),
        ("? [a]\n: 1", "no text"),
        ("a: *b", "alias"),
        ("a: &a [*a]", "alias"),
        (aliases(8), "too much"),
        ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40, "too deep"),
        ("[" * 100_000, "not JSON|Not JSON|nested|levels"),
        ("a: " + "[" * 100_000, "levels deep"),
        ("- " * 10_000, "levels deep"),
        ("{" * 50_000, "Not JSON"),
        ("# only a comment", "no document"),
        ("a: \x01", "cannot be read"),
        ("{a: 1}", "Not JSON"),
    ],
)
def test_yaml_that_is_not_read(text, says):
    found = examined(text)
    assert rules(found) == ["evidence-malformed"]
    assert any(part in found.faults[0].text for part in says.split("|")), found.faults


def test_yaml_that_is_no_utf_8_and_the_values_it_has():
    assert rules(examined(b"a: \xff\xfe")) == ["evidence-malformed"]
    text = b"a: ~\nb: true\nc: 'true'\nd: 12\ne: 1.5\nf: 0x10\n200: yes\ng: 2026-11-23\nh: !!str 5\ni: -0\nj: 1e400x\nk: &v v\nl: *v\n"
    assert yaml_child.read(text) == {
        "a": None, "b": True, "c": "true", "d": 12, "e": 1.5, "f": "0x10", "200": "yes", "g": "2026-11-23", "h": "5", "i": 0, "j": "1e400x", "k": "v", "l": "v",
    }  # fmt: skip


def test_a_reader_that_dies_has_read_nothing(monkeypatch, tmp_path):
    (tmp_path / "yaml_child.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    monkeypatch.setattr("dag_factory.evidence.kinds.apart._FOLDER", tmp_path)
    assert "ended with -9" in examined(YAML).faults[0].text


def test_too_many_bytes(monkeypatch):
    monkeypatch.setattr("dag_factory.evidence.kinds.openapi.MAX_BYTES", 100)
    assert "at most 100" in examined(YAML).faults[0].text


def test_no_change_makes_it_raise():
    for _, document in mutated(GOOD):
        examined(document, errors=True, described=True)


KEYS = st.sampled_from(["get", "$ref", "responses", "200", "parameters", "name", "in", "security"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["#", "#/paths", "x", "path", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_no_path_makes_it_raise(item):
    examined({**GOOD, "paths": {"/a": item, "/b": {"get": item}}})


@given(st.text(alphabet="ab:-[]{}&*!#|>'\"?,\n \t%@", max_size=40))
@settings(max_examples=150, deadline=None)
def test_no_yaml_makes_the_reader_break_otherwise_than_it_says(text):
    import yaml

    try:
        value = yaml_child.read(text.encode())
    except (yaml.YAMLError, yaml_child.RefusedError):
        return
    json.dumps(value, allow_nan=False)


def test_a_number_of_yaml_beyond_a_double_is_told():
    assert "a number beyond a double" in examined("openapi: 3.1.0\ninfo: {title: a, version: 1e999}\n").faults[0].text


def described(**more):
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": {}} | more).encode()


def test_what_very_many_refer_to_is_looked_for_once():
    name = "n" * 1_000_000
    given = {"name": "id", "in": "query"}
    chain = {"first": {"$ref": f"#/components/parameters/{name}"}, name: given}
    get = {"responses": {"200": {"description": "It"}}, "parameters": [{"$ref": "#/components/parameters/first"}] * 50_000}
    data = described(paths={"/orders": {"get": get}}, components={"parameters": chain})
    assert OpenapiKind().examine(Material("openapi.json", data), OpenapiExpect()).faults == ()


def test_a_long_key_with_very_much_below_it_is_told_as_a_place_of_some_length():
    data = described(**{"x-" + "k" * 5_000_000: [*[{}] * 200_000, {"$ref": "#/nowhere"}]})
    faults = OpenapiKind().examine(Material("openapi.json", data), OpenapiExpect()).faults
    assert [len(fault.subject) <= 120 for fault in faults] == [True, True]
    assert "#/nowhere" in faults[0].text


@pytest.mark.parametrize("summary", ["", "\u200b", "...", "TODO", "TBD, later"])
def test_a_summary_that_says_nothing_describes_nothing(summary):
    document = changed(lambda d: operation(d).update(summary=summary, description=""))
    assert rules(examined(document, described=True)) == ["evidence-malformed"]
    assert examined(changed(lambda d: operation(d).update(summary="Gets one order")), described=True).faults == ()
