"""Files that are no spec: one diagnostic with a place and a remedy, never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dag_factory.errors import Diagnostic, SpecError
from dag_factory.spec import read_spec
from dag_factory.spec.source import MAX_BYTES, MAX_DEPTH, Source

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(tmp_path: Path, text: str | bytes) -> Diagnostic:
    path = tmp_path / "w.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError) as caught:
        Source.read(path).load()
    [told] = caught.value.diagnostics
    assert told.where.file == str(path)
    assert told.remedy
    return told


def read(tmp_path: Path, text: str | bytes) -> dict[str, Any]:
    path = tmp_path / "w.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Source.read(path).load()


@pytest.mark.parametrize(
    ("text", "rule", "place", "says"),
    [
        ("", "file-empty", (1, 1), "empty"),
        ("# nothing\n---\n", "file-empty", (1, 1), "empty"),
        ("null\n", "file-empty", (1, 1), "empty"),
        ("- a\n- b\n", "wrong-type", (1, 1), "mapping"),
        ("just words\n", "wrong-type", (1, 1), "mapping"),
        ("42\n", "wrong-type", (1, 1), "mapping"),
        (b"\xff\xfe\x00w", "file-unreadable", (1, 1), "UTF-8"),
        (b"mission: caf\xe9\n", "file-unreadable", (1, 13), "not UTF-8"),
        (b"\xef\xbb\xbfa: b\xff\n", "file-unreadable", (1, 5), "not UTF-8"),
        (b"a: \xc3\xa4\r\nb: \xc3\xa4\xe9\n", "file-unreadable", (2, 5), "not UTF-8"),
        ("a: 1\nb: [1, 2\nc: 3\n", "yaml-broken", (3, 2), "list that begins with [ at 2:4"),
        ("a: 1\n  b: 2\n", "yaml-broken", (2, 4), "A colon stands where no key can be"),
        ("a:\n\t- b\n", "yaml-broken", (2, 1), "There is a tab here"),
        ("a: 1\n---\nb: 2\n", "yaml-broken", (2, 1), "second YAML document"),
        ("a: *nowhere\n", "yaml-broken", (1, 4), "none of that name comes before"),
        ("a: 1\nb: x\x07y\n", "yaml-broken", (2, 5), "control character"),
        ("a: !!python/object:os.system {}\n", "yaml-broken", (1, 4), "tag"),
        ("a: !mine b\n", "yaml-broken", (1, 4), "!mine"),
        ("a: !!set {b, c}\n", "yaml-broken", (1, 4), "!!set"),
        ("a: !!binary aGk=\n", "yaml-broken", (1, 4), "!!binary"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "yaml-broken", (3, 3), "<<"),
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", (3, 1), "'a' is written twice: first at 1:1."),
        ("a: {b: 1, b: 2}\n", "duplicate-key", (1, 11), "'b' is written twice: first at 1:5."),
        ("features:\n  1: x\n", "wrong-type", (2, 3), "1 is no text"),
        ("features:\n  on: x\n", "wrong-type", (2, 3), "on"),
        ("features:\n  ~: x\n", "wrong-type", (2, 3), "~"),
        ("features:\n  2026-01-01: x\n", "wrong-type", (2, 3), "2026-01-01"),
        ("features:\n  ? [a, b]\n  : x\n", "wrong-type", (2, 5), "no text"),
        ("? {a: b}\n: x\n", "wrong-type", (1, 3), "no text"),
        ("a: 2026-13-45\n", "wrong-type", (1, 4), "2026-13-45"),
        ("a: !!int ''\n", "wrong-type", (1, 4), "int"),
        ("a: !!bool perhaps\n", "wrong-type", (1, 4), "bool"),
        ("a: !!timestamp soon\n", "wrong-type", (1, 4), "timestamp"),
        ("a: .nan\n", "wrong-type", (1, 4), "number"),
        ("a: [-.inf]\n", "wrong-type", (1, 5), "number"),
        ("a: 99999999999999999999\n", "wrong-type", (1, 4), "number"),
        (f"a: {'9' * 5000}\n", "wrong-type", (1, 4), "999"),
        ('a: "x\\0y"\n', "wrong-type", (1, 4), "NUL"),
        ("a: 010\n", "wrong-type", (1, 4), "YAML reads 010 as 8"),
        ("a: [-0_17]\n", "wrong-type", (1, 5), "YAML reads -0_17 as -15"),
        ("a: 1:30\n", "wrong-type", (1, 4), "YAML reads 1:30 as 90"),
        ("a: 1:30.5\n", "wrong-type", (1, 4), "YAML reads 1:30.5 as 90.5"),
        ("a: &a [*a]\n", "file-unreadable", (1, 1), "too many values"),
        ("&a {a: *a}\n", "file-unreadable", (1, 1), "too many values"),
        (BOMB, "file-unreadable", (1, 1), "too many values"),
    ],
)
def test_a_file_that_is_no_spec_is_told_once_with_its_place(
    tmp_path: Path, text: str | bytes, rule: str, place: tuple[int, int], says: str
) -> None:
    told = refused(tmp_path, text)
    assert told.rule == rule, str(told)
    assert (told.where.line, told.where.column) == place, str(told)
    assert says in told.reason
    assert len(str(told)) < 500 + len(str(tmp_path))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="file-unreadable: The file cannot be read: No such file"):
        read_spec(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"file-unreadable.*no plain file"):
        read_spec(tmp_path)


def test_a_file_may_be_large_but_not_larger(tmp_path: Path) -> None:
    assert read(tmp_path, "a: 1\n#" + "x" * (MAX_BYTES - 7) + "\n") == {"a": 1}
    assert "at most" in refused(tmp_path, "a: 1\n#" + "x" * MAX_BYTES).reason


@pytest.mark.parametrize(
    ("written", "drop"),
    [
        ("persona: @architect\n", "architect"),
        ("t: {persona: @architect, duty: foundation}\n", "architect"),
        ("t: [@ux-designer]\n", "ux-designer"),
    ],
)
def test_a_bare_at_sign_is_told_to_be_dropped(tmp_path: Path, written: str, drop: str) -> None:
    told = refused(tmp_path, "workflow: x\n" + written)
    assert (told.rule, told.where.line, told.where.column) == ("yaml-broken", 2, written.index("@") + 1)
    assert told.remedy == f"Drop the @: write {drop}."


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a:\n  b: 1\n\u00a0\u00a0c: 2\n  d: 3\n", (3, 1), "looks like a space and is none to YAML (U+00A0)"),
        ("a:\u00a0b\nc: d\n", (1, 3), "(U+00A0)"),
        ("a: x\n-\u3000b: c: d\n", (2, 2), "(U+3000)"),
        ("a: \u201cLoad: all\u201d\nb: c\n", (1, 4), "\u201c is no quote"),
        ("a: [\u2018x: y\u2019, b: c: d]\n", (1, 5), "\u2018 is no quote"),
    ],
)
def test_a_sign_that_only_looks_like_yamls_is_told(tmp_path: Path, text: str, place: tuple[int, int], says: str) -> None:
    told = refused(tmp_path, text)
    assert (told.rule, told.where.line, told.where.column) == ("yaml-broken", *place), str(told)
    assert says in told.reason


@pytest.mark.parametrize("text", ["a: 12\u00a0kg: x\n", 'a: "\u201cx\u201d": y\n'])
def test_signs_of_a_text_are_not_blamed(tmp_path: Path, text: str) -> None:
    assert "looks like" not in refused(tmp_path, text).reason


def test_such_signs_are_read_where_the_yaml_is_sound(tmp_path: Path) -> None:
    assert read(tmp_path, "a: \u201cx\u201d\nb: 12\u00a0kg\n") == {"a": "\u201cx\u201d", "b": "12\u00a0kg"}


def test_a_line_that_only_announces_a_second_document_may_go(tmp_path: Path) -> None:
    assert refused(tmp_path, "a: b\n---\n").remedy == "Give it a file of its own; remove the line if nothing comes after it."


def test_an_at_sign_alone(tmp_path: Path) -> None:
    assert refused(tmp_path, "a: @\n").remedy == "Drop the @."


def test_a_quoted_at_sign_is_a_text(tmp_path: Path) -> None:
    assert read(tmp_path, 'says: "@architect"\n') == {"says": "@architect"}


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? "])
@pytest.mark.parametrize("depth", [MAX_DEPTH, 990, 100_000])
def test_nesting_without_end_ends_in_a_diagnostic_not_in_the_process(tmp_path: Path, opening: str, depth: int) -> None:
    """The C loader recurses on the C stack: a hundred thousand brackets would end the DAG processor by a signal."""
    told = refused(tmp_path, "a:\n  " + opening * depth)
    assert told.rule in {"file-unreadable", "yaml-broken", "wrong-type"}


@pytest.mark.parametrize("length", [10, 3000])
def test_nesting_by_aliases_is_bounded_as_well(tmp_path: Path, length: int) -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, length))]
    if length < MAX_DEPTH:
        assert len(read(tmp_path, "\n".join(lines))) == length
    else:
        assert refused(tmp_path, "\n".join(lines)).rule == "file-unreadable"


def test_a_byte_order_mark_and_other_line_ends_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: \xc3\xa9\r\n") == {"a": 1, "b": "é"}
    assert refused(tmp_path, b"\xef\xbb\xbfa: 1\r\na: 2\r\n").where.line == 2


def test_aliases_may_be_used(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x {b: 1}\nc: *x\n") == {"a": {"b": 1}, "c": {"b": 1}}


def test_the_place_of_a_value_is_where_its_key_stands() -> None:
    source = Source("f", "a:\n  b: 1\n  c: [x, {d: 2}]\n")
    places = {path: (at.line, at.column) for path, at in source.places.items()}
    assert places == {
        ("a",): (1, 1), ("a", "b"): (2, 3), ("a", "c"): (3, 3), ("a", "c", 0): (3, 7), ("a", "c", 1): (3, 10), ("a", "c", 1, "d"): (3, 11),
    }  # fmt: skip


def test_the_place_of_what_is_not_written_is_that_of_the_nearest_above() -> None:
    source = Source("f", "a:\n  b: 1\n")
    assert str(source.where(("a", "z", "y"))) == "f:1:1"
    assert str(source.where(("a", "b", "y"))) == "f:2:3"
    assert str(source.where(("z",))) == "f:1:1"
    assert str(Source("f", "a: [").where(("a",))) == "f:1:1"


def test_a_shown_name_stands_in_messages(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text("")
    with pytest.raises(SpecError, match=r"^orders\.yaml:1:1: file-empty"):
        read_spec(path, shown="orders.yaml")


@pytest.mark.parametrize("text", ["mission: Load: all\n", "workflow\nmission: x\n", "a: 1\n  b: 2\n"])
def test_a_colon_too_many_or_too_few_is_told_with_both_remedies(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    [told] = caught.value.diagnostics
    assert "in quotes" in told.remedy
    assert "missing colon" in told.remedy


def test_a_tab_is_called_a_tab(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, "a:\n\tb: 1\n")
    [told] = caught.value.diagnostics
    assert (told.reason, told.remedy) == ("There is a tab here, and YAML indents with spaces alone.", "Write spaces instead.")


def test_numbers_that_mean_what_they_say_are_read(tmp_path: Path) -> None:
    written = 'a: [0, -0, 10, 0.5, 0x1F, 1_000, "010", "1:30", 08:15:00z, 2026-01-01 10:30:00]\n'
    assert read(tmp_path, written)["a"][:9] == [0, 0, 10, 0.5, 31, 1000, "010", "1:30", "08:15:00z"]


@pytest.mark.parametrize(
    ("text", "place", "says", "remedy"),
    [
        ('a: "b\nc: d\n', (1, 4), "The quote that opens here is never closed.", "Close it"),
        ("a: 'it's'\n", (1, 8), "Nothing can begin here", "a quote too many"),
        ("a: {b: c\nd: e\n", (2, 2), "The mapping that begins with { at 1:4", "close it with }"),
        ("a: [b]]\n", (1, 7), "Nothing can begin here", "a bracket"),
        ("a:\n  b: 1\n c: 2\n", (3, 2), "Nothing can begin here", "Indent the line"),
        ("a:\n  - b\n  c: 2\n", (3, 3), "no item of the list above", "Indent the line"),
        ("a: - b\n", (1, 4), "A list cannot begin here.", "a line of its own"),
        ("a: */5 * * * *\n", (1, 5), "the name of an anchor", 'like "*/5 * * * *"'),
        ("a: `b`\n", (1, 4), "No text may begin with this sign", "in quotes"),
        ("a: %b\n", (1, 4), "No text may begin with this sign", "in quotes"),
        ('a: "C:\\path"\n', (1, 7), "a backslash has a meaning", "single quotes"),
        ("a: {b: {c: #d}}\n", (2, 1), "A value is missing", "begins with #"),
        ("a: |x\n  b\n", (1, 5), "nothing more may stand on the line", "next line"),
        ("a\nb: c\n", (2, 2), "A colon stands where", "missing colon"),
        ("%YAML 3.0\n---\na: b\n", (1, 1), "a version of YAML", "Remove that line"),
        ("a: !<tag\n", (1, 9), "From here on this is not YAML.", "Check indentation"),
    ],
)
def test_what_is_no_yaml_is_told_in_an_authors_words(tmp_path: Path, text: str, place: tuple[int, int], says: str, remedy: str) -> None:
    told = refused(tmp_path, text)
    assert (told.rule, told.where.line, told.where.column) == ("yaml-broken", *place), str(told)
    assert says in told.reason
    assert remedy in told.remedy
    assert not any(word in str(told) for word in ("token", "flow", "block", "scalar", "node", "stream", "expected"))
