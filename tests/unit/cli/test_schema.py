"""`phasegate schema`: what editors are told is what the linter takes, and no more."""

from __future__ import annotations

import copy
import datetime
import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from support.house import ORDERS
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.cli.schema import DURATION, duration, expectation, read_keys, workflow_schema
from dag_factory.errors import SpecError
from dag_factory.evidence.kinds import KINDS
from dag_factory.plan import compile_plan
from dag_factory.spec import models, read_spec
from dag_factory.spec.scalars import seconds_of

SPECS = [ORDERS / "workflow.yaml", *sorted((Path(__file__).parents[2] / "integration" / "workflows").glob("*.yaml"))]
KEYS = [(model, key) for model, keys in read_keys().items() for key in keys]
SOUND = {
    "workflow": "orders",
    "mission": "An orders mart",
    "workspace": {"git": "orders_repo"},
    "features": {"ingest": "Load CSVs"},
    "personas": {"default": {"check": "make all"}},
}


def plain(value):
    return json.loads(json.dumps(value, default=datetime.date.isoformat))


@pytest.fixture(scope="module")
def validator():
    made = workflow_schema()
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def lint(spec, folder) -> list[str]:
    path = folder / "workflow.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    try:
        compile_plan(read_spec(path, patterns=("standard", "none")))
    except SpecError as error:
        return [item.rule for item in error.diagnostics]
    return []


def test_the_command_prints_the_schema():
    result = CliRunner().invoke(app, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.output) == workflow_schema()


@pytest.mark.parametrize("path", [path for path in SPECS if path.stem != "broken"], ids=lambda path: path.stem)
def test_specs_that_are_run_fit_the_schema(path, validator):
    validator.validate(plain(yaml.safe_load(path.read_text(encoding="utf-8"))))


def written(**changes):
    return {**copy.deepcopy(SOUND), **changes}


@pytest.mark.parametrize(
    "spec",
    [
        written(colour="red"),
        written(features={"ein merkmal": "Load CSVs"}),
        written(personas={"default": {"check": "make", "command": "make"}}),
        written(personas={"default": {"agent": {"model": "large"}}}),
        written(personas={"default": {"check": "make", "budget": "5 dollars"}}),
        written(personas={"default": {"check": "make", "retries": -1}}),
        written(personas={"default": {"check": "make", "timeout": 90}}),
        written(timeout="soon"),
        written(timeout="0m"),
        written(schedule="fortnightly"),
        written(max_active_runs=0),
        written(pattern="loose"),
        written(workspace={"branch": "main"}),
        written(checks={"unit": {"at": "night"}}),
        written(phases={"foundation": {"tasks": {"architect": {"evidence": {"more": {"path": "A.md", "kind": "markdwn"}}}}}}),
        written(phases={"foundation": {"tasks": {"architect": {"evidence": {"more": {"path": "A.md", "kind": "junit", "expect": {"min": 3}}}}}}}),
        {key: value for key, value in SOUND.items() if key != "mission"},
    ],
)  # fmt: skip
def test_what_the_schema_refuses_the_linter_refuses(spec, validator, tmp_path):
    assert not validator.is_valid(plain(spec))
    assert lint(spec, tmp_path) != []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"features": {"ingest": {"does": "Load CSVs", "paths": ["src/ingest/**"]}}},
        {"schedule": "daily"},
        {"schedule": "0 6 * * mon"},
        {"schedule": None},
        {"schedule": {"cron": "0 6 * * mon", "start": datetime.date(2026, 11, 23)}},
        {"params": {"day": "today", "many": [1, 2], "typed": {"default": 1, "schema": {"type": "integer"}}}},
        {"checks": {"unit": "make fast", "integration": ["make", "slow"], "hollow": {"timeout": "1h30m"}}},
        {"personas": {"default": {"check": ["make", "all"], "env": {"A": "b", "C": {"conn": "d"}}, "timeout": "1h30m", "retries": 0}}},
        {"workspace": {"git": {"var": "where"}, "branch": "main"}, "max_active_runs": 3, "timeout": "2d", "tags": ["a"]},
        {"phases": {"validation": {"tasks": {"test-engineer": {"evidence": {"full-suite": {"expect": {"min_tests": 20}}}}}}}},
    ],
)
def test_what_the_linter_takes_the_schema_takes(changes, validator, tmp_path):
    spec = written(**changes)
    assert lint(spec, tmp_path) == []
    validator.validate(plain(spec))


def test_every_key_of_every_model_is_told_and_no_other():
    classes = {name: value for name in models.__all__ if hasattr(value := getattr(models, name), "model_fields")}
    known = {name: {info.alias or field for field, info in kind.model_fields.items()} for name, kind in classes.items()}
    assert {name: set(keys) for name, keys in read_keys().items()} == known


@pytest.mark.parametrize(("model", "key"), KEYS, ids=lambda word: word)
def test_a_key_is_told_in_a_sentence_with_an_example_that_fits(model, key, validator):
    told = read_keys()[model][key]
    assert set(told) - {"refused"} == {"says", "example"}
    assert told["says"].endswith(".")
    [(name, value)] = yaml.safe_load(told["example"]).items()
    assert name == key
    if "refused" not in told:
        part = validator.schema if model == "Workflow" else validator.schema["$defs"][model]
        validator.evolve(schema=part["properties"][key]).validate(plain(value))
        assert part["properties"][key]["description"] == told["says"]


@pytest.mark.parametrize(("model", "key"), [(model, key) for model, key in KEYS if "refused" in read_keys()[model][key]])
def test_a_key_that_is_said_to_be_refused_is_refused(model, key, tmp_path):
    assert model == "Binding"
    told = read_keys()[model][key]
    bound = yaml.safe_load(told["example"])
    if key == "arguments":
        bound["check"] = "make all"
    assert told["refused"] in lint(written(personas={"default": bound}), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_be_expected_refers_to_nothing_elsewhere(kind):
    made = expectation(kind)
    assert "$ref" not in json.dumps(made)
    Draft202012Validator(made).validate({})
    assert not Draft202012Validator(made).is_valid({"no-such-thing": 1})


@pytest.mark.parametrize("text", ["45s", "90m", "1h30m", "2d", "7d", "1d1h1m1s", "100h", "0h5m"])
def test_durations_are_those_that_are_read(text):
    import re

    assert re.search(DURATION, text)
    assert seconds_of(duration(seconds_of(text))) == seconds_of(text)


@pytest.mark.parametrize("text", ["", "90", "m", "0m", "0d0h", "1m1h", "-1m", "1.5h", " 1h"])
def test_what_is_no_duration_fits_neither(text):
    import re

    assert not re.search(DURATION, text)
    with pytest.raises(ValueError):
        seconds_of(text)
