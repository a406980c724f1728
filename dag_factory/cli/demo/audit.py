"""The run just made, judged again offline: by `phasegate verify`, and by the shell script that needs nothing of Phasegate's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dag_factory.cli.harmless import visible
from dag_factory.cli.verify import script
from dag_factory.errors import PhasegateError

__all__ = ["audit"]

_PATIENCE = 300
_CHANGED = ("evidence-altered", "statement-invalid")
"""Rules that tell of what was done behind everybody's back, and not of what somebody failed to do."""


def audit(console: Console, run: Path) -> bool:
    """Show both answers, the commands first; what was changed since it was signed is said last.

    Parameters
    ----------
    console: where to show it.
    run: the run's folder in the store.

    Returns
    -------
    Whether all that could be asked say that it is good.

    """
    verify = [sys.executable, "-c", "from dag_factory.cli import main; main()", "verify", str(run)]
    answers = [_ask(console, f"{Path(sys.executable).parent / 'phasegate'} verify {run}", verify)]
    missing = [tool for tool in ("bash", "jq", "openssl") if shutil.which(tool) is None]
    if missing:
        console.print(f"{script()} would check it without Phasegate; it needs {', '.join(missing)}.", soft_wrap=True, highlight=False)
    else:
        answers.append(_ask(console, f"bash {script()} {run}", ["bash", str(script()), str(run)]))
    for line in answers[0][1]:
        if line.strip().startswith(tuple(f"✗ {rule} " for rule in _CHANGED)):
            console.print(f"Changed after it was signed: {escape(line.strip())}", style="bold red", soft_wrap=True, highlight=False)
    return all(code == 0 for code, _ in answers)


def _ask(console: Console, shown: str, command: list[str]) -> tuple[int, list[str]]:
    console.print(f"$ {escape(shown)}", style="bold", soft_wrap=True, highlight=False)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PhasegateError(f"`{shown}` gave no answer: {error}.", remedy="Run it by hand.") from error
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    for line in lines:
        console.print(f"    {escape(visible(line))}", soft_wrap=True, highlight=False)
    return done.returncode, lines
