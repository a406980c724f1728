"""What the kernel does not take is told by its name and its size, and never by what it says."""

from __future__ import annotations

import errno
import os

import pytest

from dag_factory.runners.refused import why_refused

ONE = 32 * os.sysconf("SC_PAGE_SIZE")


def given(**variables):
    return {"PATH": os.environ["PATH"], **variables}


def test_a_variable_too_large_for_the_kernel_is_named_and_not_shown(bench):
    outcome = bench.run("true", environment=given(SMALL="x" * 10, LARGE="hush" * (ONE // 4)))
    assert (outcome.ended, outcome.exit_code) == ("not-started", None)
    assert "'true' cannot be started: its command line takes 5 bytes and its environment " in outcome.reason
    assert f"this machine allows {ONE:,} for one text and about {os.sysconf('SC_ARG_MAX'):,} for all" in outcome.reason
    assert f"The largest is the variable 'LARGE' with {ONE + 7:,}: put that into a file, and name the file instead." in outcome.reason
    assert "hush" not in outcome.reason


def test_many_variables_that_are_too_large_together_are_told_too(bench):
    outcome = bench.run("true", environment=given(**{f"V{number}": "x" * (ONE - 100) for number in range(60)}))
    assert outcome.ended == "not-started"
    assert "The largest is the variable 'V10' with " in outcome.reason


def test_an_argument_too_large_for_the_kernel_is_told_by_its_place(bench):
    outcome = bench.run("true", "short", "hush" * (ONE // 4))
    assert outcome.ended == "not-started"
    assert f"The largest is argument 2 with {ONE + 1:,}" in outcome.reason
    assert "hush" not in outcome.reason


@pytest.mark.parametrize("value", ["a\0b", "half of \ud83d"])
def test_what_is_no_text_for_a_program_is_named_and_not_shown(bench, value):
    says = "is no text that a program can be given: take null bytes and half characters out of it."
    assert bench.run("true", environment=given(PLAIN="x", ODD=value)).reason == f"'true' cannot be started: the variable 'ODD' {says}"
    assert bench.run("true", "x", value).reason == f"'true' cannot be started: argument 2 {says}"


def test_any_other_refusal_is_told_in_the_kernels_words():
    assert why_refused(OSError(errno.EAGAIN, "Try again"), ["true"], {}) == "'true' cannot be started: Try again."
    assert why_refused(ValueError("odd name"), ["true"], {}) == "'true' cannot be started: odd name."
