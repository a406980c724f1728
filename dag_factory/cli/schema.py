"""`phasegate schema`: the JSON Schema of a workflow file, for editors.

It is made of the models and of `keys.yaml`, and says what may be written: short forms, durations as texts, and what a workflow leaves
to its pattern. It is not what decides: `phasegate lint` holds a spec against every rule.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from dag_factory.evidence.kinds import KINDS
from dag_factory.evidence.kinds.installed import names as installed_kinds
from dag_factory.runners import RUNNERS
from dag_factory.spec import Workflow, pattern_names, read_catalogue
from dag_factory.spec.scalars import bytes_of, money_of, seconds_of

__all__ = ["DURATION", "MONEY", "SIZE", "duration", "expectation", "read_keys", "schema", "workflow_schema"]

SIZE = r"^[0-9]{1,12}\s*(B|kB|MB|GB)$"
DURATION = r"^(?=.*[1-9])([0-9]{1,4}d)?([0-9]{1,6}h)?([0-9]{1,8}m)?([0-9]{1,9}s)?$"
MONEY = r"^[0-9]{1,12}(\.[0-9]{1,2})?\s*[A-Z]{3}$"

_PATTERNED = ("Evidence", "Check", "ChecklistItem")
"""What a workflow may write in part: the pattern or a persona's contract has the rest."""


class _Written(GenerateJsonSchema):
    """The schema of what is written, where that is another thing than what is read."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """Durations, money and sizes are texts."""
        written = {seconds_of: DURATION, money_of: MONEY, bytes_of: SIZE}
        reads: Callable[..., Any] = schema["function"]["function"]
        pattern = written.get(reads)
        return {"type": "string", "pattern": pattern} if pattern else super().function_before_schema(schema)

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """A key that may be left out has a value where it is written."""
        return self.generate_inner(schema["schema"])


@lru_cache(maxsize=1)
def read_keys() -> dict[str, dict[str, dict[str, str]]]:
    """What every key means, by model and key; an entry has `says`, `example` and, where the linter refuses the key, `refused`: its rule."""
    keys: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(Path(__file__).with_name("keys.yaml").read_text(encoding="utf-8"))
    return keys


def duration(seconds: int) -> str:
    """Whole seconds as they are written in a spec: 5400 is ``1h30m``."""
    parts = []
    for name, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count}{name}"] if count else []
    return "".join(parts)


def workflow_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a workflow file."""
    made = Workflow.model_json_schema(by_alias=True, schema_generator=_Written)
    for part in _parts(made):
        part.pop("title", None)
        if "patternProperties" in part:
            part["additionalProperties"] = False  # names are held to their form
        if "default" in part and (part["default"] in (None, []) or isinstance(part["default"], dict)):
            del part["default"]
    for name, model in _models(made):
        _explain(name, model)
    for name in _PATTERNED:
        made["$defs"][name].pop("required", None)
    _shorten(made)
    _bind(made["$defs"]["Binding"])
    _name(made)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Phasegate workflow"}
    return head | made


def expectation(kind: str) -> dict[str, Any]:
    """The JSON Schema of what may be asked of a kind of evidence, with nothing in it that refers to elsewhere."""
    made = KINDS[kind].Expect.model_json_schema(by_alias=True)
    definitions = made.pop("$defs", {})
    for part in list(_parts(made)):
        if "$ref" in part:
            part.update(definitions[part.pop("$ref").rpartition("/")[2]])
        part.pop("title", None)
    return made


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema; what stands under `properties` is a mapping of them, not one."""
    if isinstance(value, list):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, dict):
        yield value
        for key, item in value.items():
            if key in ("properties", "patternProperties", "$defs"):
                for part in item.values():
                    yield from _parts(part)
            elif key in ("items", "anyOf", "additionalProperties", "propertyNames", "prefixItems"):
                yield from _parts(item)


def _models(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "Workflow", made
    yield from made["$defs"].items()


def _explain(name: str, model: dict[str, Any]) -> None:
    """Give each key of a model its meaning and its example; a default that is a duration, its words."""
    model["description"] = re.sub(r"\s+", " ", model.get("description", "").partition("\n\n")[0])
    for key, told in read_keys()[name].items():
        written = model["properties"][key]
        example = yaml.safe_load(told["example"])[key]
        if told.get("refused"):
            del model["properties"][key]
            continue
        if isinstance(written.get("default"), int) and written.get("pattern") == DURATION:
            written["default"] = duration(written["default"])
        written |= {"description": told["says"], "examples": [_plain(example)]}


def _plain(value: Any) -> Any:
    """A value of YAML as JSON has it: a date is a text."""
    return json.loads(json.dumps(value, default=datetime.date.isoformat))


def _shorten(made: dict[str, Any]) -> None:
    """Allow the short forms: a feature, a check, a schedule and a param may be less than a mapping."""
    definitions = made["$defs"]
    text = {"type": "string", "minLength": 1}
    presets = definitions["Schedule"]["properties"]["preset"]["enum"]
    short: dict[str, list[dict[str, Any]]] = {
        "Feature": [text],
        "Check": [text, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        "Schedule": [{"enum": [*presets, "none"]}, {"type": "string", "pattern": " "}, {"type": "null"}],
        "Budget": [{"type": "string", "pattern": MONEY}],
        "Llm": [text],
        "Param": [{"type": ["string", "number", "boolean", "array", "null"]}],
    }
    for part in list(_parts(made)):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name in short:
            part["anyOf"] = [*short[name], {"$ref": part.pop("$ref")}]
    for part in definitions["Notify"]["properties"].values():
        part["anyOf"] = [part["items"], {"type": part.pop("type"), "items": part.pop("items")}]  # one notifier is a list of one


def _bind(binding: dict[str, Any]) -> None:
    """Exactly one runner that is there."""
    binding["oneOf"] = [{"required": [name]} for name in (*RUNNERS, "runner")]


def _name(made: dict[str, Any]) -> None:
    """Name what has names: patterns, personas, kinds of evidence and what each may be asked."""
    made["properties"]["pattern"] = {
        "enum": [*pattern_names(), "none", False],
        **{key: made["properties"]["pattern"][key] for key in ("description", "examples")},
    }
    task = made["$defs"]["Task"]["properties"]
    task["persona"] |= {"anyOf": [{"enum": list(read_catalogue())}, {"type": "string"}]}
    evidence = made["$defs"]["Evidence"]
    evidence["properties"]["kind"] = {"enum": [*KINDS, *sorted({*installed_kinds()} - {*KINDS})]} | {
        key: value for key, value in evidence["properties"]["kind"].items() if key in ("description", "examples")
    }
    evidence["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
            "then": {"properties": {"expect": expectation(name) | {"title": f"{name} evidence"}}},
        }
        for name in KINDS
    ]


def schema() -> None:
    """Print the JSON Schema of a workflow file, which editors check and complete specs with.

    Example: phasegate schema > workflow.schema.json
    """
    typer.echo(json.dumps(workflow_schema(), indent=2, ensure_ascii=False))
