from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.file import FileExpect, FileKind


def examine(data: bytes = b"", files=None, **expect):
    return FileKind().examine(Material("report.txt", data, files=files or {}), FileExpect(**expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def test_a_file_with_content_will_do():
    assert examine(b"x").faults == ()
    assert examine(b"x" * 100, min_bytes=100).faults == ()


@pytest.mark.parametrize("data", [b"", b" \n\t ", b"\0" * 4096])
def test_an_empty_blank_or_zeroed_file_is_missing(data):
    assert rules(examine(data)) == ["evidence-missing"]


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
