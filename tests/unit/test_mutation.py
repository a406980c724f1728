"""`make mutation` in small: what is changed, that the changed code is what runs, and how survivors are told and explained."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))

from mutation.__main__ import EXPLAINED, FILES, report
from mutation.patching import patch
from mutation.places import Mutant, changed, mutants
from mutation.trying import Reached

ROOT = Path(__file__).parents[2]
SOURCE = '''\
"""A module."""
from functools import cached_property
LIMIT = 5
__all__ = ["A"]

class A:
    """A class."""
    field: int = 3

    @cached_property
    def twice(self) -> int:
        return self.field * 2

    @staticmethod
    def said(word: str = "yes") -> str:
        """Say it."""
        return f"it is {word + 'x'}"

def small(number, names=()):
    if number < LIMIT and names:
        return True
    found = [name for name in names if name]
    yield from found
    raise ValueError("too large a number")

TABLE = (small, A.said)
'''

SAID = ast.unparse(ast.parse("""return f"it is {word + 'x'}\""""))  # whose quotes differ from Python to Python


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sample.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.fixture
def module(file, monkeypatch):
    made = types.ModuleType("sample")
    exec(compile(SOURCE, str(file), "exec"), vars(made))
    other = types.ModuleType("of_sample")
    other.LIMIT, other.A, other.small, other.TABLE = made.LIMIT, made.A, made.small, made.TABLE
    monkeypatch.setitem(sys.modules, "sample", made)
    monkeypatch.setitem(sys.modules, "of_sample", other)
    return other


def test_one_thing_is_changed_at_a_time(file):
    assert [mutant.name for mutant in mutants(file)] == [
        "sample: 5 → 6",
        "A.twice: return self.field * 2 → return None",
        "A.twice: self.field * 2 → self.field + 2",
        "A.twice: 2 → 3",
        "A.said: 'yes' → 'yes?'",
        f"A.said: {SAID} → return None",
        "small: if number < LIMIT and names: return True → if not (number < LIMIT and names): return True",
        "small: number < LIMIT and names → number < LIMIT or names",
        "small: number < LIMIT and names → names",
        "small: number < LIMIT and names → number < LIMIT",
        "small: number < LIMIT → number <= LIMIT",
        "small: number < LIMIT → number >= LIMIT",
        "small: return True → return None",
        "small: True → False",
        "small: for name in names if name → for name in names",
        "small: yield from found → yield from ()",
        "small: raise ValueError('too large a number') → pass",
        "sample: (small, A.said) → (A.said,)",
        "sample: (small, A.said) → (small,)",
    ]
    before = ast.dump(ast.parse(SOURCE))
    assert len({ast.dump(changed(mutant)) for mutant in mutants(file)} - {before}) == len(mutants(file))


def test_what_a_parameter_is_without_an_argument_is_reached_by_every_call(tmp_path):
    path = tmp_path / "sample.py"
    path.write_text(
        "@decorated\ndef small(\n    number: int,\n    *,\n    least: int = 5,\n):\n    return number < least\n", encoding="utf-8"
    )
    assert {mutant.name: (mutant.line, mutant.last) for mutant in mutants(path)}["small: 5 → 6"] == (1, 1)


def told(mutant, module):
    patch("sample", str(mutant.file), changed(mutant))
    one = module.A()
    return module.LIMIT, one.twice, one.said(), len(module.TABLE), module.TABLE[-1] in (module.small, module.A.said)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sample: 5 → 6", (6, 6, "it is yesx", 2, True)),
        ("A.twice: 2 → 3", (5, 9, "it is yesx", 2, True)),
        ("A.said: 'yes' → 'yes?'", (5, 6, "it is yes?x", 2, True)),
        ("sample: (small, A.said) → (small,)", (5, 6, "it is yesx", 1, True)),
    ],
)
def test_whoever_imported_the_module_runs_the_change(file, module, name, says):
    (mutant,) = (mutant for mutant in mutants(file) if mutant.name == name)
    assert told(mutant, module) == says


def test_the_tests_that_reach_a_place_are_tried_its_own_first(file):
    of = Mutant(file, 0, 20, 21, "small", "a", "b")
    many = [f"tests/test_{number:03d}.py::test_a" for number in range(200)]
    reached = Reached({str(file): {20: ["tests/test_x.py::test_b", "tests/test_sample.py::test_c"], 21: many, 30: ["tests/test_y.py::d"]}})
    reached.seconds = dict.fromkeys([*many, "tests/test_x.py::test_b", "tests/test_y.py::d"], 1.0) | {"tests/test_sample.py::test_c": 9.0}
    found = reached.of(of)
    assert (found[0], len(found), "tests/test_y.py::d" in found) == ("tests/test_sample.py::test_c", 202, False)
    assert reached.of(of, 5) == found[:5]
    constant = Mutant(file, 1, 3, 3, "", "5", "6")
    assert reached.of(constant)
    assert Reached().of(of) == []
    assert Reached({}, {"tests/test_x.py::test_b": 1.0}).of(constant) == ["tests/test_x.py::test_b"]
    again = Reached()
    again.add(reached.written())
    assert (again.tests, again.seconds) == (reached.tests, reached.seconds)


def test_survivors_are_told_and_explained(file, capsys):
    found = mutants(file)[:10]
    words = dict.fromkeys(found, "killed")
    assert report(found, words, {}, whole=True) == 0
    words[found[1]] = "survived"
    assert report(found, words, {}, whole=True) == 1
    assert "not explained: " in (said := capsys.readouterr().out)
    assert f"{file}:12: A.twice" in said
    assert report(found, words, {found[1].name: "nobody sees it"}, whole=True) == 0
    assert "90.0 % killed" in capsys.readouterr().out
    assert report(found, words, {found[1].name: "nobody sees it", found[2].name: "nor this"}, whole=True) == 1
    assert f"does not survive or is not there any more: {found[2].name}" in capsys.readouterr().out
    assert report(found, words, {found[1].name: "x", "A.twice: was → is": "gone"}, whole=True) == 1
    words[found[3]] = "unreached"
    assert report(found, words, {found[1].name: "x", found[3].name: "y"}, whole=True) == 1  # 80 of 100


def test_every_explanation_is_of_a_change_that_can_be_made():
    entries = yaml.safe_load(EXPLAINED.read_text(encoding="utf-8"))
    names = {mutant.name for file in FILES for mutant in mutants(file)}
    assert [entry["change"] for entry in entries if entry["change"] not in names] == []
    assert all(len(entry["why"].split()) > 3 for entry in entries)
    assert len({entry["change"] for entry in entries}) == len(entries)


def test_a_handful_of_mutants_of_a_real_rule(tmp_path):
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "plugins")))
    tests = (
        "tests/unit/evidence/policies/test_policy_people.py",
        "tests/unit/operators/test_wording.py",
    )  # which has a conftest of its own
    words = ("people", "--every", "12", "--workers", "1", "--tests", *tests)
    environment = {**os.environ, "PYTHONPATH": path, "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "mutation", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    told = done.stdout.splitlines()
    assert told[0].endswith("mutants of 1 modules"), done
    row = next(line.split() for line in told if line.startswith(("all ", "policies/people.py")))
    assert int(row[1]) == int(told[0].split()[0]) >= 3
    assert int(row[2]) >= 2, done.stdout
