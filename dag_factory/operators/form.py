"""The form a person fills in: a field for what a contract owes, and the files that come of it.

A form holds texts. A document is one field; where each of several ids must be answered with a verdict (`publish: {cites: "verdicts[*].story"}`), every id
has fields of its own, made of the JSON schema. Nothing here knows Airflow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dag_factory.evidence.contract import Item, TaskContract
from dag_factory.evidence.policies.answers import published
from dag_factory.evidence.policies.case import Case
from dag_factory.runners.human import HELD

__all__ = ["NOTES", "REFERENCES", "Field", "fields_of", "files_of", "owed", "unchanged"]

NOTES, REFERENCES = "notes", "references"
"""The two fields that every form has. Those of evidence have a dot in their names."""
_ROWS = re.compile(r"(\w+)\[\*\]\.(\w+)")
_DEEPEST = 8


@dataclass(frozen=True)
class Field:
    """One field: by which name it is given, what stands above and below it, what it holds, and with what it begins."""

    name: str
    title: str
    says: str = ""
    holds: Literal["text", "line", "choice", "document", "list"] = "text"
    begins: Any = ""
    choices: tuple[str, ...] = ()


def owed(task: TaskContract) -> list[Item]:
    """What a person is asked for in the form: what a form can hold, and no command of Phasegate's makes."""
    verified = any(check.name == "verify" for check in task.checks)
    return [item for item in task.items if item.kind in HELD and not item.check and (item.path or (item.report and not verified))]


def fields_of(case: Case, task: TaskContract, lying: Callable[[Item], bytes | None]) -> Iterator[Field]:
    """Every field of a task's form.

    Parameters
    ----------
    lying: the file that is there already and is to be changed; None where there is none.

    """
    for item in owed(task):
        rows = _rows(case, task, item)
        if rows:
            yield from (field for row in rows for field in row.fields())
            continue
        found, title = lying(item), f"{item.id}: {item.place}"
        if item.kind in {"json", "stories"}:
            yield Field(f"{item.id}.file", title, f"{item.kind} document", "document", _document(found) or _skeleton(task, item))
        else:
            text = found.decode("utf-8", "replace") if found else ""
            yield Field(f"{item.id}.file", title, f"{item.kind} text", begins=text or _headings(item))
    about = "What you found, and why." if task.judges else "What others should know of it."
    yield Field(NOTES, "Notes", f"{about} Where something is wrong, name the ids or files it is about: that decides who mends it.")
    yield Field(REFERENCES, "References", "Links or paths that show it, one a line.", "list", ())


def files_of(case: Case, task: TaskContract, given: Mapping[str, Any], lying: Callable[[Item], bytes | None]) -> dict[str, bytes]:
    """The files a filled-in form makes, by the id of their item. What was left as it began makes none."""
    made: dict[str, bytes] = {}
    for item in owed(task):
        rows = _rows(case, task, item)
        if rows:
            answered = [row.filled(given) for row in rows]
            if any(answered):
                made[item.id] = _written({rows[0].list: [one for one in answered if one]})
            continue
        value = given.get(f"{item.id}.file")
        found = lying(item)
        if value in (None, "", [], {}) or (found is None and value in (_skeleton(task, item), _headings(item))):
            continue
        made[item.id] = _plainly(value) if isinstance(value, str) else _written(value)
    return made


def unchanged(found: bytes | None, made: bytes) -> bool:
    """Whether a document that was made is the one that its field began with, as a form writes it.

    Parameters
    ----------
    found: the file that was there already; None where there was none.

    """
    if found is None:
        return False
    document = _document(found)
    return made in (found, _plainly(found.decode("utf-8", "replace"))) or (document is not None and document == _document(made))


@dataclass(frozen=True)
class _Row:
    """One id that must be answered: the list it stands in, the property that names it, and the schema of the others."""

    item: str
    list: str
    key: str
    id: str
    properties: Mapping[str, Any]

    def fields(self) -> Iterator[Field]:
        """A field a property."""
        for name, schema in self.properties.items():
            choices = _choices(name, schema)
            yield Field(
                f"{self.item}.{self.id}.{name}",
                f"{self.id}: {name}",
                holds="choice" if choices else "text",
                begins=None if choices else "",
                choices=choices,
            )

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The row as it was filled in; empty where nothing was."""
        values = {name: given.get(f"{self.item}.{self.id}.{name}") for name in self.properties}
        said = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        said = {name: value for name, value in said.items() if value not in (None, "")}
        return {self.key: self.id, **said} if said else {}


def _rows(case: Case, task: TaskContract, item: Item) -> list[_Row]:
    """A row for every id that a list of a JSON document must answer, where the schema says of what a row is made."""
    shape = _ROWS.fullmatch(str(item.expect.get("publish", {}).get("cites", ""))) if item.kind == "json" else None
    schema = item.expect.get("schema") or {}
    if shape is None or set(schema.get("required", ())) - {shape[1]}:
        return []
    row = ((schema.get("properties") or {}).get(shape[1]) or {}).get("items") or {}
    properties = {name: one for name, one in (row.get("properties") or {}).items() if name != shape[2] and isinstance(one, dict)}
    simple = all("const" in one or "enum" in one or one.get("type") == "string" for one in properties.values())
    asked = [(fact, target) for fact, target in item.answers.items() if fact != "commits"]
    if not properties or not simple or len(asked) != len(item.answers):
        return []
    ids = dict.fromkeys(name for fact, target in asked for name in published(case, task, fact, target))
    return [_Row(item.id, shape[1], shape[2], name, properties) for name in ids]


def _choices(name: str, schema: Mapping[str, Any]) -> tuple[str, ...]:
    """What may be chosen: beside the one word that a verdict must have, its opposite."""
    if "enum" in schema:
        return tuple(str(word) for word in schema["enum"])
    if "const" in schema:
        return (str(schema["const"]), "FAILED" if name in {"verdict", "result"} else "no")
    return ()


def _skeleton(task: TaskContract, item: Item) -> Any:
    """An empty document of the right shape."""
    if item.kind == "stories":
        story = {"id": "", "feature": task.feature or "", "story": "", "acceptance": [{"id": "", "text": ""}], "golden_path": [""]}
        return {"stories": [story]}
    return _empty(item.expect.get("schema") or {}, _DEEPEST)


def _empty(schema: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or not depth:
        return ""
    kind = schema.get("type")
    if kind == "array":
        return [_empty(schema.get("items"), depth - 1)] if schema.get("minItems") else []
    if kind == "object" or "properties" in schema or depth == _DEEPEST:
        known = schema.get("properties") or {}
        return {name: _empty(known.get(name), depth - 1) for name in schema.get("required", ())}
    return None if kind in {"number", "integer", "boolean"} else ""


def _headings(item: Item) -> str:
    """The headings of a document, with nothing below them."""
    titles = ("Functions", "Errors", "Deviations") if item.kind == "interface" else item.expect.get("sections", ())
    return "".join(f"## {title}\n\n\n" for title in titles) if item.kind in {"interface", "markdown"} else ""


def _document(found: bytes | None) -> Any:
    try:
        return json.loads(found) if found else None
    except ValueError:
        return None


def _plainly(text: str) -> bytes:
    return f"{text.replace(chr(13) + chr(10), chr(10)).rstrip()}\n".encode(errors="replace")


def _written(value: Any) -> bytes:
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n".encode(errors="replace")
