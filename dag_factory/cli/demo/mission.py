"""The demo from beginning to end.

1. A home is made: the sample's copy, the product's repository, and, if asked, an agent at the engineers' desks or one fault in them.
2. The spec is held against the rules. What breaks one starts no run.
3. Airflow starts, on a port of this machine alone.
4. The workflow is triggered and watched to its end.
5. Airflow ends, whatever has happened before.
6. The evidence store, read offline, tells what the run was worth: `phasegate verify` judges it again, and a shell script checks it without Phasegate.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dag_factory.cli.demo.api import Api
from dag_factory.cli.demo.audit import audit
from dag_factory.cli.demo.faults import FAULTS, Strike, find_fault
from dag_factory.cli.demo.flight import Ended, Mission, Pace, endings, launch, running, watch
from dag_factory.cli.demo.home import RUN, WORKFLOW, DemoHome, fresh_home
from dag_factory.cli.demo.processes import Airflow
from dag_factory.cli.demo.progress import Progress
from dag_factory.cli.demo.report import PhaseStory, show_cycles, show_findings, show_product, show_table, summarise
from dag_factory.cli.demo.settings import environment, free_port, write_settings
from dag_factory.cli.demo.team import seat
from dag_factory.cli.wording import counted
from dag_factory.errors import SpecError
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec

__all__ = ["lint", "report", "run_demo", "tell_where", "verdict"]


def run_demo(
    fault: str | None = None, *, keep_up: bool = False, home: Path, port: int | None = None, console: Console | None = None,
    pace: Pace | None = None, airflow: Callable[..., Airflow] = Airflow, agent: str | None = None,
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
    agent: the visitor's own, `claude` or `codex`, which works as the engineers; scripts do if None.

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
    with endings(), fresh_home(home) as here:
        try:
            tell_where(here, progress)
            if agent:
                progress.say(seat(here, agent, os.environ), "cyan")
            if broken:
                broken.apply(here)
                progress.say(f"Fault {fault}: {broken.says}", "yellow")
            plan = lint(here, progress)
            mission, strike = Mission(here, progress, free_port(port), pace or Pace()), broken.later if broken else None
            return _fly(mission, plan, keep_up, airflow, strike) if plan else 1
        except Ended as ended:
            progress.say(f"Ended by {signal.Signals(ended.number).name}. Nothing is left running.")
            return 128 + ended.number


def tell_where(home: DemoHome, progress: Progress) -> None:
    """Say where all of it lies, and what is kept of the one before."""
    progress.say(f"Home {home.root}")
    if home.before.is_dir():
        progress.say(f"The one before this is kept in {home.before}")


def lint(home: DemoHome, progress: Progress) -> Plan | None:
    """Hold the spec against the rules; None if it breaks one, which is told."""
    try:
        plan = compile_plan(read_spec(home.spec))
    except SpecError as error:
        for found in error.diagnostics:
            progress.console.print(f"{found.where}", style="bold", soft_wrap=True, highlight=False)
            progress.console.print(f"  ✘ {escape(found.rule)}", style="bold red", soft_wrap=True)
            for line in (found.reason, found.remedy):
                progress.console.print(f"    {escape(line)}", soft_wrap=True, highlight=False)
        progress.say("The linter refuses this spec: no DAG is built, and no run was started.")
        verdict(progress.console, passed=False)
        return None
    progress.say(
        f"{home.spec.name}: {counted(len(plan.contract.tasks), 'task')} in {counted(len(plan.contract.phases), 'phase')}, plan {plan.digest[:12]}"
    )
    return plan


def _fly(mission: Mission, plan: Plan, keep_up: bool, airflow: Callable[..., Airflow], strike: Strike | None) -> int:
    """Start Airflow, run the workflow, end Airflow, report."""
    home, progress = mission.home, mission.progress
    write_settings(home, mission.port)
    components = airflow(environment(home, os.environ), home.airflow, home.logs)
    with running(components, progress):
        api = Api(mission.url)
        launch(mission, components, api)
        watch(mission, components, api, plan, strike)
        passed = report(mission, api)
        if keep_up:
            verdict(progress.console, _audited(mission) and passed)
            _stay(mission, components)
            return 0
    passed = _audited(mission) and passed
    verdict(progress.console, passed)
    return 0 if passed else 1


def _audited(mission: Mission) -> bool:
    return audit(mission.progress.console, mission.home.evidence / WORKFLOW / RUN)


def report(mission: Mission, api: Api) -> bool:
    """Tell what the store holds; a run passed if Airflow and every signed verdict say so."""
    console, home = mission.progress.console, mission.home
    phases = summarise(home.evidence, WORKFLOW, RUN)
    console.print()
    show_table(console, phases)
    show_cycles(console, phases)
    show_findings(console, phases)
    passed = api.run_state(WORKFLOW, RUN) == "success" and bool(phases) and all(phase.verdict == "PASSED" for phase in phases)
    if passed:
        show_product(console, home, f"phasegate/{WORKFLOW}/{RUN}")
    elif not any(phase.findings for phase in phases):
        _show_failed(mission, api, phases)
    where = {
        "status": "Where it stands, in short:",
        "report": "The same as Markdown, for whoever asks later:",
    }
    for command, says in where.items():
        console.print(says, style="bold")
        console.print(
            f"    {Path(sys.executable).parent / 'phasegate'} {command} {home.evidence / WORKFLOW / RUN}", soft_wrap=True, highlight=False
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


def verdict(console: Console, passed: bool) -> None:
    """Say the last word."""
    console.print("MISSION SUCCESS" if passed else "MISSION FAILED", style="bold green" if passed else "bold red")


def _stay(mission: Mission, components: Airflow) -> None:
    """Stay up until someone wants it to end, which is no failure."""
    mission.progress.console.print(f"Airflow stays up at {mission.url}; Ctrl-C ends it.", style="bold", soft_wrap=True, highlight=False)
    with suppress(Ended):
        while True:
            components.look()
            time.sleep(mission.pace.look)
