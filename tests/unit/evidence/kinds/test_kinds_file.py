from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.file import FileExpect, FileKind


def examine(data: bytes = b"", files=None, name="report.txt", **expect):
    return FileKind().examine(Material(name, data, files=files or {}), FileExpect(**expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def test_a_file_with_content_will_do():
    assert examine(b"x").faults == ()
    assert examine(b"x" * 100, min_bytes=100).faults == ()


@pytest.mark.parametrize("data", [b"", b" \n\t ", b"\0" * 4096, b"\xc2\xa0" * 60, b"\xe2\x80\x8b \xe3\x85\xa4", b"\xef\xbb\xbf"])
def test_an_empty_blank_or_zeroed_file_is_missing(data):
    assert rules(examine(data)) == ["evidence-missing"]


@pytest.mark.parametrize("data", ["\u00fc".encode(), b"\x80\x81\x82", b"\0\x01", "\u2713".encode()])
def test_a_file_of_other_signs_is_not_blank(data):
    assert examine(data).faults == ()


@pytest.mark.parametrize("name", ["pipeline.yaml", "a.yml", "a.toml"])
@pytest.mark.parametrize("data", [b"# pipeline\n", b"---\n  # a\n\n# b\n...\n", b"\xef\xbb\xbf# a", b"--- # a\r\n# b\r\n"])
def test_a_file_of_comments_alone_is_missing(name, data):
    (fault,) = examine(data, name=name).faults
    assert (fault.rule, fault.subject) == ("evidence-missing", name)
    assert "all comments" in fault.text


@pytest.mark.parametrize("data", [b"a: 1", b"# a\nb: 2\n", b"--- {a: 1}\n", b"...x\n", b"{}", b"# a\r\n- b\r\n"])
def test_a_file_with_more_than_comments_will_do(data):
    assert examine(data, name="pipeline.yaml").faults == ()


def test_what_is_a_comment_depends_on_the_format_and_changed_files_may_be_all_comments():
    assert examine(b"# Notes\n", name="NOTES.md").faults == ()
    assert examine(files={"src/a.yaml": b"# later\n"}).faults == ()


def test_a_file_too_small_says_by_how_much():
    (fault,) = examine(b"x" * 99, min_bytes=100).faults
    assert fault.rule == "evidence-malformed"
    assert "99 bytes" in fault.text
    assert "100" in fault.text
    assert fault.subject == "report.txt"


def test_a_file_too_large_does_not_count(monkeypatch):
    monkeypatch.setattr("dag_factory.evidence.kinds.file.MAX_BYTES", 3)
    assert rules(examine(b"xxxx")) == ["evidence-malformed"]


def test_every_changed_file_is_looked_at():
    assert examine(files={"src/a.py": b"1", "src/b.py": b"2"}).faults == ()
    (fault,) = examine(files={"src/a.py": b"1", "src/b.py": b""}).faults
    assert fault.subject == "src/b.py"
    assert fault.rule == "evidence-missing"


def test_files_empty_by_custom_need_one_with_content_beside_them():
    assert examine(files={"src/__init__.py": b"", "src/a.py": b"1"}).faults == ()
    assert rules(examine(files={"src/__init__.py": b"", "src/py.typed": b""})) == ["evidence-missing"]
    assert rules(examine(files={"src/__init__.py": b" ", "src/a.py": b"1"})) == ["evidence-missing"]


def test_faults_are_not_told_without_end():
    assert len(examine(files={f"{n}.py": b"" for n in range(1000)}).faults) == 20


@pytest.mark.parametrize("value", [0, -1, True, "1", 1.0])
def test_the_least_size_is_a_positive_integer(value):
    with pytest.raises(ValidationError):
        FileExpect(min_bytes=value)


@given(st.dictionaries(st.text(max_size=8), st.binary(max_size=8), max_size=4), st.binary(max_size=8))
@settings(max_examples=100, deadline=None)
def test_no_files_make_it_raise_and_no_content_never_passes(files, data):
    found = examine(data, files)
    if not any(content.strip() for content in (files.values() if files else [data])):
        assert found.faults
