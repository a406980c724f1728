"""Which file hides a module that tests are run with: asked directly, by where it lies and how it is called."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from dag_factory.evidence.policies.shadows import hidden, installed, preferred

PACKAGE = frozenset({"app/__init__.py", "app/deep/__init__.py", "holds/orders/__init__.py", "src/orders/__init__.py"})


def asked(path: str, *, product: frozenset[str] = PACKAGE, tests: tuple[str, ...] = ("checks",)) -> str | None:
    return hidden(PurePosixPath(path), product, tests)


@pytest.mark.parametrize("tool", ["pytest", "pluggy", "coverage", "hypothesis", "packaging", "checks"])
@pytest.mark.parametrize("place", ["{}.py", "src/{}.py", "{}/__init__.py", "{}/more.py", "src/{}/more.py"])
def test_a_tool_is_hidden_right_below_where_modules_are_looked_for(tool, place):
    assert asked(place.format(tool)) == tool


def test_a_tool_with_no_other_meaning_is_hidden_anywhere_outside_a_package():
    assert asked("a/b/c/pytest.py") == asked("a/b/pytest/d.py") == "pytest"
    assert asked("app/pytest.py") is asked("app/deep/pytest.py") is None


@pytest.mark.parametrize("word", ["coverage", "hypothesis", "packaging", "checks"])
def test_a_word_means_a_tool_only_near_the_top(word):
    assert asked(f"a/{word}.py") == word
    assert asked(f"a/b/{word}.py") is None
    assert asked(f"app/{word}.py") is None


def test_where_the_tests_lie_matters_by_its_own_name_alone():
    assert asked("checks.py") == "checks"
    assert asked("checks.py", tests=()) is None
    assert asked("src/orders.py") is None


@pytest.mark.parametrize("path", ["pytest.txt", "pytest", "pytest.", "pytest.so.txt", "pytest.pyx", "calendar", "calendar.toml"])
def test_what_python_does_not_import_hides_nothing(path):
    assert asked(path) is None


@pytest.mark.parametrize("name", ["calendar.py", "calendar/__init__.py", "calendar.abi3.so", "calendar.pyd"])
def test_a_module_of_pythons_own_is_hidden_where_modules_are_looked_for(name):
    assert asked(name) == asked(f"src/{name}") == asked(f"a/src/{name}") == asked(f"holds/{name}") == "calendar"
    assert (
        asked(f"app/{name}")
        is asked(f"holds/orders/{name}")
        is asked(f"elsewhere/{name}")
        is asked(f"a/holds/{name}")
        is asked(f"holds/plain/{name}")
        is None
    )


def test_a_module_within_a_folder_is_called_like_itself_and_not_like_its_folder():
    assert asked("calendar/months.py") is None
    assert asked("calendar/json.py") is None  # nothing tells that modules are looked for there
    assert asked("orders.py") is None


def test_a_package_at_the_very_top_has_no_name():
    assert asked("__init__.py") is None
    assert asked("__init__.py", product=frozenset({"__init__.py"})) is None


def test_a_folder_that_is_a_package_itself_or_holds_one_deeper_is_not_looked_in():
    both = frozenset({"app/__init__.py", "app/orders/__init__.py"})
    assert asked("app/calendar.py", product=both) is None
    assert asked("lib/calendar.py", product=frozenset({"lib/a/b/__init__.py"})) is None
    assert asked("lib/calendar.py", product=frozenset({"lib/a/b.py"})) is None
    assert asked("lib/calendar.py", product=frozenset({"lib/__init__.py"})) is None
    assert asked("lib/calendar.py", product=frozenset({"lib/a/__init__.py"})) == "calendar"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/main/java/org/junit/jupiter/api/Assertions.java", "org/junit"),
        ("src/main/kotlin/org/assertj/core/api/Assertions.kt", "org/assertj"),
        ("src/main/resources/org/junit/Assert.class", "org/junit"),
        ("app/src/main/java/junit/framework/TestCase.java", "junit/framework"),
        ("io/kotest/provided/ProjectConfig.kt", "io/kotest"),
        ("lib/minitest/autorun.rb", "minitest/autorun"),
        ("lib/minitest/orders_plugin.rb", "minitest/orders_plugin"),
        ("gems/a/lib/rspec/expectations/handler.rb", "rspec/expectations"),
        ("lib/simplecov.rb", "simplecov"),
        ("lib/Test/More.pm", "Test/More"),
        ("lib/Test2/API.pm", "Test2"),
    ],
)
def test_what_other_languages_tests_are_run_with_is_hidden_by_its_own_name(path, name):
    assert hidden(PurePosixPath(path), frozenset({path}), set()) == name


@pytest.mark.parametrize(
    "path",
    [
        "src/main/java/org/junitpioneer/Retry.java", "src/main/java/com/orders/org/junit.java", "src/main/java/org/orders/junit/Assert.java",
        "docs/org/junit/about.md", "lib/minitest/reporters.rb", "lib/orders/rspec.rb", "lib/rspec/orders.rb", "lib/Test/Orders.pm", "rspec.rb",
        "src/main/java/org/junit/Assert.",
    ],
)  # fmt: skip
def test_what_is_only_called_alike_hides_nothing_of_other_languages(path):
    assert hidden(PurePosixPath(path), frozenset({path}), set()) is None


@pytest.mark.parametrize(
    "path", ["node_modules/.bin/jest", "src/node_modules/chai/index.js", ".venv/bin/pytest", "venv/lib/python3.12/x.pth", "vendor/bin/phpunit"]
)  # fmt: skip
def test_where_tools_are_installed_nobody_writes(path):
    assert installed(path)


@pytest.mark.parametrize(
    "path",
    ["node_modules", "src/orders/node_modules.js", "venv/readme.md", "vendor/github.com/a/a.go", "vendor/modules.txt", "lib/venv.py"],
)
def test_other_places_are_for_whoever_writes_there(path):
    assert not installed(path)


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("GNUmakefile", "Makefile"), ("makefile", "Makefile"), ("api/rakefile", "api/Rakefile.rb"), ("build.gradle", "build.gradle.kts"),
        ("app/settings.gradle", "app/settings.gradle.kts"), ("compose.yaml", "docker-compose.yml"), ("Taskfile.yml", "Taskfile.yaml"),
    ],
)  # fmt: skip
def test_of_two_names_that_a_program_looks_for_the_first_is_read(path, other):
    both = {path, other}
    assert preferred(PurePosixPath(path), both, {other}) == other
    assert preferred(PurePosixPath(path), both, both) is None, "both were there before"
    assert preferred(PurePosixPath(path), {path}, {other}) is None, "one stands for the other"
    assert preferred(PurePosixPath(path), both, set()) is None, "both are new"
    assert preferred(PurePosixPath(other), both, {path}) is None, "the second is not read"
    assert preferred(PurePosixPath(f"deep/{path}"), {*both, f"deep/{path}"}, {other}) is None, "it lies elsewhere"
