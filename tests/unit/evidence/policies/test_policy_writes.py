"""Who may write where, as far as a gate has to know it: never less than what a task may seal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.writes import may_write
from dag_factory.globs import matches


def allowed(path: str, *globs: str) -> bool:
    """Whether somebody may write a path who may write by these globs."""
    task = TaskContract(id="a/b", phase="a", task="b", persona="engineer", duty="work", runner="command", items=(), writes=globs)
    return may_write(task, path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("src", "src"),
        ("src", "src/orders/code.py"),
        ("/src/", "src/code.py"),
        ("src/**", "src/orders/code.py"),
        ("**", "README.md"),
        ("**/conftest.py", "conftest.py"),
        ("**/conftest.py", "src/orders/conftest.py"),
        ("docs/**/plan.md", "docs/plan.md"),
        ("*.md", "README.md"),
    ],
)
def test_what_a_glob_means_may_be_written(glob, path):
    assert allowed(path, glob)
    assert allowed(path, "elsewhere", glob)


@pytest.mark.parametrize(("glob", "path"), [("src?", "srcs/code.py"), ("s*", "src/code.py"), ("**/orders", "src/orders/code.py")])
def test_what_lies_in_a_folder_that_a_glob_means_may_be_written_too(glob, path):
    assert allowed(path, glob)


def test_a_star_stands_for_more_than_where_work_is_sealed():
    assert allowed("src/orders/deep/code.py", "src/*.py")


@pytest.mark.parametrize(
    ("glob", "path"), [("src", "srcs/code.py"), ("src", "lib/src"), ("src?", "src/code.py"), ("/", "README.md"), ("*.MD", "README.md")]
)
def test_nothing_else_may(glob, path):
    assert not allowed(path, glob)


def test_who_may_write_nowhere_may_write_nothing():
    assert not allowed("README.md")


_PATH = st.lists(st.sampled_from(["a", "ab", "a.py"]), min_size=1, max_size=3)
_GLOB = st.lists(st.sampled_from(["a", "*", "**", "a?", "*.py"]), min_size=1, max_size=3)


@given(_PATH, _GLOB, st.sampled_from(["", "/"]), st.sampled_from(["", "/"]))
def test_whatever_may_be_sealed_may_be_written(path, glob, before, after):
    told, meant = "/".join(path), f"{before}{'/'.join(glob)}{after}"
    assert allowed(told, meant) or not matches(told, (meant,))
