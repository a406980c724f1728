"""`phasegate reference`: every key of a spec, and every kind of evidence, as a page; `docs/spec.md` is made of it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from dag_factory.cli.schema import DURATION, MONEY, SIZE, expectation, read_keys, workflow_schema
from dag_factory.errors import PhasegateError
from dag_factory.evidence.kinds import KINDS
from dag_factory.spec import read_catalogue

__all__ = ["page", "reference"]

_HEADINGS = {
    "Workflow": "Workflow", "Schedule": "Schedule", "Workspace": "Workspace", "Feature": "Feature", "Binding": "Binding of a persona",
    "Agent": "Agent", "Llm": "Language model", "Budget": "Budget",
    "Reference": "Reference", "Param": "Param", "Phase": "Phase", "Task": "Task", "Gate": "Gate", "Approval": "Approval", "Fix": "Fix",
    "Key": "Key of a persona", "PublicKey": "Public key", "Place": "Place of a private key",
    "Notify": "Notify", "Notifier": "Notifier", "Smtp": "Mail by smtp", "Slack": "Message in slack",
    "Evidence": "Evidence", "Check": "Check",
    "ChecklistItem": "Checklist item", "Persona": "Persona", "Contract": "Contract", "Requires": "Requires",
}  # fmt: skip
_OPENING = """\
# The spec

Made by `phasegate reference --write docs/spec.md`; `phasegate schema` prints the same as a JSON Schema for editors.

One YAML file is one workflow. It is laid over its pattern: it may bind, add and tighten, and may take nothing away. Unknown keys, keys
written twice, wrong types and every broken [rule](rules/README.md) are told by `phasegate lint` as `file:line:column`. The standard pattern is itself
[a file in this language](../dag_factory/spec/patterns/standard.yaml), and what each persona owes stands in the
[catalogue](../dag_factory/spec/personas.yaml).

| written | means |
|---|---|
| name | a letter, then letters, digits, `_` and `-`; ASCII, at most 80 |
| duration | `45s`, `90m`, `1h30m`, `2d` |
| money | `5 USD` |
| size | `500 kB`, `50 MB`, `2 GB`; decimal, as SI has it |
| text | any text that is not empty |
| command | a text, which a shell runs, or a list: a program and its arguments |
| reference | `{env: NAME}`, `{conn: id}` or `{var: key}`: resolved where a task executes, kept as it is everywhere else |

