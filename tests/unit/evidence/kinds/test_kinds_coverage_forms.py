"""Coverage as Cobertura's XML and lcov's tracefiles, and what every form owes the product."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.coverage import CoverageExpect, CoverageKind

BEGAN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WORK = Work(BEGAN, BEGAN + timedelta(minutes=30))
DTD = '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">'


def xml(lines, head="", dtd=DTD, name="a.py", sources=("/build/src",)):
    """One class whose lines are (number, hits) or (number, hits, condition-coverage)."""
    written = "".join(
        f'<line number="{line[0]}" hits="{line[1]}"' + (f' branch="true" condition-coverage="{line[2]}"' if len(line) > 2 else "") + "/>"
        for line in lines
    )
    told = "".join(f"<source>{source}</source>" for source in sources)
    return (
        f'<?xml version="1.0" ?>{dtd}<coverage {head}><sources>{told}</sources><packages><package name="p"><classes>'
        f'<class name="a" filename="{name}"><methods><method name="m"><lines>{written}</lines></method></methods><lines>{written}</lines></class>'
        "</classes></package></packages></coverage>"
    )


TRACE = """\
TN:unit
SF:/build/src/a.py
FN:1,f
FNDA:3,f
DA:1,1
DA:2,1,checksum
DA:3,1
DA:4,0
BRDA:2,0,jump to line 3, or so,1
BRDA:2,e0,1,-
BRF:2
BRH:1
LF:4
LH:3
end_of_record
# a comment

TN:integration
SF:/build/src/a.py
DA:4,7
LF:1
LH:1
end_of_record
"""


def examined(report, product=None, work=WORK, **expect):
    data = report if isinstance(report, bytes) else report.encode()
    return CoverageKind().examine(Material("coverage", data, work=work, product=product), CoverageExpect.model_validate(expect))


def rules(found):
    return [fault.rule for fault in found.faults]


def json_of(**files):
    """A coverage.json of files, each (executed, missing, excluded)."""
    entries = {}
    for name, (executed, missing, excluded) in files.items():
        lines = {
            "executed_lines": range(1, executed + 1),
            "missing_lines": range(501, missing + 501),
            "excluded_lines": range(900, 900 + excluded),
        }
        entries[name.replace("__", "/") + ".py"] = {key: list(numbers) for key, numbers in lines.items()}
    return json.dumps({"meta": {"format": 3, "timestamp": "2026-11-23T06:10:00"}, "files": entries, "totals": {}})


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


def test_branches_of_cobertura():
    half = [*GOOD[:3], (4, 1, "50% (1/2)")]
    assert "1 of 2 branches" in examined(xml(half), min_percent=90).faults[0].text
    assert examined(xml(half), branches=True).faults == ()
    for wrong in ("", "50%", "100% (1/2)", "50% (2/1)", "0% (0/0)", "x"):
        assert "evidence-malformed" in rules(examined(xml([*GOOD, (5, 1, wrong)]), min_percent=1)), wrong


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
        ("LF:4", "LF:5", "LF"),
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


PRODUCT = frozenset({"src/a.py", "src/b.py", "src/README.md", "src/data.csv"})


@pytest.mark.parametrize(
    "listed", [("src__a", "src__b"), ("tmp__x__src__a", "tmp__x__src__b"), ("a", "b"), ("tests__t", "src__a", "src__b")]
)
def test_every_product_file_is_measured(listed):
    assert examined(json_of(**dict.fromkeys(listed, (9, 1, 0))), PRODUCT).faults == ()


def test_a_product_file_that_is_left_out():
    (fault,) = examined(json_of(src__a=(9, 0, 0), tests__b=(9, 0, 0)), PRODUCT).faults
    assert (fault.rule, fault.subject) == ("coverage-omitted", "src/b.py")
    excuse = [{"files": "src/b*", "reason": "made by a program, which is tested"}]
    assert examined(json_of(src__a=(9, 0, 0)), PRODUCT, omitted=excuse).faults == ()


def test_one_file_stands_for_one_other_at_most():
    product = frozenset({"src/x/__init__.py", "src/y/__init__.py"})
    files = {"__init__": (9, 0, 0)}
    entries = json.loads(json_of(**files))
    entries["files"] = {"__init__.py": {"executed_lines": [1], "missing_lines": []}}
    assert rules(examined(json.dumps(entries), product)) == ["coverage-omitted"]


def test_only_the_tests_are_measured():
    (fault,) = examined(json_of(tests__t=(100, 0, 0)), PRODUCT).faults
    assert fault.rule == "coverage-omitted"
    assert "not only its tests" in fault.text


def test_tests_that_cover_themselves_raise_nothing():
    (fault,) = examined(json_of(tests__t=(100, 0, 0), src__a=(1, 9, 0), src__b=(10, 0, 0)), PRODUCT).faults
    assert fault.rule == "coverage-low"
    assert "of the product itself, 11 of 20" in fault.text


def test_a_product_file_that_is_excluded_as_a_whole():
    assert rules(examined(json_of(src__a=(90, 0, 0), src__b=(0, 0, 9)), PRODUCT)) == ["coverage-omitted"]
    assert examined(json_of(src__a=(90, 0, 0), src__b=(0, 0, 3)), PRODUCT).faults == ()


def test_a_product_without_anything_to_measure_asks_nothing():
    assert examined(json_of(src__a=(9, 0, 0)), frozenset()).faults == ()


@pytest.mark.parametrize(
    ("report", "fits"),
    [
        (xml([(1, 1)], f'timestamp="{int(BEGAN.timestamp()) * 1000 + 5}"'), True),
        (xml([(1, 1)], f'timestamp="{int(BEGAN.timestamp()) + 5}"'), True),
        (xml([(1, 1)], 'timestamp="1700000000"'), False),
        (xml([(1, 1)]), False),
        (json_of(a=(1, 0, 0)), True),
        (json_of(a=(1, 0, 0)).replace("11-23", "11-13"), False),
        (TRACE, False),
    ],
)
def test_a_report_of_another_time(report, fits):
    assert rules(examined(report, fresh=True, min_percent=1)) == ([] if fits else ["report-stale"])


PROGRAM = """\
import sys


