"""What every form of coverage owes the product: each of its files measured, by more than its tests, in time, and as coverage.py really writes it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from support.coverage import BEGAN, TRACE, examined, json_of, rules, xml

from dag_factory.evidence.kinds.base import Work
from dag_factory.evidence.kinds.measured import Counts, matched

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


def test_tests_do_not_make_room_for_what_is_excluded_of_the_product():
    excluded = json_of(src__a=(20, 0, 15), src__b=(20, 0, 0), tests__t=(1000, 0, 0))
    (fault,) = examined(excluded, PRODUCT).faults
    assert (fault.rule, "of the product itself, 15 lines" in fault.text) == ("coverage-low", True)
    assert rules(examined(json_of(src__a=(20, 0, 15), src__b=(20, 0, 0)), PRODUCT)) == ["coverage-low"], "told once"
    assert examined(json_of(src__a=(4, 0, 3), src__b=(4, 0, 2), tests__t=(1000, 0, 0)), PRODUCT).faults == (), "a way in or two"
    assert examined(excluded, PRODUCT, omitted=[{"files": "src/a*", "reason": "made by a program, which is tested"}]).faults == ()


MANY = frozenset({*PRODUCT, "src/c.py", "src/__init__.py", "src/x/__init__.py"})


@pytest.mark.parametrize(
    ("files", "expect", "fits"),
    [
        ({"src__b": (0, 0, 0)}, {}, True),
        ({"src__b": (0, 0, 0), "src__c": (0, 0, 0)}, {}, True),
        ({"src__b": (0, 0, 0)}, {"max_empty": 0}, False),
        ({"src__b": (0, 0, 3)}, {"max_empty": 0}, True),
        ({"src__b": (0, 0, 0), "src__c": (0, 0, 0)}, {"max_empty": 1}, False),
        ({}, {"max_empty": 0}, True),
        ({"src__b": (0, 0, 0)}, {"max_empty": 0, "omitted": [{"files": "src/b.py", "reason": "nothing but types"}]}, True),
        ({"src__a": (0, 0, 0), "src__b": (0, 0, 0), "src__c": (0, 0, 0)}, {}, False),
    ],
)
def test_product_files_without_a_line_are_few(files, expect, fits):
    whole = {"src__a": (9, 0, 0), "src__b": (9, 0, 0), "src__c": (9, 0, 0)}
    report = json.loads(json_of(tests__t=(1000, 0, 0), **whole | files))
    none = {"executed_lines": [], "missing_lines": [], "excluded_lines": []}
    report["files"] |= {"src/__init__.py": none, "src/x/__init__.py": none}
    assert rules(examined(json.dumps(report), MANY, **expect)) == ([] if fits else ["coverage-omitted"])


def test_a_product_of_which_nothing_is_measured_is_none_beside_its_tests():
    (fault,) = examined(json_of(src__a=(0, 0, 0), tests__t=(1000, 0, 0)), frozenset({"src/a.py"}), max_empty=5).faults
    assert (fault.rule, "1 of 1 files" in fault.text) == ("coverage-omitted", True)
    trace = "SF:src/a.py\nend_of_record\nSF:src/b.py\nend_of_record\nSF:tests/t.py\nDA:1,1\nend_of_record\n"
    assert rules(examined(trace, PRODUCT)) == ["coverage-omitted"]


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


def test_very_many_files_of_one_name_are_found_once_each():
    files = {f"report/{number}/deep/x.py": Counts(number) for number in range(40_000)} | {"x.py": Counts(1), "y.py": Counts(2)}
    product = frozenset({*(f"product/{number}/x.py" for number in range(40_000)), "39999/deep/x.py", "a/b/y.py", "b/y.py"})
    assert matched(files, product) == {"39999/deep/x.py": Counts(39_999), "product/0/x.py": Counts(1), "a/b/y.py": Counts(2)}


def test_the_longest_that_fits_is_taken():
    files = {
        "b/x.py": Counts(1),
        "x.py": Counts(2),
        "/r/a/b/x.py": Counts(3),
        "/r/c/a/b/x.py": Counts(4),
        "q/" * 300_000 + "x.py": Counts(5),
    }
    assert matched(files, frozenset({"a/b/x.py"})) == {"a/b/x.py": Counts(4)}
    assert matched(files, frozenset({"z/b/x.py", "z/z/x.py"})) == {"z/b/x.py": Counts(1), "z/z/x.py": Counts(2)}


def test_what_was_measured_where_it_was_installed():
    files = {f".tox/py/lib/python3.12/site-packages/{name}": Counts(9, 1) for name in ("orders/a.py", "other/b.py")}
    assert set(matched(files, frozenset({"src/orders/a.py", "src/orders/b.py"}))) == {"src/orders/a.py"}
