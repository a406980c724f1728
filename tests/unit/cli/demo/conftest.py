"""A stand-in for Airflow; and signals that mean what they mean in a terminal, also where the tests were started with some of them ignored."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterator

import pytest
from rich.console import Console

from dag_factory.cli.demo import cheat, mission
from dag_factory.cli.demo.api import TaskState
from dag_factory.cli.demo.flight import Pace
from dag_factory.cli.demo.home import DemoHome
from dag_factory.cli.demo.report import PhaseStory, TaskStory
from dag_factory.workspace.git import git


@pytest.fixture(autouse=True)
def signals_as_in_a_terminal() -> Iterator[None]:
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


BRIEF = Pace(look=0.001, start=0.5, appear=0.2, run=0.5)
WELL = {"api-server": True, "metadatabase": True, "scheduler": True, "dag-processor": True}


class World:
    """Airflow as the mission sees it: what it answers next, and what was done to it."""

    def __init__(self, home):
        self.home, self.pace = home, BRIEF
        self.done: list[str] = []
        self.health = [{}, {"api-server": True}, WELL]
        self.known = [False, True]
        self.wrong: list[str] = []
        self.tasks = [[TaskState("kickoff", "running")], [TaskState("kickoff", "success"), TaskState("complete", "success")]]
        self.state = "success"
        self.story = (PhaseStory("foundation", "Foundation", "PASSED", (TaskStory("architect", "architect", "command", ()),), ()),)
        self.on_look = lambda: None
        self.audited = True

    def airflow(self, environment, folder, logs):
        world = self

        class Components:
            def start(self):
                world.done.append("start")

            def look(self):
                world.on_look()

            def stop(self):
                world.done.append("stop")

        return Components()

    def api(self, url):
        world = self

        class Answers:
            def health(self):
                return world.next(world.health)

            def warm(self):
                world.done.append("warm")

            def knows(self, dag_id):
                return world.next(world.known)

            def import_errors(self):
                return world.wrong

            def trigger(self, dag_id, run_id):
                world.done.append(f"trigger {dag_id} {run_id}")
                git("branch", f"phasegate/{dag_id}/{run_id}", git_dir=None, cwd=world.home.product)

            def run_state(self, dag_id, run_id):
                return world.state

            def tasks(self, dag_id, run_id):
                found = world.next(world.tasks)
                if isinstance(found, Exception):
                    raise found
                return found

        return Answers()

    @staticmethod
    def next(answers):
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = World(DemoHome(tmp_path / "demo"))
    for module in (mission, cheat):
        monkeypatch.setattr(module, "Api", made.api)
    monkeypatch.setattr(mission, "summarise", lambda *_: made.story)
    monkeypatch.setattr(mission, "audit", lambda console, run: made.done.append(f"audit {run.name}") or made.audited)
    return made


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=140)
