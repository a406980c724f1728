"""What the demo shows while it lasts: on a terminal a table that fills, elsewhere one line per change.

A line is: seconds since the beginning, phase, task, persona, state. Of a fix phase that does not open, and of questions that are not asked,
nothing is shown.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dag_factory.cli.demo.api import TaskState
from dag_factory.evidence.contract import RunContract

__all__ = ["Board", "Progress"]

_LOOKS = {
    "success": ("✔", "green"),
    "failed": ("✘", "bold red"),
    "upstream_failed": ("✘", "red"),
    "skipped": ("–", "yellow"),
    "running": ("▶", "bold cyan"),
    "deferred": ("…", "cyan"),
    "up_for_retry": ("↻", "yellow"),
}
_QUIET = frozenset({"", "none", "scheduled", "queued"})
_IF_RED = re.compile(r"(?P<opens>[^.]+\.(?:fix_\d+|decide_\d+|waived_\d+))(?:\.(?P<task>.+))?")  # what there is only where a gate failed
_NOT_OPENED = _QUIET | {"skipped", "upstream_failed"}
_SEAMS = frozenset({"settled"})


class Progress:
    """Says what is going on, and when.

    Parameters
    ----------
    console: where.

    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def say(self, text: str, style: str = "") -> None:
        """One line, with its time."""
        self.console.print(Text.assemble((f"{self.elapsed:6.1f} s  ", "dim"), (text, style)), soft_wrap=True)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Say what is being waited for; on a terminal it is seen to be alive."""
        if not self.console.is_terminal or self.console.is_dumb_terminal:
            self.say(text)
            yield
            return
        with self.console.status(escape(text)):
            yield


class Board:
    """The tasks of one run, and how each stands.

    Parameters
    ----------
    progress: where to show it.
    contract: whose tasks they are, in their order.

    """

    def __init__(self, progress: Progress, contract: RunContract) -> None:
        self._progress = progress
        self._phases = {phase.id: phase for phase in contract.phases}
        self._who = {f"{task.phase}.{task.task}": f"@{task.persona}" for task in contract.tasks.values()}
        self._states: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._live = (
            Live(console=progress.console, auto_refresh=False)
            if progress.console.is_terminal and not progress.console.is_dumb_terminal
            else None
        )

    def __enter__(self) -> Board:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def show(self, found: Iterable[TaskState]) -> None:
        """Show how the tasks stand now."""
        found = list(found)
        self._labels |= {_name(task): task.label for task in found if not task.label.isdigit() and task.label}
        now = _worth_showing({_name(task): task.state for task in found})
        changed = {name: state for name, state in now.items() if state != self._states.get(name)}
        self._states |= now
        if self._live:
            self._live.update(self._table(now), refresh=True)
            return
        for name, state in changed.items():
            if state not in _QUIET:
                self._progress.say(self._line(name, state), _LOOKS.get(state, ("", ""))[1])

    def _line(self, name: str, state: str) -> str:
        phase, _, task = name.rpartition(".") if "." not in name else name.partition(".")
        return f"{phase or '-':15} {task:32} {self._persona(name) or '-':32} {state}"

    def _persona(self, name: str) -> str:
        """Who does a task; in a fix phase it may be one of another phase, or an instance of `fix`."""
        red = _IF_RED.fullmatch(name)
        if red and red["task"]:
            phase = name.partition(".")[0]
            return self._labels.get(name) or self._who.get(f"{phase}.{red['task']}") or self._who.get(red["task"], "")
        return self._who.get(name, "")

    def _table(self, states: Mapping[str, str]) -> Table:
        table = Table(box=None, pad_edge=False, title=f"{self._progress.elapsed:.0f} s", title_justify="left", title_style="dim")
        for column in ("phase", "", "task", "persona"):
            table.add_column(column)
        shown: set[str] = set()
        for name in sorted(states, key=self._order):
            phase, _, task = name.partition(".")
            folded = self._folded(phase, states)
            if (folded and folded != name) or (not task and states[name] in _QUIET and name != "kickoff"):
                continue
            glyph, style = _LOOKS.get(states[name], ("·", "dim"))
            title = self._phases[phase].title if phase in self._phases and phase not in shown else ""
            shown.add(phase)
            table.add_row(escape(title), Text(glyph, style), escape(task or name), escape(self._persona(name)))
        return table

    def _folded(self, phase: str, states: Mapping[str, str]) -> str:
        """The one row of a phase that has passed, or that has not begun: so the table fits a small terminal. Empty in between."""
        for name in sorted((name for name in states if name.startswith(f"{phase}.")), key=self._order, reverse=True):
            if re.fullmatch(r"gate|fix_\d+\.gate|waived_\d+", name.partition(".")[2]) and states[name] == "success":
                return name
        mine = [name for name in states if name.startswith(f"{phase}.")]
        return min(mine, key=self._order) if mine and all(states[name] in _QUIET for name in mine) else ""

    def _order(self, name: str) -> tuple[int, int, int, int]:
        """As in the plan: kickoff, the phases, complete; in a phase its opening, its tasks, its end, and then what was mended, round by round."""
        phases, known = list(self._phases), list(self._who)
        phase, _, task = name.partition(".")
        if not task:
            return (-1 if name == "kickoff" else len(phases), 0, 0, 0)
        where = phases.index(phase) if phase in phases else -1
        group, _, inner = task.partition(".")
        red = _IF_RED.fullmatch(name)
        later = 2 * int(group.rpartition("_")[2]) - (1 if group.startswith("fix") else 0) if red else 0
        step = inner if red and inner else task
        place = {"open": -1, "triage": -3, "converge": 1, "join": 2, "gate": 3}.get(step, -2 if step.startswith("fix") else 0)
        plain = f"{phase}.{step}"
        return (where, later, place, known.index(plain) if plain in known else 0)


def _name(task: TaskState) -> str:
    return f"{task.task_id}[{task.index}]" if task.index >= 0 else task.task_id


def _worth_showing(states: Mapping[str, str]) -> dict[str, str]:
    """All but what a gate's failure would have opened and did not, what was skipped in it, and the seams between its tasks."""
    shown = {}
    for name, state in states.items():
        red = _IF_RED.fullmatch(name)
        if red and (state in _QUIET | {"skipped"} or states.get(f"{red['opens']}.triage", state) in _NOT_OPENED or red["task"] in _SEAMS):
            continue
        shown[name] = state
    return shown
