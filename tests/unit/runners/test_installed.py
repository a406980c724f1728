"""Runners that other distributions bring: looked up only where nobody of ours has the name, and taken only if they are what they say."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.bringing import bringing

from dag_factory.errors import RunnerError
from dag_factory.runners import RUNNERS, runner_of


class Robot:
    name = "robot"
    reexecutes = False
    waits = False

    def reports(self, value):
        return frozenset({"time"})

    def principals(self, request):
        return ("robot:7",)

    def run(self, request, stop):
        raise NotImplementedError


class Impostor(Robot):
    reexecutes = True


not_one = SimpleNamespace(name="robot", reexecutes=False, waits=False)
BROUGHT = {"robot": "Robot", "impostor": "Impostor", "poor": "not_one", "gone": "Nobody"}


@pytest.fixture
def brought(monkeypatch):
    return bringing(monkeypatch, "phasegate.runners", __name__, BROUGHT)


def test_one_of_our_own_needs_no_look(brought):
    asked = brought(("robot", "robot"))
    assert runner_of("check") is RUNNERS["check"]
    assert asked == []


def test_what_is_installed_is_found(brought):
    brought(("robot", "robot"))
    assert runner_of("robot").principals(None) == ("robot:7",)


@pytest.mark.parametrize(
    ("points", "name", "says"),
    [
        ([], "robot", "There is no runner 'robot' here. Use one of "),
        ([("robot", "robot")], "other", "operator, python, robot, or install the distribution that brings it."),
        ([("robot", "robot"), ("check", "robot")], "robot", "brings a runner 'check', which is the name of one of Phasegate's own."),
        ([("robot", "robot"), ("robot", "impostor")], "robot", "both bring a runner 'robot'. Remove one of them."),
        ([("impostor", "impostor")], "impostor", "calls itself otherwise, or says that Phasegate re-executes its work."),
        ([("robot", "poor")], "robot", "lacks reports, principals, run."),
        ([("robot", "gone")], "robot", "cannot be loaded: AttributeError"),
    ],
)
def test_what_is_no_runner_is_refused(brought, points, name, says):
    brought(*points)
    with pytest.raises(RunnerError) as told:
        runner_of(name)
    assert says in str(told.value)
