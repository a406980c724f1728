from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dag_factory.evidence.kinds import KINDS, RULES, Examination, Material
from dag_factory.evidence.kinds.base import clipped, listed, placed, rejected

ROOT = Path(__file__).parents[4]
NAMES = (
    "file", "markdown", "json", "junit", "coverage", "interface", "stories", "sarif", "benchmark", "vulnerabilities", "image", "sbom",
    "openapi", "dbt", "command",
)  # fmt: skip


def test_the_registry_knows_every_kind_by_its_name():
    assert tuple(KINDS) == NAMES
    assert all(kind.name == name for name, kind in KINDS.items())


@pytest.mark.parametrize("name", NAMES)
def test_every_expectation_has_defaults_and_refuses_what_it_does_not_know(name):
    model = KINDS[name].Expect
    expect = model.model_validate({})
    with pytest.raises(ValidationError, match="extra"):
        model.model_validate({"nonsense": 1})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(expect, next(iter(model.model_fields), "anything"), 1)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_never_a_pass(name):
    kind = KINDS[name]
    for data in (b"", b" \n\t\r\n "):
        found = kind.examine(Material("empty", data), kind.Expect())
        assert found.faults
        assert {fault.rule for fault in found.faults} <= {"evidence-missing", "evidence-malformed", "check-missing"}


@pytest.mark.parametrize("name", NAMES)
def test_another_kinds_expectation_is_a_mistake_of_the_caller(name):
    other = KINDS["file" if name != "file" else "junit"].Expect()
    with pytest.raises(TypeError, match=name):
        KINDS[name].examine(Material("m", b"x"), other)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_bytes_make_a_kind_raise(name, data):
    kind = KINDS[name]
    found = kind.examine(Material("m", data, exit_code=1), kind.Expect())
    assert isinstance(found, Examination)
    for fault in found.faults:
        assert fault.rule in RULES
        assert fault.text.startswith("m")
        assert "\n" not in fault.text


def test_importing_the_kinds_loads_no_heavy_library():
    code = (
        "import sys, dag_factory.evidence.kinds.base as base\n"
        "import dag_factory.evidence.kinds as kinds\n"
        "for kind in kinds.KINDS.values(): kind.Expect()\n"
        "kinds.KINDS['json'].Expect.model_validate({'schema': {'$ref': '#'}, 'publish': {'a': 'b'}})\n"
        "heavy = {'jsonschema', 'referencing', 'markdown_it', 'defusedxml', 'cryptography', 'airflow', 'pyexpat', 'xml.sax', 'PIL', 'statistics'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_foreign_text_becomes_one_short_printable_line():
    assert clipped("a\n b\x1b[31m\u202e") == "a b\ufffd[31m\ufffd"
    assert clipped("x" * 300, 10) == "x" * 9 + "…"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert listed(["a"]) == "a"


def test_faults_are_told_with_the_name_of_the_material():
    faults = rejected("is bad.", rule="check-failed").faults
    assert placed("m", faults)[0].text == "m: is bad."
