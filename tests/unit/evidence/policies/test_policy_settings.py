"""Policy 10, of files that hold settings of tests beside others: what cannot be read is taken at its words, and nothing takes for ever."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from dag_factory.evidence.policies.settings import compiled, holds
from dag_factory.evidence.policies.shadows import hidden

DEEP, LONG = "[" * 50_000 + "]" * 50_000, "9" * 5_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"description": "a\u2028b", "jest": {}}'),
        ("package.json", f'{{"size": {LONG}, "jest": {{}}}}'),
        ("package.json", f'{{"deep": {DEEP}, "jest": {{}}}}'),
        ("package.json", '\ufeff{"jest": {}}'),
        ("package.json", '{"jest": {}} // and a comment'),
        ("package.json", '{"jest"'),
        ("pyproject.toml", "[tool.pytest\n"),
        ("package.json", '{"\\u006aest": {}}' + " " * 200_000),
        ("pyproject.toml", 'about = "a\u0085b"\n[tool.pytest.ini_options]\naddopts = "-x"\n'),
        ("pyproject.toml", f"{'a.' * 3_000}a = 1\n[tool.pytest.ini_options]\n"),
        ("pyproject.toml", '[tool."\\U00000070ytest".ini_options]\n'.ljust(200_001, "#")),
    ],
    ids=["separator", "long", "deep", "mark", "comment", "cut", "cut-table", "escaped", "next-line", "dotted", "escaped-table"],
)
def test_what_other_programs_read_is_held_against_it_though_ours_does_not(name, text):
    assert holds(name, text.encode())


@pytest.mark.parametrize("name", ["setup.cfg", "tox.ini", "bunfig.toml", ".npmrc", "a.egg-info/entry_points.txt", "setup.py"])
@pytest.mark.parametrize("blank", ["\n", " ", "\n ", "\t\n"])
def test_blank_lines_without_end_hold_nothing(name, blank):
    assert not holds(name, (blank * 400_000 + "x").encode())


@pytest.mark.parametrize("text", ["\n\n  pytest11 =\n", "\n \n\t[[pytest11]]\n", "\n  [test]\n", "\n test.timeout = 1\n"])
def test_settings_may_stand_below_blank_lines(text):
    name = "setup.cfg" if "pytest11 " in text else "a.egg-info/entry_points.txt" if "pytest11" in text else "bunfig.toml"
    assert holds(name, text.encode())


def test_a_key_of_very_many_parts_is_taken_at_its_words():
    assert not holds("pyproject.toml", b"a." * 60_000 + b"a = 1\n")
    assert holds("pyproject.toml", b"a." * 60_000 + b"a = 1 # pytest\n")


def test_very_many_modules_are_looked_at_beside_very_many_files():
    product = frozenset(f"d{number}/{name}" for number in range(30_000) for name in ("ast.py", "p/__init__.py")[: 1 + number % 2])
    found = [path for path in sorted(product) if hidden(PurePosixPath(path), product, set())]
    assert len(found) == 15_000


@pytest.mark.parametrize("name", ["a.pyc", "src/a.pyo", "__pycache__/a.txt", "src/__pycache__/b/c.py"])
def test_bytecode_and_what_lies_among_it(name):
    assert compiled(name)


def test_what_is_read_and_what_is_taken_at_its_words():
    assert not holds("pyproject.toml", b"# pytest\n".ljust(200_000, b"#"))
    assert holds("pyproject.toml", b"# pytest\n".ljust(200_001, b"#"))
    for dots, words in ((999, False), (1_000, True)):
        assert holds("pyproject.toml", f'a = "{"." * dots}" # pytest\n'.encode()) == words
    assert not holds("package.json", f'{{"about": "mocha{"." * 2_000}"}}'.encode()), "JSON has no keys in parts"
    assert not holds("pyproject.toml", f'a = "{"." * 600}"\nb = "{"." * 600}" # pytest\n'.encode()), "the bound is one of lines"
    assert not holds("README.md", b"\\u0070ytest"), "it is no table of settings"