def signs(values):
    found = []
    for value in values:
        found.append(sign(value))
    total = len(found)
    assert total >= 0
    return found


def sign(value):
    if value > 0:
        return "+"
    return "-" if value < 0 else "0"


if __name__ == "__main__":  # pragma: no cover
    print(sign(len(sys.argv)))
"""


def test_what_coverage_py_really_writes(tmp_path):
    """The three forms of one measurement, each honest, each of the whole product."""
    package = tmp_path / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "signs.py").write_text(PROGRAM)
    (tmp_path / "t.py").write_text("from shop.signs import signs\nassert signs([1, 0, -1]) == ['+', '0', '-']\n")
    run = [sys.executable, "-m", "coverage"]
    env = {"PYTHONPATH": str(tmp_path / "src"), "PATH": ""}
    subprocess.run([*run, "run", "--branch", "--source=src/shop", "t.py"], cwd=tmp_path, env=env, check=True)
    for form in ("json", "xml", "lcov"):
        subprocess.run([*run, form, "-q", "-o", f"c.{form}"], cwd=tmp_path, env=env, check=True)
        now = datetime.now(UTC)
        found = examined(
            (tmp_path / f"c.{form}").read_bytes(), frozenset({"src/shop/signs.py"}), Work(now - timedelta(minutes=1), now),
            min_percent=100, branches=True, fresh=form != "lcov",
        )  # fmt: skip
        assert found.faults == (), form
        assert [path.endswith("signs.py") for path in found.facts["files"]] == [True], form


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
    assert found.faults or found.facts["files"] == ("a",)  # the parts may happen to make a sound report


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x.dtd", "file:///nowhere/x.dtd", "file:///etc/passwd"])
def test_the_address_of_a_dtd_is_never_followed(address):
    assert examined(xml([(1, 1)], dtd=f'<!DOCTYPE coverage SYSTEM "{address}">')).faults == ()
