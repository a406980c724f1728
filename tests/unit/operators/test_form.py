"""The form of a task: its fields, and the files that come of what is filled in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dag_factory.evidence.contract import CheckContract, Item, TaskContract
from dag_factory.operators import form
from dag_factory.operators.form import fields_of, files_of, owed

ROW = {"story": {"type": "string"}, "verdict": {"const": "PASSED"}, "seen": {"type": "string"}, "how": {"enum": ["by hand", "by tool"]}}
SCHEMA = {
    "type": "object",
    "required": ["verdicts"],
    "properties": {"verdicts": {"type": "array", "items": {"type": "object", "properties": ROW}}},
}
CASE: Any = None


def item(kind: str, place: str = "it.txt", **more: Any) -> Item:
    return Item(id="it", kind=kind, **{"report": place, **more})


def task(*items: Item, **more: Any) -> TaskContract:
    return TaskContract(id="p/t", phase="p", task="t", persona="maker", duty="making", runner="human", items=items, **more)


def fields(asked: Item, lying: bytes | None = None, **more: Any) -> dict[str, form.Field]:
    return {field.name: field for field in fields_of(CASE, task(asked, **more), lambda _: lying)}


def files(asked: Item, given: dict[str, Any], lying: bytes | None = None) -> bytes | None:
    return files_of(CASE, task(asked), given, lambda _: lying).get("it")


@pytest.fixture(autouse=True)
def _published(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"stories": ["S-1", "S.2"], "errors": []}
    monkeypatch.setattr(form, "published", lambda case, task, fact, target: known[fact])


def test_what_a_command_makes_or_a_form_cannot_hold_is_not_asked_for() -> None:
    items = (
        item("markdown", check="docs"),
        item("image"),
        Item(id="c", kind="file", changed=("src/**",)),
        Item(id="k", kind="command", check="c"),
    )
    assert owed(task(*items)) == []
    verified = (CheckContract(name="verify", run="make"),)
    assert owed(task(item("file"), checks=verified)) == [], "the report is that of `verify`"
    [kept] = owed(task(Item(id="it", kind="file", path="A.md"), checks=verified))
    assert kept.path == "A.md"


def test_a_document_begins_with_the_headings_that_are_asked_for() -> None:
    asked = item("markdown", expect={"sections": ["What", "Why"]})
    assert fields(asked)["it.file"].begins == "## What\n\n\n## Why\n\n\n"
    assert fields(asked, b"# There\n")["it.file"].begins == "# There\n"
    assert fields(item("interface"))["it.file"].begins.startswith("## Functions\n")
    assert list(fields(asked)) == ["it.file", "notes", "references"]


def test_stories_and_documents_begin_with_an_empty_shape() -> None:
    [story] = fields(item("stories"), feature="ingest")["it.file"].begins["stories"]
    assert (story["feature"], story["id"]) == ("ingest", "")
    schema = {
        "type": "object",
        "required": ["a", "b", "n"],
        "properties": {"a": {"type": "array", "minItems": 1, "items": {"type": "string"}}, "n": {"type": "integer"}},
    }
    assert fields(item("json", expect={"schema": schema}))["it.file"].begins == {"a": [""], "b": "", "n": None}
    assert fields(item("json"), b'{"x": 1}')["it.file"].begins == {"x": 1}
    assert fields(item("json"), b"no json")["it.file"].begins == {}


def rows(**more: Any) -> Item:
    return item("json", answers={"stories": "plan"}, expect={"publish": {"cites": "verdicts[*].story"}, "schema": SCHEMA}, **more)


def test_every_id_that_must_be_answered_has_fields_of_its_own() -> None:
    made = fields(rows())
    assert [name for name in made if name.startswith("it.")] == [
        f"it.{one}.{part}" for one in ("S-1", "S.2") for part in ("verdict", "seen", "how")
    ]
    assert (made["it.S-1.verdict"].choices, made["it.S-1.how"].choices) == (("PASSED", "FAILED"), ("by hand", "by tool"))
    assert made["it.S-1.verdict"].begins is None, "no answer is chosen before somebody chose it"


@pytest.mark.parametrize(
    "asked",
    [
        rows().model_copy(update={"answers": {"commits": "all"}}),
        rows().model_copy(update={"answers": {"errors": "plan"}}),
        rows().model_copy(update={"answers": {}}),
        rows().model_copy(update={"expect": {"publish": {"cites": "a.b[*].c"}, "schema": SCHEMA}}),
        rows().model_copy(
            update={"expect": {"publish": {"cites": "verdicts[*].story"}, "schema": {**SCHEMA, "required": ["verdicts", "by"]}}}
        ),
        rows().model_copy(update={"expect": {"publish": {"cites": "verdicts[*].story"}}}),
    ],
)
def test_where_no_row_can_be_made_the_document_is_one_field(asked: Item) -> None:
    assert [name for name in fields(asked) if name.startswith("it")] == ["it.file"]


def test_rows_become_a_document_of_those_that_were_filled_in() -> None:
    given = {
        "it.S-1.verdict": "PASSED",
        "it.S-1.seen": " I saw it. ",
        "it.S.2.verdict": None,
        "it.S.2.seen": "",
        "it.S-9.verdict": "PASSED",
    }
    assert json.loads(files(rows(), given) or b"") == {"verdicts": [{"story": "S-1", "verdict": "PASSED", "seen": "I saw it."}]}
    assert files(rows(), {}) is None


def test_what_was_left_as_it_began_makes_no_file() -> None:
    asked = item("markdown", expect={"sections": ["What"]})
    assert [files(asked, {"it.file": value}) for value in (None, "", "## What\n\n\n")] == [None, None, None]
    assert files(item("stories"), {"it.file": fields(item("stories"))["it.file"].begins}) is None
    assert files(asked, {}) is None


def test_what_was_written_is_the_file() -> None:
    assert files(item("file"), {"it.file": "one\r\ntwo  \n\n"}) == b"one\ntwo\n"
    assert files(item("json"), {"it.file": {"ä": [1]}}) == '{\n  "ä": [\n    1\n  ]\n}\n'.encode()
    assert files(item("json"), {"it.file": '{"a": 1}'}) == b'{"a": 1}\n', "a text is taken as it is: the kind reads it strictly"
    assert files(item("file"), {"it.file": "kept"}, b"kept\n") == b"kept\n", "who keeps what was there delivers it"


@pytest.mark.parametrize(
    ("found", "made", "same"),
    [
        (None, b"text\n", False),
        (b"text\r\n\r\n", b"text\n", True),
        (b"half \xff of it", "half \ufffd of it\n".encode(), True),
        (b"text\n", b"text, and more\n", False),
        (b'{"a": 1, "b": [2]}', b'{\n  "b": [\n    2\n  ],\n  "a": 1\n}\n', True),
        (b'{"a": 1}', b'{"a": 2}\n', False),
        (b"{", b"[]\n", False),
    ],
)
def test_a_document_that_is_sent_as_it_came_is_known_however_a_form_writes_it(found, made, same):
    assert form.unchanged(found, made) is same
