"""A JSON document that satisfies a JSON Schema (draft 2020-12) and publishes ids found in it.

The schema stands in the spec, so it is data of the workflow's author; the document is the persona's and is read
strictly. A schema refers to itself only: nothing is ever fetched.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar

from pydantic import Field, field_validator

from dag_factory.evidence import strict_json
from dag_factory.evidence.kinds.base import (
    EVIDENCE_MALFORMED,
    EVIDENCE_MISSING,
    MAX_FAULTS,
    VALIDATION_FAILED,
    Examination,
    Expectation,
    Fault,
    Material,
    Opened,
    TextTuple,
    clipped,
    listed,
    rejected,
)
from dag_factory.evidence.kinds.json_paths import entries, place, published
from dag_factory.evidence.visible import visible

__all__ = ["MAX_BYTES", "MAX_DEPTH", "JsonExpect", "JsonKind", "schema_problem", "schema_said"]

MAX_BYTES = 20_000_000
"""The largest document that is read."""
MAX_DEPTH = 64
"""How deep it may nest."""
_MAX_SCHEMA_DEPTH = 64
_PATH = re.compile(r"(?:\[\*\]\.)*[^\s.\[\]*]+(?:\[\*\])*(?:\.[^\s.\[\]*]+(?:\[\*\])*)*")
_HOW = "write keys and [*] for each item: a.b[*].c"
_VERDICTS = frozenset({"verdict", "result"})
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class JsonExpect(Expectation):
    """What may be asked of a document.

    Parameters
    ----------
    json_schema: written `schema`; a JSON Schema of draft 2020-12 whose references stay within it. `minLength` counts what can be seen.
    publish: fact name -> path of the values to publish, like `verdicts[*].story`.
    unique: paths at which no value may stand twice, like `attempts[*].id`.

    """

    json_schema: dict[str, Any] = Field(default_factory=dict, alias="schema")
    publish: dict[str, str] = Field(default_factory=dict)
    unique: TextTuple = ()

    @field_validator("json_schema")
    @classmethod
    def _refers_to_itself_only(cls, schema: dict[str, Any]) -> dict[str, Any]:
        for key, target in _references(schema):
            if not target.startswith("#"):
                raise ValueError(f"{key} {target!r} leaves the schema; write it below $defs and refer to '#/$defs/…'")
        return schema

    @field_validator("publish")
    @classmethod
    def _paths_are_paths(cls, publish: dict[str, str]) -> dict[str, str]:
        for fact, path in publish.items():
            if not _PATH.fullmatch(path):
                raise ValueError(f"{fact}: {path!r} is no path; {_HOW}")
        return publish

    @field_validator("unique")
    @classmethod
    def _each_is_a_path(cls, unique: tuple[str, ...]) -> tuple[str, ...]:
        for path in unique:
            if not _PATH.fullmatch(path):
                raise ValueError(f"{path!r} is no path; {_HOW}")
        return unique


class JsonKind(Opened[JsonExpect]):
    """A document by schema. Facts: what `publish` names; `@entries`, the ids that `unique` keeps apart, and `@against`, those of entries with a bad result."""

    name: ClassVar[str] = "json"
    Expect: ClassVar[type[Expectation]] = JsonExpect
    nothing = "the document is empty. Write it."

    def look(self, material: Material, expect: JsonExpect) -> Examination:
        """Read the document, hold it against the schema, publish the facts."""
        document = strict_json.loads(material.data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
        if document is None or document in ({}, [], ""):
            text = f"{material.name}: the document is {json.dumps(document)}, which says nothing. Write what was found."
            return rejected(text, rule=EVIDENCE_MISSING)
        faults = _schema_faults(material.name, document, expect.json_schema)
        facts: dict[str, tuple[str, ...]] = {}
        for fact, path in expect.publish.items():
            values, wrong = published(document, path)
            facts[fact] = tuple(dict.fromkeys(values))
            faults += [Fault(f"{material.name}: {text}", path) for text in wrong]
        for path in expect.unique:
            counted = Counter(visible(value).strip() for value in published(document, path)[0])
            twice = [value for value, count in counted.items() if count > 1]
            if twice:
                text = f"{material.name}: {path} has {listed(twice)} more than once. Give each its own."
                faults.append(Fault(text, path))
        return Examination(tuple(faults), facts | _judged(document, expect.unique, faults))


def _judged(document: Any, paths: Iterable[str], faults: Iterable[Fault]) -> dict[str, tuple[str, ...]]:
    """The ids of entries that are told apart, and of those a verdict or result of which is not the one asked for."""
    bad = {fault.subject for fault in faults if fault.rule == VALIDATION_FAILED}
    named = {at: name for path in paths for at, name in entries(document, path).items()}
    against = tuple(name for at, name in named.items() if any(subject.startswith(f"{at}.") for subject in bad))
    return {"@entries": tuple(named.values()), "@against": against} if named else {}


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Say why a schema is none, or None; for linting, as it imports jsonschema."""
    compiled = _compiled(schema)
    return compiled if isinstance(compiled, str) else None


def _compiled(schema: Mapping[str, Any]) -> Any:
    """Answer with the validator of a schema, or with the text that says why there is none."""
    from jsonschema.exceptions import SchemaError

    try:
        return _validator(json.dumps(schema, sort_keys=True))
    except (SchemaError, RecursionError, TypeError, ValueError) as error:
        return clipped(schema_said(error) if isinstance(error, SchemaError) else str(error), 300)


