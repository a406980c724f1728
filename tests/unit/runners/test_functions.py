from __future__ import annotations

from pathlib import Path

import pytest

from dag_factory.runners.functions import function_principals

MODULES = {
    "a.py": """
import functools
from b import copy as foreign
from .pack import inner as relative

def original(task):
    # a comment
    return original(task) if task else 1

@functools.cache
def decorated(task):
    return original(task) if task else 1

alias = original
wrapped = functools.partial(original, 1)
""",
    "b.py": "def copy(task):\n    return copy(task)   if task else 1\n\ndef other(task):\n    return 2\n",
    "pack/__init__.py": "from .deep import inner\n",
    "pack/deep.py": "def inner(task):\n    return inner(task) if task else 1\n",
    "loop.py": "from loop import main\n",
    "bad.py": "def main(:\n",
}


@pytest.fixture
def digest(tmp_path):
    for name, text in MODULES.items():
        path = tmp_path / "spec" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def digest(value: str) -> str:
        (found,) = function_principals(value, spec_dir=tmp_path / "spec", workspace=tmp_path / "workspace")
        assert found.startswith("function:sha256:")
        return found

    return digest


@pytest.mark.parametrize("value", ["b:copy", "a:alias", "a:foreign", "pack:inner", "pack.deep:inner"])
def test_one_function_under_another_name_is_one_principal(digest, value):
    assert digest(value) == digest("a:original")


@pytest.mark.parametrize("value", ["b:other", "a:decorated", "a:wrapped", "a:absent", "absent:main", "bad:main", "loop:main"])
def test_other_functions_are_other_principals(digest, value):
    assert digest(value) != digest("a:original")
    assert digest(value) == digest(value)


def test_the_spec_goes_before_the_workspace_and_both_before_what_is_installed(digest, tmp_path):
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "b.py").write_text("def other(task):\n    return 3\n")
    (tmp_path / "workspace" / "textwrap.py").write_text("def dedent(task):\n    return 2\n")
    assert digest("textwrap:dedent") == digest("b:other")


def test_nothing_is_imported(digest, tmp_path):
    (tmp_path / "spec" / "trap.py").write_text("raise SystemExit\ndef main(task): pass\n")
    assert digest("trap:main")
    assert not list(Path(tmp_path).rglob("__pycache__"))
