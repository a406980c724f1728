"""JSON Schemas of a spec that are none, and defaults of params that their own refuses; for `phasegate lint` alone, since it takes jsonschema to tell."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.evidence.contract import RunContract
from dag_factory.evidence.kinds.json import schema_problem, schema_said
from dag_factory.plan.rules import task_place
from dag_factory.spec import Spec

__all__ = ["param_invalid", "schema_broken"]


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
        written = param.model_dump(mode="json")["default"]
        fault = best_match(kind(param.json_schema, format_checker=FormatChecker()).iter_errors(written)) if timed else None
        if fault is not None:
            reason = f"The default of param {name} is none that its schema takes: {schema_said(fault)}. Runs on a schedule have no other."
            remedy = "Give it a default that the schema takes, or let the schema take this one."
            yield Diagnostic("param-invalid", spec.source.where(("params", name, "default")), reason, remedy)