A program finds its task in the file `$PHASEGATE_TASK`, the evidence of earlier phases below `$PHASEGATE_INPUTS/<phase>/<task>/`, the folder for
reports in `$PHASEGATE_EVIDENCE` and the spec's folder in `$PHASEGATE_SPEC_DIR`. Its exit code and its files are its answer.
[What stands in the task file](runners/README.md#the-task-file).
"""
_EDITORS = """\
## In an editor

Write the schema beside your specs, and name it in the first line of each; editors that speak the YAML language server then complete keys
and underline what is wrong:

```sh
phasegate schema > workflow.schema.json
```

```yaml
# yaml-language-server: $schema=workflow.schema.json
```

The schema knows keys, types and kinds of evidence. What two places of a spec have to do with each other, only `phasegate lint` knows.
"""
_EXAMPLES = {
    "json": "verdicts: {report: verdicts.json, kind: json, expect: {schema: {type: object, required: [verdicts]}}}",
    "sbom": "bill: {report: sbom.json, kind: sbom, expect: {target: orders, min_components: 20}}",
    "openapi": "api: {path: docs/openapi.yaml, kind: openapi, expect: {operations: [GET /orders], errors: true}}",
    "dbt": "build: {report: run_results.json, kind: dbt, expect: {command: build, min_tests: 10, fresh: true}}",
    "image": "wireframe: {path: ux/wireframe.png, kind: image, expect: {min_width: 600, min_height: 400}}",
}
"""Of kinds that no persona of the catalogue owes in a few words."""
_SHAPES = {
    "json": """\
A value under `verdict` or `result` that is another than the schema's `const` or `enum` is a judgement: [validation-failed](rules/validation-failed.md), given
to the maker of what is validated. Anything else that the schema refuses is [evidence-malformed](rules/evidence-malformed.md), and goes to who wrote it.
So let a validator say what it found under one of these two names: `{verdict: {const: PASSED}}`.
""",
    "interface": """\
Three headings: *Functions* (or *Interface*), *Errors* and *Deviations*. The last two hold a list whose items begin with a name in backticks, or nothing
but `None.`:

```markdown
## Functions

`load(path)` reads a file of a partner.

## Errors

- `MissingColumn`: a file lacks a column.

## Deviations

None.
```
""",
    "stories": """\
Every story has an id, the feature it belongs to, a text, acceptance criteria with ids of their own, and a golden path:

```json
{"stories": [{"id": "ING-1", "feature": "ingest", "story": "As an analyst I want every file loaded.",
              "acceptance": [{"id": "ING-1.1", "text": "A file without rows is refused."}],
              "golden_path": ["Put a file into the inbox.", "See it loaded."]}]}
```
""",
}
"""How documents of kinds that are our own are written, where `expect:` does not tell."""
_KINDS = """\
## Kinds of evidence

A kind reads the bytes that were hashed, counts for itself, and says everything that is wrong. What is not asked for with `expect:` has the default
named here. *Facts* are what `answers:` of other evidence refers to.

A distribution may bring kinds of its own, each an entry point of the group `phasegate.kinds` whose name is what stands under `kind:`:

```toml
[project.entry-points."phasegate.kinds"]
proof = "acme.proof:ProofKind"
```

It is a class without arguments with `name`, `Expect` (an `Expectation` in which everything has a default) and `examine(material, expect)`, which
answers with an `Examination`; all are in `dag_factory.evidence.kinds`. `examine` gets the bytes that were hashed and tells what is wrong as `Fault`s of the
rules in `RULES`; whatever it raises is a finding. It is imported where a spec asks for it, by the linter and by gates, and nowhere else. None may take
the name of one of the kinds below.
"""


def reference(
    write: Annotated[Path | None, typer.Option(help="Write the page into this file.")] = None,
) -> None:
    """Print the reference of the spec: every key, its type, its default, its meaning and an example.

    Example: phasegate reference --write docs/spec.md
    """
    if write is None:
        typer.echo(page(), nl=False)
        return
    try:
        write.parent.mkdir(parents=True, exist_ok=True)
        write.write_text(page(), encoding="utf-8")
    except OSError as error:
        raise PhasegateError(
            f"The page cannot be written to {write}: {error.strerror}.", remedy="Name a file in a folder that you may write to."
        ) from error


def page() -> str:
    """The whole reference, as Markdown."""
    schema = workflow_schema()
    parts = [_OPENING]
    for name, heading in _HEADINGS.items():
        model = schema if name == "Workflow" else schema["$defs"][name]
        parts.append(_section(name, heading, model))
    parts += [_KINDS, *(_kind(name) for name in KINDS), _EDITORS]
    return "\n".join(parts)


def _section(name: str, heading: str, model: dict[str, Any]) -> str:
    lines = [
        f"## {heading}",
        "",
        model["description"].replace("``", "`"),
        "",
        "| key | type | default | meaning | example |",
        "|---|---|---|---|---|",
    ]
    refused: list[str] = []
    for key, told in read_keys()[name].items():
        if told.get("refused"):
            refused.append(f"`{key}` ([{told['refused']}](rules/{told['refused']}.md))")
            continue
        written = model["properties"][key]
        default = "required" if key in model.get("required", ()) else _default(written)
        lines.append(_row(f"`{key}`", _type(written), default, told["says"], f"`{told['example']}`"))
    if refused:
        lines += ["", f"Can be written, and is refused by this version: {', '.join(refused)}."]
    return "\n".join([*lines, ""])


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(written: dict[str, Any]) -> str:
    value = written.get("default")
    if value is None or value in ([], {}):
        return "–"
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"


def _type(written: dict[str, Any]) -> str:
    """A schema in words."""
    if "$ref" in written:
        name = written["$ref"].rpartition("/")[2]
        heading = _HEADINGS[name].lower()
        return f"[{heading}](#{heading.replace(' ', '-')})"
    if "anyOf" in written:
        kinds = [_type(choice) for choice in written["anyOf"] if choice.get("type") != "null"]
        return "number" if set(kinds) == {"whole number", "number"} else " or ".join(dict.fromkeys(kinds))
    if "enum" in written or "const" in written:
        values = written.get("enum", [written.get("const")])
        return ", ".join(f"`{value if isinstance(value, str) else json.dumps(value)}`" for value in values)
    kind = written.get("type")
    if isinstance(kind, list):
        return "anything but a mapping"
    return _WORDS[str(kind)](written) if kind else "anything"


def _text(written: dict[str, Any]) -> str:
    if written.get("format") == "date":
        return "date"
    pattern, least = written.get("pattern"), written.get("minLength", 0)
    text = f"text of at least {least} characters" if least > 1 else "text"
    return {DURATION: "duration", MONEY: "money", SIZE: "size", None: text, r"\S": text, " ": "cron line"}.get(pattern, "name")


def _list(written: dict[str, Any]) -> str:
    return f"list of {_type(written.get('items', {}))}{'' if 'properties' in written.get('items', {}) else 's'}"


def _mapping(written: dict[str, Any]) -> str:
    if "properties" in written:
        keys = [f"`{key}` ({_type(value)})" for key, value in written["properties"].items()]
        return f"mappings of {', '.join(keys)}"
    inner = next(iter(written.get("patternProperties", {}).values()), written.get("additionalProperties"))
    return f"mapping of names to {_type(inner)}" if isinstance(inner, dict) else "mapping"


def _number(written: dict[str, Any]) -> str:
    word = "whole number" if written["type"] == "integer" else "number"
    limits = [f"{says} {written[key]}" for key, says in _LIMITS.items() if key in written]
    return f"{word}, {', '.join(limits)}" if limits else word


def _truth(_: dict[str, Any]) -> str:
    return "`true`, `false`"


_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "string": _text,
    "array": _list,
    "object": _mapping,
    "integer": _number,
    "number": _number,
    "boolean": _truth,
}
_LIMITS = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}


def _kind(name: str) -> str:
    kind = KINDS[name]
    expect = expectation(name).get("properties", {})
    lines = [f"### {name}", "", _plain(inspect.getdoc(type(kind)) or ""), ""]
    if expect:
        meanings = dict(_meanings(kind.Expect))
        lines += ["| expect | type | default | meaning |", "|---|---|---|---|"]
        for field, info in kind.Expect.model_fields.items():
            key = info.alias or field
            said = meanings[field].removeprefix(f"written `{key}`; ")
            lines.append(_row(f"`{key}`", _type(expect[key]), _default(expect[key]), said))
        lines.append("")
    return "\n".join([*lines, "```yaml", _example(name), "```", "", *([_SHAPES[name]] if name in _SHAPES else [])])


def _meanings(expect: type[Any]) -> Iterator[tuple[str, str]]:
    """What each thing means that may be expected, from the docstring's list of parameters."""
    listed = (inspect.getdoc(expect) or "").partition("----------\n")[2]
    for entry in re.split(r"\n(?=\w+: )", listed.strip()):
        key, _, said = entry.partition(": ")
        yield key, _plain(said)


def _plain(text: str) -> str:
    """A docstring's first paragraph as one line of Markdown."""
    return re.sub(r"\s+", " ", text.partition("\n\n")[0]).replace("``", "`").strip()


def _example(name: str) -> str:
    """The shortest item of this kind that a persona of the catalogue owes, without what takes a page."""
    owed = [
        {item: written}
        for persona in read_catalogue().values()
        for contract in persona["contracts"].values()
        for item, written in contract.get("evidence", {}).items()
        if written["kind"] == name and "schema" not in written.get("expect", {})
    ]
    shown = [yaml.safe_dump(item, sort_keys=False, default_flow_style=None, width=120).strip() for item in owed]
    return min(shown, key=len, default=_EXAMPLES.get(name, ""))
