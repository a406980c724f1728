"""`phasegate cheat`: a visitor sits down at the @software-engineer's desk of a real run, and tries to get something past the gates.

1. A home is made as for the demo; one persona in it leaves its desk to the visitor when its honest work is done (`desk`).
2. Airflow starts, the run is triggered, and goes on until that task waits.
3. The visitor edits the workspace, by hand or by one of the `tricks`, and submits.
4. The run goes on to its end; the gates say what they found.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dag_factory.cli.demo.api import Api
from dag_factory.cli.demo.flight import Ended, Mission, Pace, endings, launch, running, until, watch
from dag_factory.cli.demo.home import RUN, WORKFLOW, DemoHome, fresh_home, without_slip
from dag_factory.cli.demo.mission import lint, report, tell_where
from dag_factory.cli.demo.processes import Airflow
from dag_factory.cli.demo.progress import Progress
from dag_factory.cli.demo.settings import environment, free_port, write_settings
from dag_factory.cli.demo.tricks import TRICKS, Desk, Trick, find_trick
from dag_factory.errors import PhasegateError
from dag_factory.plan import Plan

__all__ = ["run_cheat"]

_VISITOR = "visitor.py"


def run_cheat(
    trick: str | None = None, *, home: Path, port: int | None = None, console: Console | None = None, pace: Pace | None = None,
    airflow: Callable[..., Airflow] = Airflow, ask: Callable[[str], str] | None = None,
) -> int:  # fmt: skip
    """Run the demo with a visitor in it; see `dag_factory.cli.demo.mission.run_demo` for what is not told here.

    Parameters
    ----------
    trick: what to do, by name; `list` only names them all; None asks at the terminal.
    ask: asks the visitor for a line; the terminal if None.

    Returns
    -------
    0 if the gates answered; 128 + n if signal n ended it.

    Raises
    ------
    PhasegateError: it could not be tried, or there is neither a trick nor a terminal.

    """
    console = console or Console(width=None if sys.stdout.isatty() else 120)
    if trick == "list":
        for name, known in TRICKS.items():
            console.print(f"{name:14} {escape(known.says)}", highlight=False, soft_wrap=True)
        return 0
    chosen = find_trick(trick) if trick else None
    if chosen is None and ask is None and not sys.stdin.isatty():
        raise PhasegateError("There is no terminal to ask at.", remedy=f"Name a trick, --trick {' or '.join(list(TRICKS)[:2])}.")
    progress = Progress(console)
    free_port(port)
    with endings(), fresh_home(home) as here:
        try:
            tell_where(here, progress)
            _seat(here)
            plan = lint(here, progress)
            if plan is None:
                return 1
            mission = Mission(here, progress, free_port(port), pace or Pace())
            return _fly(mission, plan, airflow, chosen, ask or input)
        except (Ended, EOFError) as ended:
            number = ended.number if isinstance(ended, Ended) else signal.SIGHUP
            progress.say(f"Ended by {signal.Signals(number).name}. Nothing is left running.")
            return 128 + number


def _seat(home: DemoHome) -> None:
    """Put the visitor's persona in the engineer's place; nothing else is to be wrong, and nothing is mended: the gates decide once."""
    without_slip(home.personas)
    shutil.copyfile(Path(__file__).with_name("desk.py"), home.personas / _VISITOR)
    text = home.spec.read_text(encoding="utf-8")
    if text.count("personas/software_engineer.py") != 1:
        raise PhasegateError(f"{home.spec} does not name software_engineer.py once.", remedy="Mend dag_factory/cli/demo/cheat.py.")
    text = text.replace("personas/software_engineer.py", f"personas/{_VISITOR}").replace("\ntags: ", "\nfix: {max_cycles: 0}\n\ntags: ")
    home.spec.write_text(text, encoding="utf-8")


def _fly(mission: Mission, plan: Plan, airflow: Callable[..., Airflow], trick: Trick | None, ask: Callable[[str], str]) -> int:
    home, progress = mission.home, mission.progress
    write_settings(home, mission.port)
    components = airflow(environment(home, os.environ), home.airflow, home.logs)
    place = home.personas / "desk"
    with running(components, progress):
        api = Api(mission.url)
        launch(mission, components, api)
        with progress.waiting("The foundation is laid, and the engineers do their honest work"):
            until(mission, components, (place / "workspace").exists, mission.pace.run, "The engineer's desk was not free")
        desk = Desk(*(Path((place / name).read_text(encoding="utf-8")) for name in ("workspace", "evidence")))
        if trick:
            trick.apply(desk)
            progress.say(f"The trick: {trick.says}", "yellow")
        else:
            _invite(progress.console, desk, ask)
        (place / "done").touch()
        progress.say("Submitted. From here on the gates decide.")
        watch(mission, components, api, plan)
        passed = report(mission, api)
    console = progress.console
    console.print("Judge it again, offline:", style="bold")
    console.print(
        f"    {Path(sys.executable).parent / 'phasegate'} verify {home.evidence / WORKFLOW / RUN}", soft_wrap=True, highlight=False
    )
    if passed:
        console.print("The gates let it through: what you submitted keeps every promise that is checked.", style="bold", soft_wrap=True)
    else:
        console.print("The gates stopped it.", style="bold", soft_wrap=True)
        if trick:
            console.print(f"    {escape(trick.against)}", soft_wrap=True, highlight=False)
    return 0


def _invite(console: Console, desk: Desk, ask: Callable[[str], str]) -> None:
    """Explain what may be tried, and do it or wait until it is done by hand."""
    console.print("\nYou are the @software-engineer of `ingest`, and your honest work is done. It lies here:", style="bold", soft_wrap=True)
    console.print(f"    {desk.workspace}", highlight=False, soft_wrap=True)
    console.print("Edit anything in another terminal, as you like; or have one of these done for you:")
    names = list(TRICKS)
    for number, name in enumerate(names, start=1):
        console.print(f"    {number}  {name:12} {escape(TRICKS[name].says)}", highlight=False, soft_wrap=True)
    console.print("A number or name does it; `submit` hands in what lies there now; Ctrl-C ends it all.")
    while (said := ask("cheat> ").strip()) != "submit":
        name = names[int(said) - 1] if said.isdigit() and 0 < int(said) <= len(names) else said
        if name not in TRICKS:
            console.print(f"    There is no trick {escape(repr(said))}: write 1 to {len(names)}, or `submit`.", highlight=False)
            continue
        try:
            TRICKS[name].apply(desk)
        except (OSError, PhasegateError) as error:
            console.print(f"    It cannot be done now: {escape(str(error))}", style="yellow", soft_wrap=True)
        else:
            console.print(f"    Done. {escape(TRICKS[name].says)} Look around, or `submit`.", highlight=False, soft_wrap=True)
