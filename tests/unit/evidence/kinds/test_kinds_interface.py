from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.interface import InterfaceExpect, InterfaceKind

GOOD = """# ingest

## Functions

- `load(path)`: reads one partner file.

## Errors

Each is an exception.

- `MissingColumn`: a column is not there.
  - a remark on it, like `this`
- `BadRow`: a row cannot be read.

## Deviations

1. `DEV-INGEST-1`: we stream, as files are large.
"""
SEEN = """# ingest
## Functions
`load(path)`: reads one partner file.

## Errors
Each is an exception.
`MissingColumn`: a column is not there.
a remark on it, like `this`
`BadRow`: a row cannot be read.

## Deviations
`DEV-INGEST-1`: we stream, as files are large.
"""


def examine(text: str):
    return InterfaceKind().examine(Material("I.md", text.encode()), InterfaceExpect())


def test_a_whole_interface():
    found = examine(GOOD)
    assert found.faults == ()
    assert found.facts == {
        "errors": ("MissingColumn", "BadRow"),
        "deviations": ("DEV-INGEST-1",),
        "cites": (SEEN,),
        "interfaces": (hashlib.sha256(GOOD.encode()).hexdigest(),),
    }


def test_nothing_is_said_in_so_many_words():
    text = "## Interface\n\n`run()` works\n\n## Errors\n\nNone.\n\n## Deviations\n\nNone.\n"
    found = examine(text)
    assert found.faults == ()
    assert found.facts["errors"] == ()
    assert found.facts["deviations"] == ()


@pytest.mark.parametrize("title", ["Functions", "Errors", "Deviations"])
def test_each_section_is_owed(title):
    (fault,) = examine(GOOD.replace(f"## {title}", "## Other")).faults[:1]
    assert fault.subject == title
    assert title in fault.text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "no list"),
        ("none", "no list"),
        ("None", "no list"),
        ("There are none.", "no list"),
        ("<!-- None. -->", "no list"),
        ("<!-- - `A`: x -->", "no list"),
        ("```\n- `A`: x\n```", "no list"),
        ("None.\n\n- `A`: x", "and more"),
        ("- A: x", "begins “A: x”"),
        ("- the `A`", "begins"),
        ("- ` `: x", "begins"),
        ("- **the** `A`", "begins"),
        ("- `A`: x\n\nAlso raises `B`.", "`B` beside its list"),
        ("- `A`: x\n\n| error |\n|---|\n| `B` |", "`B` beside its list"),
        ("| error |\n|---|\n| `B` |\n\n- `A`: x", "`B` beside its list"),
        ("- `A`: x\n\n> `B`: y", "`B` beside its list"),
        ("- `A``: x", "begins"),
        ("-\n- `B`", "is empty"),
        ("- ```\n  A\n  ```", "is empty"),
        ("- `A`: x\n- B", "line 10"),
        ("- `A`: x\n\n## Errors\n\n- `B`: y", "stands twice"),
        ("> - `A`: x", "no list"),
    ],
)
def test_a_list_begins_each_item_with_a_name(body, says):
    text = f"## Functions\n\nload reads files\n\n\n\n## Errors\n\n{body}\n\n## Deviations\n\nNone.\n"
    (fault,) = examine(text).faults
    assert fault.subject == "Errors"
    assert says in fault.text
    assert fault.rule == "evidence-malformed"


def test_lists_may_be_parted_by_headings():
    lists = "## load\n\n- `A`: x\n\n## save\n\n* `B.C`: y\n* ``A``\n"
    text = f"# Functions\n\nload reads files\n\n# Errors\n\n{lists}\n# Deviations\n\nNone.\n"
    found = examine(text)
    assert found.faults == ()
    assert found.facts["errors"] == ("A", "B.C")


@pytest.mark.parametrize("body", ["TODO", "x", "N/A", "N/A, not yet, later", "&nbsp; &#x3164; &zwnj;", "`run()`"])
def test_functions_that_are_to_be_written(body):
    (fault,) = examine(GOOD.replace("- `load(path)`: reads one partner file.", body)).faults
    assert fault.subject == "Functions"


def errors(body: str):
    found = examine(f"## Functions\n\n`load(path)` reads files\n\n## Errors\n\n{body}\n\n## Deviations\n\nNone.\n")
    assert found.faults == ()
    return found.facts["errors"]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("- `A`, `B`, and `C`: rows are wrong", ("A", "B", "C")),
        ("- `A` / `B` or `C` when rows are wrong, as `D` tells", ("A", "B", "C")),
        ("- **`A`**, *`B`* & [`C`](#c): bold, in italics and a link", ("A", "B", "C")),
        ("- `A` (a `ValueError`): what stands in brackets explains", ("A",)),
        ("- `A` `load` raises it: nothing joins the two", ("A",)),
        ("- `A` when:\n  - `B` the date is bad\n    1. `C` very\n  - a remark on `load`", ("A", "B", "C")),
        ("- `ParseError::MissingColumn`: as in Rust", ("ParseError::MissingColumn",)),
        ("- `App\\Errors\\Missing`: as in PHP\n- `errors/missing`: as in Go", ("App\\Errors\\Missing", "errors/missing")),
        ("- `409 Conflict`: by its code\n- `fail()`: by what raises it", ("409 Conflict", "fail()")),
        ("All derive from `OrdersError`.\n\n- `A`: x", ("A",)),
        ("- `A`: x\n\n  More of it, by `detail`.\n\nNone is raised by `load`, and `A` is the only one.\n\n```\n`B`\n```", ("A",)),
    ],
)
def test_all_that_a_reader_takes_for_listed_is_listed(body, names):
    assert errors(body) == names


def test_an_interface_without_text_is_missing():
    assert [fault.rule for fault in examine("<!-- x -->").faults] == ["evidence-missing"]
    assert [fault.rule for fault in examine("\ufeff").faults] == ["evidence-missing"]


PIECES = st.sampled_from(["## Errors\n", "## Deviations\n", "- `A`", "- ", "None.", "\n", "```\n", "> ", "1. ", "`", "    ", "<!--"])


@given(st.lists(PIECES, max_size=25).map("".join))
@settings(max_examples=150, deadline=None)
def test_no_text_makes_it_raise(text):
    found = examine(text)
    assert found.faults


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("`MissingColumn`", "`MissingColumn`" + "*" * 200_000),
        GOOD.replace("`MissingColumn`", "`MissingColumn`," + "\t " * 100_000 + "x"),
        GOOD.replace("- `BadRow`", "- &#" + "9" * 5_000 + "; `BadRow`"),
    ],
)
def test_what_would_take_for_ever_is_read_at_once(text):
    assert all(fault.subject for fault in examine(text).faults)


@pytest.mark.parametrize(("count", "faults"), [(1_000, 0), (1_001, 1)])
def test_of_thousands_of_names_beside_a_list_not_all_are_looked_for_elsewhere(count: int, faults: int):
    beside = " ".join(f"`x{number}`" for number in range(count))
    text = GOOD.replace("## Deviations", f"{beside}\n\n## Deviations") + f"\n## Rest\n\n{beside}\n"
    assert len(examine(text).faults) == faults
