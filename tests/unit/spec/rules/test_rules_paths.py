"""Who may write where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.globs import matches
from dag_factory.spec.rules.paths import _leaves, _may_meet

VALIDATION = "phases:\n  validation:\n    tasks:\n      test-engineer:\n        "
BUILDER = """\
catalogue:
  builder:
    title: Builder
    instructions: Build.
    contracts:
      {duty}: {{does: Build., writes: [{writes}], evidence: {{built: {{path: BUILT.md, kind: file}}}}}}
phases:
  extra: {{after: {after}, gate: {{}}, tasks: {{¦t: {{persona: builder}}}}}}
"""


def builder(duty: str, writes: str, after: str = "implementation") -> str:
    return BUILDER.format(duty=duty, writes=writes, after=after)


def test_writes_that_are_no_group(author: Any) -> None:
    assert " Did you mean 'docs'?" in author.only("path-unknown", more=VALIDATION + "¦writes: [doc]\n").reason
    told = author.only("path-unknown", more=VALIDATION + "¦writes: [reports]\n")
    assert "architecture, ux, stories, product" in told.remedy


def test_writes_where_there_are_no_groups(bare: Any) -> None:
    paths = next(line for line in bare.text.splitlines() if line.startswith("paths:"))
    told = bare.told((paths, "paths: {}"))
    assert "Add it: `paths: {architecture: [GLOB]}`, or write a glob." in [found.remedy for found in told]


BAD = [
    "/etc/**",
    "../x/**",
    "docs/../src/**",
    "docs\\x",
    ".git/hooks",
    ".GIT/config",
    "!src/**",
    "a//b",
    "./src/**",
    "src/x ",
    " src/x",
    "a/\tb",
    "",
    ".",
    "..",
]


@pytest.mark.parametrize("glob", BAD)
def test_a_glob_that_leaves_the_workspace(glob: str) -> None:
    assert _leaves(glob)


@pytest.mark.parametrize(
    "glob", ["docs/**", "ARCHITECTURE.md", "*.md", "docs/", ".github/**", "a b/c.md", "tests/{feature}/**", "x/.git/y"]
)
def test_a_glob_that_stays(glob: str) -> None:
    assert not _leaves(glob)


@pytest.mark.parametrize("glob", ["/etc/**", "../x/**", "docs/../src/x", ".git/hooks", "./handbook/**"])
def test_a_glob_that_leaves_is_told(author: Any, glob: str) -> None:
    told = author.only("path-unknown", more=f'paths:\n  ¦docs: ["{glob}"]\n')
    assert "below the workspace" in told.reason
    assert author.only("path-unknown", more=VALIDATION + f'¦writes: ["{glob}"]\n').where.line == 14


@pytest.mark.parametrize(
    ("duty", "writes", "group"),
    [
        ("implementation", "tests", "tests"),
        ("implementation", '"tests/unit/**"', "tests"),
        ("implementation", '"**/*.py"', "tests"),
        ("testing", "product", "product"),
        ("testing", '"src/orders/conftest.py"', "product"),
        ("testing", '"[s]rc/**"', "product"),
        ("drawing", "product", "product"),
        ("drawing", "tests", "tests"),
    ],
)
def test_tests_belong_to_the_sdet_and_the_product_to_the_engineers(author: Any, duty: str, writes: str, group: str) -> None:
    found = author.told(more=builder(duty, writes).replace("¦", ""))
    assert ("path-crossed", 17, 52) in [(told.rule, told.where.line, told.where.column) for told in found]
    told = next(told for told in found if told.rule == "path-crossed" and group in told.reason)
    assert told.remedy.endswith("out of its `writes`.")


def test_a_validator_may_write_neither(author: Any) -> None:
    assert author.only("path-crossed", more=VALIDATION + "¦writes: [tests]\n").remedy == "Keep tests out of its `writes`."
    assert "before the last validation" in author.only("product-after-validation", more=VALIDATION + "¦writes: [product]\n").remedy


def test_product_and_tests_in_one_place(author: Any) -> None:
    found = author.told(more='paths:\n  product: ["src/**"]\n  tests: ["src/tests/**"]\n')
    places = {(told.where.line, told.where.column) for told in found if told.rule == "path-crossed" and "overlap" in told.reason}
    assert places == {(10, 1)}


def test_a_product_without_paths(author: Any) -> None:
    author.only("pattern-loosened", more="paths:\n  ¦product: []\n")


@pytest.mark.parametrize("duty", ["validation", "documentation", "integration", "architecture-update", "deployment"])
def test_the_product_is_not_written_once_it_is_judged(author: Any, duty: str) -> None:
    author.only("product-after-validation", more=builder(duty, "product"))


def test_what_ships_is_what_was_validated_even_under_the_name_of_implementation(author: Any) -> None:
    told = author.only("product-after-validation", more=builder("implementation", "product", after="validation"))
    assert "could change the product" in told.reason
    assert author.sound(more=builder("implementation", "product").replace("¦", ""))


def test_documents_that_lie_in_the_product(author: Any) -> None:
    found = author.told(more='paths: {docs: ["src/docs/**"]}\n')
    assert {told.rule for told in found} == {"product-after-validation"}


GLOBS = st.lists(st.sampled_from(["src", "a", "b", "*", "**", "a*", "?b", "{feature}"]), min_size=1, max_size=4).map("/".join)
PATHS = st.lists(st.sampled_from(["src", "a", "b", "ab", "x.py"]), min_size=1, max_size=4).map("/".join)


@given(GLOBS, GLOBS, PATHS)
def test_globs_that_match_one_path_may_meet(one: str, other: str, path: str) -> None:
    """Lint never misses two globs that a seal could take for the same file."""
    filled = [glob.replace("{feature}", "a") for glob in (one, other)]
    if matches(path, filled[:1]) and matches(path, filled[1:]):
        assert _may_meet(one, other)
        assert _may_meet(other, one)
