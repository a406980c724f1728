"""Coverage as Cobertura's XML and lcov's tracefiles: what is counted, what cannot be, and what is beyond the limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.coverage import TRACE, examined, json_of, rules, xml

GOOD = [(1, 1), (2, 5), (3, 2), (4, 0)]


def test_cobertura_is_counted():
    found = examined(xml(GOOD, 'line-rate="0.75" lines-valid="4" lines-covered="3" branch-rate="0"'), min_percent=75)
    assert found.faults == ()
    assert found.facts["files"] == ("/build/src/a.py",)
    assert rules(examined(xml(GOOD))) == ["coverage-low"]
    assert examined(xml(GOOD, dtd="", sources=()), min_percent=75).facts["files"] == ("a.py",)


@pytest.mark.parametrize(
    "head",
    ['line-rate="1"', 'lines-valid="3"', 'lines-covered="4"', 'lines-valid="x"', 'line-rate="nan"', 'branches-valid="2"', 'lines-covered="8"'],
)  # fmt: skip
def test_cobertura_that_lies(head):
    assert rules(examined(xml(GOOD, head), min_percent=75)) == ["evidence-malformed"]


def test_cobertura_whose_lines_stand_in_two_classes():
    two = xml([(1, 1), (2, 0)]).replace(
        "</classes>", '<class name="b" filename="a.py"><lines><line number="2" hits="1"/></lines></class></classes>'
    )
    assert "1 of 2" in examined(two).faults[0].text
    assert examined(two.replace("<coverage ", '<coverage lines-valid="3" lines-covered="2" '), min_percent=50).faults == ()


def test_cobertura_that_has_a_file_under_two_names_hides_none_of_its_lines():
    other = '<class name="b" filename="/build/src/a.py"><lines><line number="9" hits="1"/></lines></class></classes>'
    (fault,) = examined(xml(GOOD).replace("</classes>", other)).faults
    assert (fault.rule, fault.subject) == ("evidence-malformed", "/build/src/a.py")
    assert "under two names" in fault.text


def test_functions_that_istanbul_lists_among_methods_are_no_statements():
    methods = (
        "<methods><method name='f'><lines><line number='1' hits='0'/><line number='9' hits='1' branch='true'/></lines></method></methods>"
    )
    report = xml([(1, 1), (2, 0)], 'lines-valid="2" lines-covered="1"').replace("<lines>", f"{methods}<lines>", 1)
    assert "1 of 2 statements are covered: 50.00 %" in examined(report).faults[0].text
    assert examined(report, min_percent=50).faults == ()


def test_a_class_that_lists_no_lines_has_those_of_its_methods():
    methods = "<methods><method name='f'><lines><line number='1' hits='1' branch='true' condition-coverage='50% (1/2)'/></lines></method></methods>"
    report = xml([]).replace("<lines>", f"{methods}<lines>", 1)
    assert "1 of 1 statements are covered and 1 of 2 branches" in examined(report).faults[0].text
    other = report.replace("</classes>", '<class name="b" filename="b.py"><lines><line number="7" hits="0"/></lines></class></classes>')
    assert "1 of 2 statements are covered and 1 of 2 branches" in examined(other).faults[0].text


def test_branches_of_cobertura():
    half = [*GOOD[:3], (4, 1, "50% (1/2)")]
    assert "1 of 2 branches" in examined(xml(half), min_percent=90).faults[0].text
    assert examined(xml(half), branches=True).faults == ()
    for wrong in ("", "50%", "100% (1/2)", "50% (2/1)", "0% (0/0)", "x"):
        assert "evidence-malformed" in rules(examined(xml([*GOOD, (5, 1, wrong)]), min_percent=1)), wrong


def test_branches_that_istanbul_counts_and_shows_in_no_line():
    full, half = [(1, 1), (2, 5)], [(1, 1), (2, 5, "50% (1/2)")]
    hidden = xml(full, 'branches-valid="4" branches-covered="4" branch-rate="1"')
    assert examined(hidden, min_percent=100).faults == ()
    assert rules(examined(hidden, branches=True)) == ["coverage-low"]  # the root's word alone shows no measuring
    (fault,) = examined(xml(half, 'branches-valid="6" branches-covered="3" branch-rate="0.5"'), min_percent=51).faults
    assert "2 of 2 statements are covered and 1 of 4 branches: 50.00 %" in fault.text  # those that were taken unseen do not count
    for lie in (
        'branches-valid="6" branches-covered="0"',
        'branches-valid="4" branches-covered="4"',
        'branches-valid="4" branches-covered="5"',
    ):
        assert "evidence-malformed" in rules(examined(xml(half, lie), min_percent=1)), lie
    assert rules(examined(xml(full, 'branches-valid="4" branches-covered="2" branch-rate="1"'), min_percent=1)) == ["evidence-malformed"]


@pytest.mark.parametrize(
    "report",
    [
        "<coverage>",
        "<html/>",
        "<coverage><packages><package><classes><class><lines/></class></classes></package></packages></coverage>",
        xml([("x", 1)]),
        xml([(1, -1)]),
        xml([(1, "1.0")]),
        '<coverage><line number="1" hits="1"/></coverage>',
        '<!DOCTYPE coverage [<!ENTITY a "b">]><coverage>&a;</coverage>',
        '<!DOCTYPE coverage [<!ENTITY a SYSTEM "file:///etc/passwd">]><coverage>&a;</coverage>',
        "<coverage>" + "<x>" * 200_000,
        "<coverage>" + "<x>" * 20 + "<y/>" * 10,
    ],
)
def test_what_is_no_cobertura(report):
    assert rules(examined(report)) == ["evidence-malformed"]


def test_xml_beyond_the_limits(monkeypatch):
    monkeypatch.setattr("dag_factory.evidence.kinds.coverage_xml.MAX_NODES", 10)
    assert rules(examined(xml(GOOD))) == ["evidence-malformed"]
    monkeypatch.setattr("dag_factory.evidence.kinds.coverage_xml.MAX_BYTES", 10)
    assert "at most 10" in examined(xml(GOOD)).faults[0].text


def test_no_lines_are_no_coverage():
    assert rules(examined(xml([]))) == ["evidence-missing"]
    assert rules(examined("<coverage/>")) == ["evidence-missing"]
    assert rules(examined("SF:a\nend_of_record\n")) == ["evidence-missing"]


def test_lcov_is_counted_over_all_of_its_records():
    found = examined(TRACE, branches=True, min_percent=83)
    assert found.faults == ()
    assert found.facts["files"] == ("/build/src/a.py",)
    assert "4 of 4 statements are covered and 1 of 2 branches" in examined(TRACE, min_percent=84).faults[0].text
    assert examined(TRACE.replace("\n", "\r\n"), min_percent=80).faults == ()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("LH:3", "LH:4", "LH"),
        ("LF:4", "LF:3", "LF"),
        ("LF:4\nLH:3", "LF:5\nLH:5", "LF"),
        ("LF:4\nLH:3", "LF:5", "LF"),
        ("BRH:1", "BRH:2", "BRH"),
        ("BRF:2", "BRF:1", "BRF"),
        ("DA:4,0", "DA:4,-1", "line 8"),
        ("DA:4,0", "DA:0,1", "line 8"),
        ("DA:4,0", "DA:4", "line 8"),
        ("LF:4", "LF:4.0", "LF"),
        ("LH:1\nend_of_record\n", "LH:1\n", "ends within a record"),
        ("SF:/build/src/a.py\nDA:4,7", "DA:4,7", "of no file"),
        ("TN:integration", "end_of_record", "that did not begin"),
        ("LF:4\n", "SF:b\n", "within another"),
        ("TN:unit", "TN unit", "none of a tracefile's"),
        ("BRDA:2,e0,1,-", "BRDA:2,0", "BRDA"),
    ],
)
def test_lcov_that_cannot_be(before, after, says):
    assert before in TRACE
    found = examined(TRACE.replace(before, after, 1), min_percent=1)
    assert rules(found)[0] == "evidence-malformed"
    assert says in found.faults[0].text


LLVM = """SF:/src/a.cpp
DA:3,1
DA:4,3
DA:5,18446744073709551151
DA:6,0
BRDA:6,0,0,-
BRDA:6,0,1,1
BRF:3
BRH:1
LF:7
LH:5
end_of_record
"""


def test_lcov_of_llvm_whose_totals_count_the_lines_of_closures_twice():
    assert examined(LLVM, min_percent=50).faults == ()
    assert "3 of 5 statements are covered and 1 of 3 branches" in examined(LLVM, min_percent=51).faults[0].text
    assert rules(examined(LLVM.replace("LF:7", "LF:5"), min_percent=1)) == ["evidence-malformed"] * 2  # nothing would be missed
    assert rules(examined(LLVM.replace("BRH:1", "BRH:0"), min_percent=1)) == ["evidence-malformed"] * 2


def test_lcov_beyond_the_limits(monkeypatch):
    assert rules(examined(b"SF:\xff")) == ["evidence-malformed"]
    monkeypatch.setattr("dag_factory.evidence.kinds.coverage_lcov.MAX_LINES", 3)
    assert "more than 3 lines" in examined(TRACE).faults[0].text
    monkeypatch.setattr("dag_factory.evidence.kinds.coverage_lcov.MAX_BYTES", 3)
    assert "at most 3" in examined(TRACE).faults[0].text


@pytest.mark.parametrize("report", [xml([(1, 1)]), "SF:a\nDA:1,1\nend_of_record\n", json_of(a=(1, 0, 0))])
def test_branch_measuring_that_is_switched_off(report):
    assert rules(examined(report, branches=True)) == ["coverage-low"]
    assert examined(report).faults == ()


@given(st.text(alphabet="SFDALHBRend_ofcr:0123,\n", max_size=80))
@settings(max_examples=150, deadline=None)
def test_no_trace_makes_it_raise(text):
    examined("SF:a\n" + text)


PARTS = (
    "<class filename='a'>", "</class>", "<line number='1' hits='1'/>", "<methods>", "</methods>", "<source>", "</source>", "x", "<line/>",
)  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=8))
@settings(max_examples=150, deadline=None)
def test_no_xml_makes_it_raise(parts):
    found = examined(f"<coverage>{''.join(parts)}</coverage>")
    assert found.faults or found.facts["files"], "no data is never a pass"


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x.dtd", "file:///nowhere/x.dtd", "file:///etc/passwd"])
def test_the_address_of_a_dtd_is_never_followed(address):
    assert examined(xml([(1, 1)], dtd=f'<!DOCTYPE coverage SYSTEM "{address}">')).faults == ()


@pytest.mark.parametrize("more", ['<Line number="2" hits="0"/>', '<x:line number="2" hits="0"/>'])
def test_a_line_counts_however_its_element_is_written(more):
    report = f'<coverage xmlns:x="u"><class filename="a.py"><lines><line number="1" hits="1"/>{more}</lines></class></coverage>'
    assert rules(examined(report)) == ["coverage-low"]


@pytest.mark.parametrize("branch", ["1", "false", ""])
def test_branches_count_whatever_the_line_says_of_itself(branch):
    lines = f'<line number="1" hits="1" branch="{branch}" condition-coverage="10% (1/10)"/>'
    assert rules(examined(f'<coverage><class filename="a.py"><lines>{lines}</lines></class></coverage>')) == ["coverage-low"]
    assert examined(xml([(1, 1)]).replace("hits=", 'branch="false" hits=')).faults == ()
