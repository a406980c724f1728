"""Policy 10, of files that hold settings of tests beside others: what cannot be read is taken at its words, and nothing takes for ever."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from dag_factory.evidence.policies.settings import compiled, holds, own, scans, shared
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


SHARED = [
    "setup.cfg", "tox.ini", "setup.py", "a.egg-info/entry_points.txt", "a.dist-info/entry_points.txt", "vite.config.ts", "vite.config.mjs",
    "bunfig.toml", ".npmrc", ".mvn/maven.config", ".mvn/jvm.config", ".cargo/config", ".cargo/config.toml", "package.json", "pyproject.toml",
]  # fmt: skip


@pytest.mark.parametrize("name", SHARED)
def test_what_holds_settings_beside_others_is_told_by_its_whole_name(name):
    assert shared(name)
    assert shared(f"src/deep/{name}")
    assert not any(kind(name) for kind in (compiled, own, scans))
    assert name == ".cargo/config.toml" or not shared(name[:-1])
    assert not shared(f"{name}x")
    assert not shared(f"{name}/x")
    assert not shared(f"x{name}") or "-info/" in name


@pytest.mark.parametrize(
    ("name", "section", "nearly"),
    [
        ("setup.cfg", "[tool:pytest]", "[tool:pytest"), ("setup.cfg", "[coverage:run]", "[coverage:run"), ("setup.cfg", "pytest11 =", "pytest11"),
        ("tox.ini", "[pytest]", "[pytest"), ("tox.ini", "[coverage:run]", "[coverage:run"), ("setup.py", "pytest11", "pytest1"),
        ("a.egg-info/entry_points.txt", "[pytest11]", "[pytest11"), ("a.dist-info/entry_points.txt", "[[hypothesis]]", "hypothesis]]"),
        ("vite.config.ts", "test: {}", "tests: {}"), ("bunfig.toml", "[test]", "[test"), ("bunfig.toml", "test.root = 1", "test"),
        (".npmrc", "node-options=x", "node-options"), (".mvn/maven.config", "-DskipTests", "-DskipTest"), (".mvn/jvm.config", "-javaagent", "-javaagen"),
        (".cargo/config", "runner = 'x'", "runner"),
    ],
)  # fmt: skip
def test_a_section_is_told_by_the_whole_of_how_it_begins(name, section, nearly):
    assert holds(name, f"# other\n{section}\n".encode())
    assert not holds(name, f"# other\n{nearly}\n".encode())
    assert not holds(name, f"# other\n{section}\n".encode(), scanned=True)


@pytest.mark.parametrize("tool", ["jest", "mocha", "nyc", "c8", "ava", "tap", "vitest"])
def test_a_package_has_a_table_of_each_tool(tool):
    assert holds("package.json", f'{{"name": "orders", "{tool}": {{}}}}'.encode())
    assert not holds("package.json", f'{{"name": "{tool}"}}'.encode())


@pytest.mark.parametrize("tool", ["pytest", "coverage"])
def test_a_project_has_a_table_of_each_tool(tool):
    assert holds("pyproject.toml", f"[tool.{tool}.options]\n".encode())
    assert not holds("pyproject.toml", f"[tool.other]\nname = '{tool}'\n".encode())


def test_what_is_read_and_what_is_taken_at_its_words():
    assert not holds("pyproject.toml", b"# pytest\n".ljust(200_000, b"#"))
    assert holds("pyproject.toml", b"# pytest\n".ljust(200_001, b"#"))
    for dots, words in ((999, False), (1_000, True)):
        assert holds("pyproject.toml", f'a = "{"." * dots}" # pytest\n'.encode()) == words
    assert not holds("package.json", f'{{"about": "mocha{"." * 2_000}"}}'.encode()), "JSON has no keys in parts"
    assert not holds("pyproject.toml", f'a = "{"." * 600}"\nb = "{"." * 600}" # pytest\n'.encode()), "the bound is one of lines"
    assert not holds("README.md", b"\\u0070ytest"), "it is no table of settings"
