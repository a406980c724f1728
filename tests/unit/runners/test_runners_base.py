"""What runners are asked and answer: frozen values, sane limits, one Protocol that all of them keep."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from dag_factory.runners import RUNNERS
from dag_factory.runners.base import Ended, Limits, Outcome, Request, Runner


def test_limits_by_default():
    limits = Limits()
    assert (limits.log_bytes, limits.emit_bytes, limits.line_bytes) == (10_000_000, 1_000_000, 8_192)
    assert limits.line_bytes < limits.emit_bytes < limits.log_bytes


def test_a_request_that_names_no_limits_has_the_default_ones(bench):
    assert bench.request({"command": "true"}).limits == Limits()


def test_values_are_frozen(bench):
    for value in (Limits(), bench.request({"command": "true"}), Outcome("exited", 0, (), 0, False, "", 0.0)):
        with pytest.raises(FrozenInstanceError):
            setattr(value, fields(value)[0].name, None)


def test_an_outcome_gives_no_reason_unless_there_is_one():
    assert Outcome("exited", 0, (), 0, False, "", 0.0).reason == ""


def test_the_five_ends():
    assert get_args(Ended) == ("exited", "timed-out", "stopped", "not-started", "over-limit", "spent")


@pytest.mark.parametrize("name", RUNNERS)
def test_every_runner_keeps_the_protocol(name):
    runner = RUNNERS[name]
    assert runner.name == name, "the key an author writes"
    assert (type(runner.reexecutes), type(runner.waits)) == (bool, bool)
    for method in ("principals", "run"):
        asked = list(inspect.signature(getattr(runner, method)).parameters)
        assert asked == list(inspect.signature(getattr(Runner, method)).parameters)[1:]


def test_only_a_check_is_reexecuted_by_nature_and_only_who_is_outside_is_waited_for():
    assert [name for name, runner in RUNNERS.items() if runner.reexecutes] == ["check"]
    assert [name for name, runner in RUNNERS.items() if runner.waits] == ["external"]


def test_a_request_is_no_place_for_secrets_of_airflow(bench):
    assert {field.name for field in fields(Request)} == {
        "work", "workspace", "evidence", "inputs", "task_file", "spec_dir", "home", "environment", "timeout", "log", "emit", "limits",
        "bounds", "secrets", "hidden",
        "conversation", "memory", "allowance", "laid", "spoken", "connections",
    }  # fmt: skip
