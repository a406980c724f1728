"""The demo from beginning to end.

1. A home is made: the sample's copy, the product's repository, and, if asked, one fault in them.
2. The spec is held against the rules. What breaks one starts no run.
3. Airflow starts, on a port of this machine alone.
4. The workflow is triggered and watched to its end.
5. Airflow ends, whatever has happened before.
6. The evidence store, read offline, tells what the run was worth.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from dag_factory.cli.demo.api import Api, ApiError
from dag_factory.cli.demo.faults import FAULTS, find_fault
from dag_factory.cli.demo.home import WORKFLOW, DemoHome, fresh_home
from dag_factory.cli.demo.processes import Airflow
from dag_factory.cli.demo.progress import Board, Progress
from dag_factory.cli.demo.report import PhaseStory, show_findings, show_product, show_table, summarise
from dag_factory.cli.demo.settings import HOST, environment, free_port, write_settings
from dag_factory.errors import PhasegateError, SpecError
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

__all__ = ["run_demo"]

RUN = "demo"
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FINAL = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
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


def run_demo(
    fault: str | None = None, *, keep_up: bool = False, home: Path, port: int | None = None, console: Console | None = None,
    pace: Pace | None = None, airflow: Callable[..., Airflow] = Airflow,
) -> int:  # fmt: skip
    """Run the demo.

    Parameters
    ----------
    fault: what to break first, by name; `list` only names them all.
    keep_up: leave Airflow up afterwards, until Ctrl-C.
    home: the folder to make everything in.
    port: the port of Airflow's UI; any free one if None.
    console: where to show it; standard output if None.
    pace: how often to look and how long to wait.
    airflow: what makes the components, from their environment, folder and logs.

    Returns
    -------
    0 if every gate let the run through; 1 if a rule or a gate did not; 128 + n if signal n ended it.

    Raises
    ------
    PhasegateError: it could not be tried: the fault, the folder, the port or Airflow itself.

    """
    if console is None:
        console = Console(width=None if sys.stdout.isatty() else 120)
    if fault == "list":
        for name, known in FAULTS.items():
            console.print(f"{name:22} {escape(known.says)}", highlight=False, soft_wrap=True)
        return 0
    broken = find_fault(fault) if fault else None
    progress = Progress(console)
    free_port(port)
    with _endings(), fresh_home(home) as here:
        try:
            progress.say(f"Home {here.root}")
            if broken:
                broken.apply(here)
                progress.say(f"Fault {fault}: {broken.says}", "yellow")
            plan = _lint(here, progress)
            return _fly(Mission(here, progress, free_port(port), pace or Pace()), plan, keep_up, airflow) if plan else 1
        except Ended as ended:
            progress.say(f"Ended by {signal.Signals(ended.number).name}. Nothing is left running.")
            return 128 + ended.number


def _lint(home: DemoHome, progress: Progress) -> Plan | None:
    try:
        plan = compile_plan(read_spec(home.spec))
    except SpecError as error:
        for found in error.diagnostics:
            progress.console.print(f"{found.where}", style="bold", soft_wrap=True, highlight=False)
            progress.console.print(f"  ✘ {escape(found.rule)}", style="bold red", soft_wrap=True)
            for line in (found.reason, found.remedy):
                progress.console.print(f"    {escape(line)}", soft_wrap=True, highlight=False)
        progress.say("The linter refuses this spec: no DAG is built, and no run was started.")
        _verdict(progress.console, passed=False)
        return None
    progress.say(f"{home.spec.name}: {len(plan.contract.tasks)} tasks in {len(plan.contract.phases)} phases, plan {plan.digest[:12]}")
    return plan


def _fly(mission: Mission, plan: Plan, keep_up: bool, airflow: Callable[..., Airflow]) -> int:
    """Start Airflow, run the workflow, end Airflow, report."""
    home, progress = mission.home, mission.progress
    write_settings(home, mission.port)
    components = airflow(environment(home, os.environ), home.airflow, home.logs)
    with _running(components, progress):
        api = Api(mission.url)
        _launch(mission, components, api)
        _watch(mission, components, api, plan)
        passed = _report(mission, api)
        if keep_up:
            _verdict(progress.console, passed)
            _stay(mission, components)
            return 0
    _verdict(progress.console, passed)
    return 0 if passed else 1


def _launch(mission: Mission, components: Airflow, api: Api) -> None:
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

        _until(mission, components, up, mission.pace.start, "Airflow was not up")
    progress.say(f"Airflow is up: {mission.url}")
    with progress.waiting(f"Waiting for the DAG {WORKFLOW}"):
        _until(mission, components, lambda: _appears(api), mission.pace.appear, f"The DAG {WORKFLOW} did not appear")
    api.trigger(WORKFLOW, RUN)
    progress.say(f"Run {RUN} of {WORKFLOW} is triggered")


def _appears(api: Api) -> bool:
    if api.knows(WORKFLOW):
        return True
    wrong = api.import_errors()
    if wrong:
        raise PhasegateError("Airflow could not load the DAG: " + "; ".join(wrong))
    return False


def _watch(mission: Mission, components: Airflow, api: Api, plan: Plan) -> None:
    with Board(mission.progress, plan.contract) as board:

        def over() -> bool:
            found = api.tasks(WORKFLOW, RUN)
            board.show(found)
            # A run ends after its tasks: only then is it asked for, since every question costs the server what the run could use.
            return all(task.state in _FINAL for task in found) and api.run_state(WORKFLOW, RUN) in _FINAL

        _until(mission, components, over, mission.pace.run, f"The run {RUN} did not end")
    mission.progress.say(f"The run has ended: {api.run_state(WORKFLOW, RUN)}")


def _report(mission: Mission, api: Api) -> bool:
    """Tell what the store holds; a run passed if Airflow and every signed verdict say so."""
    console, home = mission.progress.console, mission.home
    phases = summarise(home.evidence, WORKFLOW, RUN)
    console.print()
    show_table(console, phases)
    show_findings(console, phases)
    passed = api.run_state(WORKFLOW, RUN) == "success" and bool(phases) and all(phase.verdict == "PASSED" for phase in phases)
    if passed:
        show_product(console, home, f"phasegate/{WORKFLOW}/{RUN}")
    elif not any(phase.findings for phase in phases):
        _show_failed(mission, api, phases)
    console.print("Judge it again, offline:", style="bold")
    console.print(
        f"    {Path(sys.executable).parent / 'phasegate'} verify {home.evidence / WORKFLOW / RUN}", soft_wrap=True, highlight=False
    )
    return passed


def _show_failed(mission: Mission, api: Api, phases: tuple[PhaseStory, ...]) -> None:
    """No gate said why: tell which tasks failed, and where their logs are."""
    console = mission.progress.console
    unanswered = [phase.title for phase in phases if not phase.verdict]
    console.print(f"No verdict: {escape(', '.join(unanswered) or 'on any phase')}.", style="bold red", soft_wrap=True)
    for task in api.tasks(WORKFLOW, RUN):
        if task.state == "failed":
            logs = mission.home.logs / "tasks" / f"dag_id={WORKFLOW}" / f"run_id={RUN}" / f"task_id={task.task_id}"
            console.print(f"  ✘ {task.task_id} failed; its log is in {logs}", soft_wrap=True, highlight=False)


def _verdict(console: Console, passed: bool) -> None:
    console.print("MISSION SUCCESS" if passed else "MISSION FAILED", style="bold green" if passed else "bold red")


def _stay(mission: Mission, components: Airflow) -> None:
    """Stay up until someone wants it to end, which is no failure."""
    mission.progress.console.print(f"Airflow stays up at {mission.url}; Ctrl-C ends it.", style="bold", soft_wrap=True, highlight=False)
    with suppress(Ended):
        while True:
            components.look()
            time.sleep(mission.pace.look)


def _until(mission: Mission, components: Airflow, holds: Callable[[], bool], patience: float, otherwise: str) -> None:
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
def _running(components: Airflow, progress: Progress) -> Iterator[None]:
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
def _endings() -> Iterator[None]:
    """Make the signals that mean `end` an exception; one that is ignored (nohup) stays ignored."""

    def end(number: int, _: Any) -> None:
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in _ENDINGS if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)
