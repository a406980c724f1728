"""JSON Schemas of a spec that are none, and defaults that their own refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dag_factory.errors import Diagnostic
from dag_factory.plan import compile_plan
from dag_factory.plan.schemas import param_invalid, schema_broken
from dag_factory.spec import read_spec

MARK = "¦"
TEXT = """\
workflow: nightly
pattern: false
mission: Figures of the night
schedule: SCHEDULE
params: {NAME: PARAM}
catalogue:
  loader:
    title: Loader
    instructions: Load.
    contracts:
      loading:
        does: Load.
        evidence: {figures: {report: figures.json, kind: json, expect: {SCHEMA}}}
personas:
  loader: {command: python load.py}
phases:
  load:
    tasks: {loader: {persona: loader, duty: loading}}
    gate: {says: The figures are there.}
"""
REGION = "{type: string, enum: [north, south]}"
Told = Callable[..., list[Diagnostic]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """What is said of a spec, each at the mark in it."""

    def say(param: str = "north", schema: str = "", schedule: str = "daily", name: str = "region") -> list[Diagnostic]:
        text = TEXT.replace("NAME", name).replace("PARAM", param).replace("SCHEMA", schema).replace("SCHEDULE", schedule)
        before, _, after = text.partition(MARK)
        path = tmp_path / "nightly.yaml"
        path.write_text(before + after, encoding="utf-8")
        spec = read_spec(path, patterns=("none",))
        found = [*schema_broken(spec, compile_plan(spec).contract), *param_invalid(spec)]
        for item in found:
            assert (item.where.line, item.where.column) == (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        return found

    return say


@pytest.mark.parametrize(
    ("default", "schema", "says"),
    [
        ("west", REGION, "'west' is not one of ['north', 'south']"),
        ("0", "{type: integer, minimum: 1}", "0 is less than the minimum of 1"),
        ("null", "{type: string}", "null is not of the type string"),
        ("yesterday", "{type: string, format: date}", "'yesterday' is not a 'date'"),
    ],
)
def test_a_default_that_its_schema_refuses(told: Told, default: str, schema: str, says: str) -> None:
    [item] = told(f"{{¦default: {default}, schema: {schema}}}")
    assert item.rule == "param-invalid"
    assert item.reason.startswith(f"The default of param region is none that its schema takes: {says}.")


def test_no_default_where_runs_are_made_on_a_schedule(told: Told) -> None:
    [item] = told(f"{{schema: {REGION}}}", name="¦region")
    assert item.rule == "param-invalid"


@pytest.mark.parametrize(
    "param", [f"{{default: north, schema: {REGION}}}", "north", "{description: Where}", "{default: 2026-11-23, schema: {type: string}}"]
)
def test_defaults_that_will_do(told: Told, param: str) -> None:
    assert told(param) == []


def test_who_starts_a_run_by_hand_may_have_to_choose(told: Told) -> None:
    assert told(f"{{schema: {REGION}}}", schedule="none") == []


def test_the_schema_of_a_param_is_one(told: Told) -> None:
    [item] = told("{default: north, ¦schema: {type: text}}", schedule="none")
    assert item.reason.startswith('The schema of param region is none: type: "text" is no type; there are array, boolean')


def test_the_schema_of_evidence_is_one_and_is_told_where_the_persona_owes_it(told: Told) -> None:
    [item] = told(schema="¦schema: {type: objekt}")
    assert item.rule == "evidence-expect"
    assert item.reason.startswith('The schema of load/loader/figures is none: type: "objekt" is no type;')
    [item] = told(schema="¦schema: {properties: {a: {minimum: low}}}")
    assert item.reason.startswith('The schema of load/loader/figures is none: properties.a.minimum: "low" is not of the type number.')
    assert told(schema="schema: {type: object}") == []


@pytest.mark.parametrize(
    ("param", "meant"),
    [
        ("{default: 5, schema: {¦typ: integer}}", "type"),
        ("{default: 5, schema: {type: integer, ¦Minimum: 7}}", "minimum"),
        ("{default: [a], schema: {type: array, items: {¦enums: [b]}}}", "enum"),
        ("{default: a, schema: {anyOf: [{type: string}, {¦minlength: 3}]}}", "minLength"),
    ],
)
@pytest.mark.parametrize("schedule", ["daily", "none"])
def test_a_keyword_of_a_params_schema_that_is_misspelt(told: Told, param: str, meant: str, schedule: str) -> None:
    [found] = told(param, schedule=schedule)
    assert found.rule == "param-invalid"
    assert f"Did you mean {meant!r}?" in found.reason


def test_a_keyword_of_an_evidences_schema_that_is_misspelt(told: Told) -> None:
    [found] = told(schema="schema: {type: object, properties: {total: {type: number, ¦minimun: 0}}}")
    assert found.rule == "evidence-expect"
    assert "The schema of load/loader/figures: 'minimun' is no keyword of JSON Schema, and asks for nothing." in found.reason


@pytest.mark.parametrize(
    "schema",
    [
        "{title: Size, description: d, examples: [1], section: s, values_display: {a: A}, description_md: m, x-y: 1, nullable: true, example: 1}",
        "{contains: {type: string}, minContains: 0, maxContains: 3, if: {type: string}, then: {minLength: 1}, else: true}",
        "{properties: {typ: {type: string}, requird: true}, additionalItems: false, dependencies: {}, definitions: {enums: {}}}",
        "{default: {typ: 1}, const: {minimun: 1}, enum: [{minimun: 1}]}",
    ],
)
def test_a_word_that_a_schema_may_have_beside_its_keywords(told: Told, schema: str) -> None:
    assert told(f"{{default: 5, schema: {schema}}}", schema=f"schema: {schema}", schedule="none") == []
