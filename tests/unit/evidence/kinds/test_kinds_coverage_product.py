"""What every form of coverage owes the product: each of its files measured, by more than its tests, in time, and as coverage.py really writes it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from support.coverage import BEGAN, TRACE, examined, json_of, rules, xml

from dag_factory.evidence.kinds.base import Work

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
