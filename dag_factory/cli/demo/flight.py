"""One run of the sample on an Airflow of its own: started, watched, and ended whatever has happened before."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from dag_factory.cli.demo.api import Api, ApiError
from dag_factory.cli.demo.faults import Strike
from dag_factory.cli.demo.home import RUN, WORKFLOW, DemoHome
from dag_factory.cli.demo.processes import Airflow
from dag_factory.cli.demo.progress import Board, Progress
from dag_factory.cli.demo.report import shortened
from dag_factory.cli.demo.settings import HOST
from dag_factory.cli.harmless import visible
from dag_factory.cli.wording import counted
from dag_factory.errors import PhasegateError
from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import Store
from dag_factory.plan import Plan

__all__ = ["Ended", "Mission", "Pace", "endings", "launch", "running", "until", "watch"]

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FINAL = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
_GATE = re.compile(r"(?P<phase>[^.]+)\.(?:fix_(?P<cycle>\d+)\.)?gate")
_MOST = 3  # findings that are told at once; the table at the end has all
_NEEDED = ("api-server", "metadatabase", "scheduler", "dag-processor")


@dataclass(frozen=True)
class Pace:
    """Seconds: between two looks, and how long Airflow's start, the DAG's appearing and the run may take."""

    look: float = 0.4
    start: float = 240
    appear: float = 60
    run: float = 1800


@dataclass
class Mission:
    """One demo while it lasts."""

    home: DemoHome
    progress: Progress
    port: int
    pace: Pace = field(default_factory=Pace)

    @property
    def url(self) -> str:
        """Where Airflow's UI is."""
        return f"http://{HOST}:{self.port}"


class Ended(BaseException):
    """Someone wants the demo to end: `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def launch(mission: Mission, components: Airflow, api: Api) -> None:
    """Start the components, and the run as soon as the scheduler and the DAG are there; the triggerer may come later."""
    progress = mission.progress
    with progress.waiting("Starting Airflow: api-server, scheduler, dag-processor, triggerer (SQLite, LocalExecutor)"):
        components.start()
        well: dict[str, bool] = {}

        def up() -> bool:
            nonlocal well
            if not well:
                well = api.health()
                if well:
                    api.warm()
            well = api.health() if well else well
            return all(well.get(name) for name in _NEEDED)

        until(mission, components, up, mission.pace.start, "Airflow was not up")
    progress.say(f"Airflow is up: {mission.url}")
    with progress.waiting(f"Waiting for the DAG {WORKFLOW}"):
        until(mission, components, lambda: _appears(api), mission.pace.appear, f"The DAG {WORKFLOW} did not appear")
    api.trigger(WORKFLOW, RUN)
    progress.say(f"Run {RUN} of {WORKFLOW} is triggered")


def _appears(api: Api) -> bool:
    if api.knows(WORKFLOW):
        return True
    wrong = api.import_errors()
    if wrong:
        raise PhasegateError("Airflow could not load the DAG: " + "; ".join(wrong))
    return False


def watch(mission: Mission, components: Airflow, api: Api, plan: Plan, strike: Strike | None = None) -> None:
    """Show the run until it has ended; on the way, strike once where that was asked for."""
    due = [strike] if strike else []
    told: set[str] = set()
    with Board(mission.progress, plan.contract) as board:

        def over() -> bool:
            found = api.tasks(WORKFLOW, RUN)
            board.show(found)
            for task in found:
                if (gate := _GATE.fullmatch(task.task_id)) and task.state == "failed" and task.task_id not in told:
                    told.add(task.task_id)
                    _explain(mission, gate["phase"], int(gate["cycle"] or 0))
            if due and any((task.task_id, task.state) == (due[0].after, "success") for task in found):
                mission.progress.say(due.pop().strike(mission.home), "yellow")
            # A run ends after its tasks: only then is it asked for, since every question costs the server what the run could use.
            return all(task.state in _FINAL for task in found) and api.run_state(WORKFLOW, RUN) in _FINAL

        until(mission, components, over, mission.pace.run, f"The run {RUN} did not end")
    mission.progress.say(f"The run has ended: {api.run_state(WORKFLOW, RUN)}")


def _explain(mission: Mission, phase: str, cycle: int) -> None:
    """Say what a gate that failed has found, as its signed verdict tells it."""
    record = None
    with suppress(PhasegateError):  # what cannot be read is told at the end
        record = read_record(Store(mission.home.evidence).run(WORKFLOW, RUN), upto=phase)
    stored = record.verdict_in(phase, cycle) if record else None
    found = stored.says.phasegate.findings if stored else ()
    for finding in found[:_MOST]:
        mission.progress.say(f"  ✘ {finding.rule} {visible(finding.subject)}: {visible(shortened(finding.text))}", "red")
    if len(found) > _MOST:
        mission.progress.say(f"  … and {counted(len(found) - _MOST, 'finding')} more", "red")


def until(mission: Mission, components: Airflow, holds: Callable[[], bool], patience: float, otherwise: str) -> None:
    """Look until something holds; an API server that is busy for a moment is asked again."""
    deadline = time.monotonic() + patience
    silent = 0
    while True:
        components.look()
        try:
            if holds():
                return
            silent = 0
        except ApiError:
            silent += 1
            if silent >= 20:
                raise
        if time.monotonic() > deadline:
            raise PhasegateError(f"{otherwise} within {patience:.0f} s.", remedy=f"The logs are in {mission.home.logs}.")
        time.sleep(mission.pace.look)


@contextmanager
def running(components: Airflow, progress: Progress) -> Iterator[None]:
    """Whatever happens in here, the components end; a second Ctrl-C does not hurry that."""
    try:
        yield
    finally:
        before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDINGS}
        began = time.monotonic()
        components.stop()
        progress.say(f"Airflow has ended, after {time.monotonic() - began:.1f} s")
        for number, disposition in before.items():
            signal.signal(number, disposition)


@contextmanager
def endings() -> Iterator[None]:
    """Make the signals that mean `end` an exception; one that is ignored (nohup) stays ignored."""

    def end(number: int, _: Any) -> None:
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in _ENDINGS if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)
