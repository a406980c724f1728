from __future__ import annotations

import textwrap

import pytest

from dag_factory.errors import RunnerError
from dag_factory.runners import RUNNERS, Outcome

WORK = """
    import os, sys, time

    def good(task):
        print(task["mission"], os.getcwd())
        open("made", "w").close()

    def code(task): return {code!r}
    def bad(task): raise ValueError("no such partner")
    def leave(task): sys.exit(256)
    def say(task): sys.exit("it is over")
    async def later(task): pass
    def hang(task): time.sleep(3600)
    number = 3
"""


def call(bench, name: str, code: object = None, **options) -> Outcome:
    (bench.spec / "work.py").write_text(textwrap.dedent(WORK.replace("{code!r}", repr(code))))
    return RUNNERS["python"].run(bench.request({"python": f"work:{name}"}, **options), bench.stop)


def test_a_function_is_called_with_the_task_in_the_workspace(bench):
    outcome = call(bench, "good")
    assert (outcome.ended, outcome.exit_code, outcome.reason) == ("exited", 0, "")
    assert outcome.excerpt == f"test {bench.workspace}"
    assert (bench.workspace / "made").exists()
    assert outcome.principals[0].startswith("function:sha256:")


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (True, 0), (0, 0), (7, 7), (False, 1), (256, 1), (-1, 1), ("PASSED", 1), ({}, 1)])
def test_what_is_returned_is_the_exit_code(bench, answer, code):
    assert call(bench, "code", answer).exit_code == code


def test_an_exception_is_a_traceback_and_one(bench):
    outcome = call(bench, "bad")
    assert outcome.exit_code == 1
    assert outcome.excerpt.startswith("Traceback")
    assert outcome.excerpt.endswith("ValueError: no such partner")
    assert "python_child" not in outcome.excerpt


def test_leaving_never_wraps_around_to_success(bench):
    assert call(bench, "leave").exit_code == 1
    outcome = call(bench, "say")
    assert (outcome.exit_code, outcome.excerpt) == (1, "it is over")


def test_a_coroutine_is_no_answer(bench):
    outcome = call(bench, "later")
    assert outcome.exit_code == 1
    assert "returned coroutine" in outcome.excerpt


def test_what_is_missing_is_named(bench):
    assert "no function 'nobody'" in call(bench, "nobody").reason
    assert "no function 'number'" in call(bench, "number").reason
    for value in ("absent:main", "absent.deep:main", "work.deep:main"):
        outcome = RUNNERS["python"].run(bench.request({"python": value}), bench.stop)
        assert outcome.exit_code == 127
        assert "there is no module" in outcome.reason
        assert "Traceback" not in outcome.excerpt


def test_a_module_that_misses_another_is_a_traceback(bench):
    (bench.spec / "broken.py").write_text("import absent_library\n")
    outcome = RUNNERS["python"].run(bench.request({"python": "broken:main"}), bench.stop)
    assert outcome.exit_code == 1
    assert "ModuleNotFoundError: No module named 'absent_library'" in outcome.excerpt


def test_modules_of_the_workspace_are_found_and_cannot_pass_for_ours(bench):
    (bench.workspace / "product.py").write_text("def main(task): return 9\n")
    (bench.workspace / "dag_factory.py").write_text("raise SystemExit(0)\n")
    assert RUNNERS["python"].run(bench.request({"python": "product:main"}), bench.stop).exit_code == 9


def test_a_function_that_hangs_is_timed_out(bench):
    assert call(bench, "hang", timeout=0.5).ended == "timed-out"


@pytest.mark.parametrize("value", ["work", "work:", ":main", "work:main()", "wo-rk:main", "a:b:c", 3, None])
def test_what_names_no_function_is_refused(bench, value):
    with pytest.raises(RunnerError, match="names no function"):
        RUNNERS["python"].run(bench.request({"python": value}), bench.stop)