def schema_said(error: Any) -> str:
    """What is wrong with a schema, or with a value by it, with its place: JSON Schema's own words, but for a type, where those of Python would show.

    Parameters
    ----------
    error: a SchemaError or a ValidationError of jsonschema.

    """
    where, value = f"{place(error.absolute_path)}: " if error.absolute_path else "", clipped(json.dumps(error.instance, default=str), 60)
    if error.absolute_path and error.absolute_path[-1] == "type" and error.validator == "anyOf":
        return f"{where}{value} is no type; there are array, boolean, integer, null, number, object and string"
    if error.validator == "type":
        wanted = error.validator_value
        return f"{where}{value} is not of the type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
    return f"{where}{error.message.rstrip('.')}"


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    """Compile a schema once; its canonical text is the key."""
    import jsonschema
    from jsonschema import validators
    from referencing import Registry

    extend: Any = validators.extend  # has no types
    checker = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    strict = extend(jsonschema.Draft202012Validator, {"minLength": _min_length, "uniqueItems": _unique_items}, type_checker=checker)
    loaded = json.loads(schema)
    jsonschema.Draft202012Validator.check_schema(loaded)
    empty: Registry[Any] = Registry()  # the default registry would fetch
    return strict(loaded, registry=empty)


def _is_integer(_checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)  # 1.0 is a float, whatever JSON Schema says


def _min_length(validator: Any, least: int, instance: Any, _schema: object) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "string") and len(visible(instance).strip()) < least:
        yield ValidationError(f"{clipped(json.dumps(instance), 60)} has fewer than {least} signs that a reader sees")


def _unique_items(validator: Any, unique: bool, instance: Any, _schema: object) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if not unique or not validator.is_type(instance, "array"):
        return
    counted = Counter(json.dumps(_as_one(item), sort_keys=True) for item in instance)  # each against each would take for ever
    if twice := next((text for text, count in counted.items() if count > 1), None):
        yield ValidationError(f"{clipped(twice, 60)} stands in it more than once")


def _as_one(value: Any) -> Any:
    """A value as JSON Schema compares it: 1.0 is 1."""
    if isinstance(value, dict):
        return {key: _as_one(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_one(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _schema_faults(name: str, document: Any, schema: dict[str, Any]) -> list[Fault]:
    if not schema:
        return []
    compiled = _compiled(schema)
    if isinstance(compiled, str):
        return [Fault(f"{name}: the spec's schema is no JSON Schema: {compiled}. Mend the spec.", "schema")]
    try:
        errors = list(islice(compiled.iter_errors(document), MAX_FAULTS + 1))
    except Exception as error:  # a library that fails over a document must not pass for a document that is right
        text = f"{name}: it cannot be held against the schema: {clipped(str(error), 300)}. Mend the schema or the data."
        return [Fault(text, "schema")]
    told = [(_schema_fault(name, error), error.validator == "not") for error in errors[:MAX_FAULTS]]
    places = {fault.subject for fault, ruled_out in told if not ruled_out}  # what is wrong is told once, by what is wanted there
    faults = [fault for fault, ruled_out in told if not (ruled_out and fault.subject in places)]
    if len(errors) > MAX_FAULTS:
        faults.append(Fault(f"{name}: and more of the kind. Mend these first."))
    return faults


def _schema_fault(name: str, error: Any) -> Fault:
    leaf = next((leaf for leaf in _leaves(error) if leaf.absolute_path and leaf.absolute_path[-1] in _VERDICTS), error)
    where = place(leaf.absolute_path)
    judged = bool(leaf.absolute_path) and leaf.absolute_path[-1] in _VERDICTS
    if leaf.validator in ("const", "enum"):
        wanted = clipped(json.dumps(leaf.validator_value, ensure_ascii=False))
        found = clipped(json.dumps(leaf.instance, ensure_ascii=False))
        only = "one of " if leaf.validator == "enum" else ""
        text = f"{name}: {where} is {found}, and only {only}{wanted} will do."
    elif leaf.validator == "not":
        found = clipped(json.dumps(leaf.instance, ensure_ascii=False))
        text = f"{name}: {where} is {found}, which the schema rules out: a document must not contradict what it is to show."
    else:
        text = f"{name}: {where}: {clipped(leaf.message, 300)}. Mend it so that it satisfies the schema."
    return Fault(text, where, VALIDATION_FAILED if judged else EVIDENCE_MALFORMED)


def _leaves(error: Any) -> Iterator[Any]:
    """Walk to the reasons below an `anyOf`, `oneOf` or `if`."""
    if not error.context:
        yield error
    for below in error.context:
        yield from _leaves(below)


def _references(schema: object) -> Iterator[tuple[str, str]]:
    level: Sequence[object] = [schema]
    for _ in range(_MAX_SCHEMA_DEPTH):
        if not level:
            return
        below: list[object] = []
        for part in level:
            if isinstance(part, dict):
                yield from ((key, part[key]) for key in _REFERENCES if isinstance(part.get(key), str))
                below += part.values()
            elif isinstance(part, list):
                below += part
        level = below
    raise ValueError(f"the schema is nested more than {_MAX_SCHEMA_DEPTH} levels deep")
