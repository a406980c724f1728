"""JSON Schemas of a spec that are none, and defaults of params that their own refuses; for `phasegate lint` alone, since it takes jsonschema to tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dag_factory.errors import Diagnostic
from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.kinds.json import schema_problem, schema_said
from dag_factory.plan.rules import task_place
from dag_factory.spec import Spec
from dag_factory.spec.shape import nearest
from dag_factory.spec.source import SpecPath

__all__ = ["param_invalid", "schema_broken"]

_BESIDE = ("minContains", "maxContains", "then", "else", "$dynamicAnchor", "$recursiveRef")
"""Keywords that are read beside another, and look like one that asks by itself."""
_OF_NAMES = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
_OF_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_OF_ONE = frozenset(
    {"items", "additionalProperties", "unevaluatedItems", "unevaluatedProperties", "propertyNames", "contains", "not", "if", "then", "else"}
)
"""Keywords under which schemas stand: one by name, several in a list, or one."""


def schema_broken(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """The schema that evidence must satisfy is one. A gate says so too, when the plan of the run can no longer be changed."""
    for task in contract.tasks.values():
        for item in task.items:
            schema = item.expect.get("schema") if item.kind == "json" else None
            problem = schema_problem(schema) if isinstance(schema, dict) and schema else None
            if problem:
                place = task_place(spec, task, "evidence", item.id, "expect", "schema")
                reason = f"The schema of {task.id}/{item.id} is none: {problem.rstrip('.')}."
                yield Diagnostic("evidence-expect", place, reason, "Write a JSON Schema of draft 2020-12.")
                continue
            for path, meant in _misspelt(schema) if isinstance(schema, dict) else ():
                place = task_place(spec, task, "evidence", item.id, "expect", "schema", *path)
                yield Diagnostic("evidence-expect", place, *_unread(f"of {task.id}/{item.id}", path, meant))


def param_invalid(spec: Spec) -> Iterator[Diagnostic]:
    """A param's schema is one, and takes the default where runs are made on a schedule: Airflow refuses the DAG, and does not say which param it is."""
    schedule = spec.workflow.schedule
    timed = schedule.cron is not None or schedule.preset is not None or schedule.assets is not None
    for name, param in spec.workflow.params.items():
        if not param.json_schema:
            continue
        from jsonschema import FormatChecker, SchemaError
        from jsonschema.exceptions import best_match
        from jsonschema.validators import validator_for

        kind = validator_for(param.json_schema)
        try:
            kind.check_schema(param.json_schema)
        except SchemaError as error:
            reason = f"The schema of param {name} is none: {schema_said(error)}."
            yield Diagnostic("param-invalid", spec.source.where(("params", name, "schema")), reason, "Write a JSON Schema.")
            continue
        if misspelt := list(_misspelt(param.json_schema)):
            for path, meant in misspelt:
                place = spec.source.where(("params", name, "schema", *path))
                yield Diagnostic("param-invalid", place, *_unread(f"of param {name}", path, meant))
            continue
        written = param.model_dump(mode="json")["default"]
        fault = best_match(kind(param.json_schema, format_checker=FormatChecker()).iter_errors(written)) if timed else None
        if fault is not None:
            reason = f"The default of param {name} is none that its schema takes: {schema_said(fault)}. Runs on a schedule have no other."
            remedy = "Give it a default that the schema takes, or let the schema take this one."
            yield Diagnostic("param-invalid", spec.source.where(("params", name, "default")), reason, remedy)


def _unread(whose: str, path: SpecPath, meant: str) -> tuple[str, str]:
    said = f"{path[-1]!r} is no keyword of JSON Schema, and asks for nothing. Did you mean {meant!r}?"
    return f"The schema {whose}: {said}", "Correct its name, or remove it."


def _misspelt(schema: Any) -> Iterator[tuple[SpecPath, str]]:
    """The keywords of a schema that are none and nearly one, and which; JSON Schema lets any other word pass as a remark."""
    from jsonschema import Draft202012Validator

    asking = tuple(Draft202012Validator.VALIDATORS)
    for path, part in _schemas(schema, ()):
        for word in part:
            if word not in (*asking, *_BESIDE) and (meant := nearest(str(word), asking, alike=0.8)):
                yield (*path, word), meant


def _schemas(value: Any, path: SpecPath) -> Iterator[tuple[SpecPath, dict[str, Any]]]:
    """A schema and every schema within it, with its place."""
    if not isinstance(value, dict):
        return
    yield path, value
    for key, inside in value.items():
        if key in _OF_NAMES and isinstance(inside, dict):
            for name, part in inside.items():
                yield from _schemas(part, (*path, key, name))
        elif key in _OF_ONE:
            yield from _schemas(inside, (*path, key))
        elif key in _OF_SEVERAL and isinstance(inside, list):
            for index, part in enumerate(inside):
                yield from _schemas(part, (*path, key, index))
