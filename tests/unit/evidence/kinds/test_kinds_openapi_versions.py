"""OpenAPI 3.2 beside those before it (https://spec.openapis.org/oas/v3.2.0): one more operation, others by name, and answers without a description."""

from __future__ import annotations

import copy
import json

import pytest

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.openapi import OpenapiExpect, OpenapiKind

FINE = {"responses": {"200": {"description": "Found"}, "404": {"summary": "None"}}}
GOOD = {
    "openapi": "3.2.0",
    "$self": "https://example.org/api",
    "info": {"title": "Orders", "version": "1"},
    "paths": {
        "/orders": {
            "query": {**FINE, "summary": "Look for some", "operationId": "look"},
            "additionalOperations": {"COPY": {**FINE, "description": "Copy one"}},
        }
    },
    "components": {"mediaTypes": {"default": {"schema": {"$ref": "#/components/schemas/Order"}}}, "schemas": {"Order": {}}},
}


def examined(change=None, **expect):
    document = copy.deepcopy(GOOD)
    if change:
        change(document)
    return OpenapiKind().examine(Material("openapi.json", json.dumps(document).encode()), OpenapiExpect.model_validate(expect))


def orders(document):
    return document["paths"]["/orders"]


def test_what_is_new_is_read():
    found = examined(described=True, errors=True, operations=["QUERY /orders", "COPY /orders"], min_operations=2)
    assert found.faults == ()
    assert found.facts == {
        "operations": ("COPY /orders", "QUERY /orders"),
        "cites": ("COPY /orders", "Copy one", "QUERY /orders", "look", "Look for some"),
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: orders(d).update(fetch=FINE), "Use one of get, put, post, delete, options, head, patch, trace, query."),
        (lambda d: orders(d)["query"].pop("responses") and orders(d)["query"].update(responses={}), "it has no responses"),
        (lambda d: orders(d)["additionalOperations"]["COPY"].update(operationId="look"), "its operationId is that of"),
        (lambda d: orders(d)["query"]["responses"]["404"].update(description=1), "has no description"),
        (lambda d: orders(d).update(additionalOperations=[]), "additionalOperations"),
        (lambda d: d["components"]["mediaTypes"]["default"]["schema"].update({"$ref": "#/nowhere"}), "refers to #/nowhere"),
        (lambda d: d.update(openapi="3.3.0"), "3.0.x, 3.1.x and 3.2.x are read"),
    ],
)
def test_what_is_wrong_with_it_is_told(change, told):
    assert told in " ".join(fault.text for fault in examined(change).faults)


@pytest.mark.parametrize("version", ["3.0.4", "3.1.2"])
@pytest.mark.parametrize("told", ["there is no operation query", "there is no operation additionalOperations"])
def test_before_there_was_none_of_it(version, told):
    assert told in " ".join(fault.text for fault in examined(lambda d: d.update(openapi=version)).faults)


@pytest.mark.parametrize("version", ["3.0.4", "3.1.2"])
def test_before_an_answer_had_a_description(version):
    def older(document):
        document.update(openapi=version)
        document["paths"] = {"/orders": {"get": FINE}}

    assert [fault.text for fault in examined(older).faults] == [
        "openapi.json: GET /orders: its response 404 has no description. Say what it means."
    ]
