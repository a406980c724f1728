"""Lines that comments in the source take out of measuring."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.coverage import examined

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.coverage import CoverageExpect, CoverageKind
from dag_factory.evidence.kinds.excluded import excluded


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("a = 1\ndef f():  # pragma: no cover\n    x\n\n    # c\n    y\nz = 1\n", {2, 3, 6}),
        ("# pragma: no cover\na = 1\n", set()),
        ("int f() {\n  // LCOV_EXCL_START\n  a();\n  b();\n  // LCOV_EXCL_STOP\n  c(); // GCOVR_EXCL_LINE\n}\n", {3, 4, 6}),
        ("// LCOV_EXCL_START\na();\n}\nb();", {2, 4}),
        ("// LCOV_EXCL_BR_START\na();\n", set()),
        ("/* istanbul ignore next */\nfunction f() {\n  a\n}\nb\n", {2, 3}),
        ("/* istanbul ignore next */ function f() {\n  a\n}\nb\n", {2}),
        ("x()\n/* istanbul ignore file */\ny()\n", {1, 3}),
        ("// v8 ignore next 3\na\nb\nc\nd\n", {2, 3, 4}),
        ("/* node:coverage disable */\na\n/* node:coverage enable */\nb\n", {2}),
        ("@Generated\n@Override\nclass A {\n  int a;\n}\nint b;\n", {3, 4}),
        ("#[cfg_attr(nightly, coverage(off))]\nfn a() {\n  b\n}\nfn c() {}\n", {2, 3}),
        ("[ExcludeFromCodeCoverage]\npublic class A\n{\n  int a;\n}\nint b;\n", {2, 4}),
        ("# :nocov:\ndef a\n  b\nend\n# :nocov:\nc\n", {2, 3, 4}),
        ("/** @codeCoverageIgnore */\nfunction a() {\n  b\n}\n", {2, 3}),
        ("// GCOV_EXCL_START\na();\n// GCOV_EXCL_STOP\nb(); // LCOVR_EXCL_LINE\n", {2, 4}),
        ("// $COVERAGE-OFF$ hard\nval a = 1\n// $COVERAGE-ON$\nval b = 1\n", {2}),
        ("# coveralls-ignore-start\na()\n# coveralls-ignore-stop\nb()\n# coveralls-ignore-next-line\nc()\nd()\n", {2, 6}),
        ("-- luacov: disable\na()\n-- luacov: enable\nb()\n", {2}),
        ("# uncoverable begin\na();\n# uncoverable end\nb();\n", {2}),
        ("#[cfg(not(tarpaulin_include))]\nfn a() {\n  b\n}\nfn c() {}\n", {2, 3}),
        ("#[tarpaulin::skip]\nfn a() {}\nfn c() {}\n", {2}),
        ("#[cfg(not(test))]\nfn a() {}\n", set()),
        ("/* istanbul ignore next */", set()),
        ("the word coverage, and pragma, in a text\n", set()),
    ],
)
def test_what_comments_exclude(source, lines):
    assert excluded(source.encode()) == lines


@given(st.binary(max_size=300))
def test_no_source_makes_it_raise(source):
    excluded(source)


@pytest.mark.parametrize(
    "source",
    [
        "/* istanbul ignore next */\n" * 37_000,
        "".join(" " * (number % 300) + "a  # pragma: no cover\n" for number in range(5_000)),
        "istanbul  ignore  " * 50_000,
        "// LCOV_EXCL_START\n" * 50_000,
    ],
)
def test_no_source_takes_long(source):
    began = time.process_time()
    excluded(source.encode())
    assert time.process_time() - began < 2


TRACE = "SF:/build/src/a.c\n" + "".join(f"DA:{line},1\n" for line in range(1, 11)) + "end_of_record\n"
SOURCE = "a();\n" * 10 + "// LCOV_EXCL_START\n" + "b();\n" * 30 + "// LCOV_EXCL_STOP\n"


def found(report, source, product=frozenset({"src/a.c"})):
    material = Material("coverage", report.encode(), product=product, sources=lambda: {"src/a.c": source.encode()})
    return CoverageKind().examine(material, CoverageExpect()).faults


def test_what_lcov_and_cobertura_do_not_tell_is_read_from_what_was_delivered():
    (fault,) = found(TRACE, SOURCE)
    assert fault.rule == "coverage-low"
    assert "30 lines are excluded from measuring beside 10 statements" in fault.text
    lines = "".join(f'<line number="{line}" hits="1"/>' for line in range(1, 11))
    assert len(found(f'<coverage><class filename="src/a.c"><lines>{lines}</lines></class></coverage>', SOURCE)) == 1


def test_a_few_lines_may_be_excluded_and_what_is_measured_all_the_same_is_not():
    assert found(TRACE, SOURCE.replace("b();\n" * 30, "b();\n" * 2)) == ()
    listed = "".join(f"DA:{line},1\n" for line in range(12, 42))
    assert found(TRACE.replace("end_of_record", f"{listed}end_of_record"), SOURCE) == (), "the tool heeds no such comments"
    assert examined(TRACE, frozenset({"src/a.c"})).faults == (), "what was not delivered in this run is not known"


def test_a_report_that_tells_its_exclusions_is_believed():
    text = '{"meta": {"format": 3}, "totals": {}, "files": {"src/a.c": {"executed_lines": [1, 2, 3], "missing_lines": [], "excluded_lines": []}}}'
    assert found(text, SOURCE) == ()
