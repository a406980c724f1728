"""The child process of `python:` personas, started as it is: as a script that imports nothing of ours."""

from __future__ import annotations

import importlib.util
import marshal
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from dag_factory.runners import python_child
from dag_factory.runners.python_child import NOT_LOADED


@pytest.fixture
def call(bench):
    """Calls a function of a module in the spec's folder."""

    def ran(value, source="", *, folder=None):
        ((folder or bench.spec) / "work.py").write_text(source, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-P", python_child.__file__, value], cwd=bench.workspace, capture_output=True, text=True, timeout=30, check=False,
            env={"PATH": os.environ["PATH"], "PHASEGATE_TASK": str(bench.task_file), "PHASEGATE_SPEC_DIR": str(bench.spec)},
        )  # fmt: skip

    return ran


def test_the_function_is_given_the_task(call):
    assert call("work:main", "def main(task): print(task['mission'])").stdout == "test\n"


def test_the_specs_folder_beats_the_workspace_which_is_looked_into_too(call, bench):
    assert call("work:main", "def main(task): print('workspace')", folder=bench.workspace).returncode == 0
    assert call("work:main", "def main(task): print('spec')").stdout == "spec\n"


def test_neither_can_pass_its_own_package_for_ours_nor_is_ours_imported(call):
    ended = call("work:main", "import sys\ndef main(task): print([n for n in sys.modules if n.startswith('dag_factory')])")
    assert (ended.returncode, ended.stdout) == (0, "[]\n")


@pytest.mark.parametrize("module", ["work", "other"])
@pytest.mark.parametrize("folder", ["spec", "workspace"])
def test_bytecode_beside_a_source_is_not_run(call, bench, module, folder):
    where = getattr(bench, folder)
    (where / "other.py").write_text("def main(task): print('the source')", encoding="utf-8")
    source = where / f"{module}.py"
    cached = Path(importlib.util.cache_from_source(str(source)))
    cached.parent.mkdir()
    code = compile("def main(task): print('another')", str(source), "exec")
    cached.write_bytes(importlib.util.MAGIC_NUMBER + struct.pack("<I", 1) + bytes(8) + marshal.dumps(code))  # PEP 552: unchecked
    says = "from other import main" if module == "other" else "def main(task): print('the source')"
    ended = call("work:main", says, folder=where)
    assert (ended.stdout, ended.stderr) == ("the source\n", "")


def test_a_package_of_the_specs_folder_and_its_data_are_found(call, bench):
    (bench.spec / "parts").mkdir()
    (bench.spec / "parts/__init__.py").write_text("", encoding="utf-8")
    (bench.spec / "parts/one.py").write_text("import inspect\ndef told(): return inspect.getsource(told)", encoding="utf-8")
    (bench.spec / "parts/data.txt").write_text("data", encoding="utf-8")
    source = "from importlib.resources import files\nfrom parts.one import told\n"
    ended = call("work:main", source + "def main(task): print(files('parts').joinpath('data.txt').read_text(), len(told()))")
    assert (ended.stdout, ended.stderr) == ("data 43\n", "")


@pytest.mark.parametrize("value", ["nowhere:main", "work.deeper:main", "work:nothing", "work:number", "work"])
def test_what_is_not_there_is_told_as_a_shell_tells_it(call, value):
    ended = call(value, "number = 3")
    assert ended.returncode == NOT_LOADED
    assert ended.stderr.startswith("phasegate: ")
    assert "Traceback" not in ended.stderr


def test_a_module_that_is_missing_deeper_down_is_the_functions_own_fault(call):
    ended = call("work:main", "import no_such_thing_at_all\ndef main(task): pass")
    assert ended.returncode == 1
    assert "No module named 'no_such_thing_at_all'" in ended.stderr


@pytest.mark.parametrize(
    ("answer", "code"),
    [("None", 0), ("True", 0), ("0", 0), ("False", 1), ("9", 9), ("256", 1), ("-1", 1), ("'PASSED'", 1), ("[]", 1), ("0.0", 1)],
)
def test_no_answer_is_taken_for_success_but_none_true_and_zero(call, answer, code):
    assert call("work:main", f"def main(task): return {answer}").returncode == code


@pytest.mark.parametrize(
    "leave", ["sys.exit(512)", "sys.exit('no')", "sys.exit(1.0)", "raise ValueError('no')", "raise MemoryError", "1/0"]
)
def test_no_way_out_wraps_around_to_success(call, leave):
    assert call("work:main", f"import sys\ndef main(task): {leave}").returncode == 1


def test_an_exception_is_told_without_frames_of_ours(call):
    said = call("work:main", "def main(task): raise ValueError('no such partner')").stderr
    assert said.endswith("ValueError: no such partner\n")
    assert "python_child" not in said
