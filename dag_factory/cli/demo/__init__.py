"""`phasegate demo`: the whole idea on a real Airflow, in a folder of its own, with nothing left running.

The rooms: `home` (the folder, the sample's copy, its repository), `team` (who works there), `faults` (what may be broken in that copy), `settings` (the
Airflow that lives there), `processes` (its four components), `api` (its REST API), `progress` (what is shown meanwhile), `report`
(what the evidence store tells afterwards), `audit` (whether it is what it was),
`flight` (one run, watched), `mission` (all of it, in order); `cheat`, `tricks` and `desk` let a
visitor try to get something past the gates. The command lines themselves are all that stands here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["cheat_command", "command", "run_demo"]

HOME = Path(".phasegate/demo")
CHEAT_HOME = Path(".phasegate/cheat")


def command(
    fault: Annotated[str | None, typer.Option(help="Break one thing first, and see it caught; `list` names them all.")] = None,
    up: Annotated[bool, typer.Option("--up", help="Leave Airflow up afterwards, until Ctrl-C.")] = False,
    home: Annotated[Path, typer.Option(help="Where everything is made; a demo made there before is replaced.")] = HOME,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port of Airflow's UI; any free one if not given.")] = None,
    agent: Annotated[str | None, typer.Option(help="Have your own `claude` or `codex`, with your login, work as the engineers.")] = None,
) -> None:
    """Run the sample workflow on a real Airflow. Exits 0 if every gate let it through, and leaves nothing running.

    Example: phasegate demo --fault missing-evidence
    """
    raise typer.Exit(run_demo(fault or None, keep_up=up, home=home, port=port, agent=agent or None))


def cheat_command(
    trick: Annotated[str | None, typer.Option(help="Play one trick without asking; `list` names them all.")] = None,
    home: Annotated[Path, typer.Option(help="Where everything is made; what was made there before is replaced.")] = CHEAT_HOME,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port of Airflow's UI; any free one if not given.")] = None,
) -> None:
    """Sit down at the @software-engineer's desk of a real run: edit anything, submit, and see what the gates say.

    Exits 0 once the gates have answered, whatever they say.

    Example: phasegate cheat --trick fake-report
    """
    from dag_factory.cli.demo.cheat import run_cheat

    raise typer.Exit(run_cheat(trick or None, home=home, port=port))


def run_demo(
    fault: str | None = None, *, keep_up: bool = False, home: Path = HOME, port: int | None = None, agent: str | None = None
) -> int:
    """Run the demo; see `dag_factory.cli.demo.mission.run_demo`."""
    from dag_factory.cli.demo import mission

    return mission.run_demo(fault, keep_up=keep_up, home=home, port=port, agent=agent)
