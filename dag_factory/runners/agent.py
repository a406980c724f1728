"""An agent: a coding command line does the work, without anybody at it.

1. The prompt is made of the task file, and is its standard input: it is in no argument list.
2. It starts with a HOME of its own, the environment of its binding and nothing else; what it is to resume is laid where it looks.
3. Its output is read while it comes: who watches sees lines, the budget is held, and the whole of it is in the log.
4. When everything it started has ended, its conversation is kept for a next attempt.
5. What it says of itself counts for nothing, but for what speaks against it: an error, no result, no JSON, no word at all, or no work.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from threading import Event
from typing import TYPE_CHECKING, Any

from dag_factory.errors import RunnerError
from dag_factory.runners.agents import AGENTS
from dag_factory.runners.base import Flaw, Limits, Outcome, Request
from dag_factory.runners.process import run_requested

if TYPE_CHECKING:
    from dag_factory.runners.agents.base import Cli, Report

__all__ = ["AgentRunner"]

_LONGEST = 4_000_000
_LIMITS = Limits(log_bytes=20_000_000, emit_bytes=1 << 50, line_bytes=_LONGEST)
_LINES = 2_000
_PROMPTED = 'exec "$0" "$@" < "$PHASEGATE_PROMPT"'


class AgentRunner:
    """Runs a coding command line. Who acts is its provider, its model and its conversation, which are known when it has worked."""

    name = "agent"
    reexecutes = False
    waits = False

    def reports(self, value: Any) -> frozenset[str]:
        """Tell what the output of this command line tells; nothing of one that is not known."""
        known = AGENTS.get(str(value.get("cli") if isinstance(value, Mapping) else getattr(value, "cli", value)))
        return known.reports if known else frozenset()

    def principals(self, request: Request) -> tuple[str, ...]:  # noqa: ARG002 # the Protocol asks with a request
        """Name nobody yet: a conversation has no name before it begins."""
        return ()

    def run(self, request: Request, stop: Event) -> Outcome:
        """Do the five things above."""
        from dag_factory.runners.agents.base import Report, Wanted, bring, remember
        from dag_factory.runners.prompt import prompt_of

        wanted = Wanted.of(request.work.get(self.name))
        cli = _cli(wanted.cli)
        home = request.home.absolute() / "agent"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not bring(cli, request, home):
            request = replace(request, conversation="")
        prompt = home / "prompt.md"
        prompt.unlink(missing_ok=True)
        prompt.write_text(prompt_of(request), encoding="utf-8")  # 1
        prompt.chmod(stat.S_IRUSR)
        start = cli.start(request, wanted, home)
        path = os.pathsep.join(filter(None, (request.environment.get("PATH"), os.environ.get("PATH", os.defpath))))
        if shutil.which(start.argv[0], path=path) is None:
            return _missing(cli, request)
        before, halt = _traces(request), _Halt(stop)
        listener = _Listener(cli, Report(cli.provider), request, halt)
        given = {**start.environment, **request.environment, "PATH": path, "PHASEGATE_PROMPT": str(prompt)}  # 2
        asked = replace(request, environment=given, emit=listener.take, limits=_LIMITS)
        outcome = run_requested(asked, ["/bin/sh", "-c", _PROMPTED, *start.argv], halt)  # 3
        remember(cli, request, home, listener.report.conversation)  # 4
        if halt.is_set() and not stop.is_set():
            outcome = replace(outcome, ended="spent")
        return _judged(outcome, cli, listener, idle=not request.conversation and _traces(request) == before)  # 5


def _cli(name: str) -> Cli:
    """Load a command line's module.

    Raises
    ------
    RunnerError: there is none of that name.

    """
    known = AGENTS.get(name)
    if known is None:
        raise RunnerError(f"agent: there is no command line {name!r} here.", remedy=f"Use one of {', '.join(AGENTS)}.")
    cli: Cli = import_module(known.module).CLI
    return cli


class _Halt(Event):
    """Set by whoever may stop the task, or by us when the budget is spent."""

    def __init__(self, outer: Event) -> None:
        super().__init__()
        self._outer = outer

    def is_set(self) -> bool:
        return super().is_set() or self._outer.is_set()


@dataclass
class _Listener:
    """Reads the output line by line, tells it in words, and ends the work when more is spent than was left."""

    cli: Cli
    report: Report
    request: Request
    halt: _Halt
    lines: int = 0
    broken: int = 0
    over: str = ""
    emitted: int = 0
    last: deque[str] = field(default_factory=lambda: deque(maxlen=40))

    def take(self, line: str) -> None:
        """Take one line."""
        if not line.strip():
            return
        self.lines += 1
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            self.broken += 1
            self._tell(line[:500])
            return
        for words in self.cli.read(event, self.report):
            self._tell(words)
        if not self.over and (over := self._spent()):
            self.over = over
            self.halt.set()

    def _spent(self) -> str:
        """Say what more was spent than was left; empty where nothing was."""
        figures, allowance = self.report.figures, self.request.allowance
        for taken, most, what in (
            (figures.cost, allowance.money, "US dollars"),
            (figures.tokens, allowance.tokens, "tokens"),
            (figures.requests, allowance.requests, "requests to a model"),
        ):
            if taken is not None and most is not None and taken > most:
                return f"It took {taken} {what} where {most} were left for it."
        return ""

    def _tell(self, words: str) -> None:
        self.last.append(words)
        self.emitted += 1
        if self.emitted <= _LINES:
            self.request.emit(words)
        elif self.emitted == _LINES + 1:
            self.request.emit("[phasegate] output continues in the log file")


def _judged(outcome: Outcome, cli: Cli, listener: _Listener, *, idle: bool) -> Outcome:
    """Put what was read into the outcome, and say what speaks against it."""
    report = listener.report
    flaws = tuple(_flaws(outcome, cli, listener, idle=idle))[:1] if outcome.ended in {"exited", "spent"} else ()
    named = f"{report.provider}:{report.conversation}"
    principals = (f"agent:{report.provider}/{report.model or 'unknown'}/{report.conversation}", f"conversation:{named}")
    reason = outcome.reason
    if outcome.ended == "timed-out" and report.trouble:
        reason = f"{reason} The last of it: {report.trouble}."
    return replace(
        outcome, figures=report.figures, flaws=flaws, excerpt="\n".join(listener.last) or outcome.excerpt, reason=reason,
        principals=tuple(sorted(principals)) if report.conversation else (), exit_code=outcome.exit_code if outcome.ended == "exited" else None,
    )  # fmt: skip


def _flaws(outcome: Outcome, cli: Cli, listener: _Listener, *, idle: bool) -> Iterator[Flaw]:
    """Say what is wrong, the gravest first; the exit code decides nothing here."""
    report, name, code = listener.report, cli.program, f"exit code {outcome.exit_code}"
    if listener.over:
        yield Flaw("budget-exceeded", listener.over)
    if report.spent:
        yield Flaw("budget-exceeded", f"{name} ended for want of budget: {report.failed}.")
    if listener.lines == 0:
        yield Flaw("agent-silent", f"{name} printed nothing, and ended with {code}.")
    if not report.ended:
        garbled = f"{listener.broken} of {listener.lines} lines are no JSON; " if listener.broken else ""
        yield Flaw(
            "agent-broken", f"{name} ended with {code} and no result: {garbled}the last words are {_quoted(*list(listener.last)[-1:])}."
        )
    if report.failed:
        yield Flaw("agent-failed", f"{name} did not do the work: {report.failed}.")
    if outcome.exit_code == 0 and idle:
        yield Flaw("agent-idle", f"{name} says that it is done, and changed nothing: {_quoted(report.said)}.")


def _quoted(words: str = "") -> str:
    return f"“{words[:200]}”" if words else "none"


def _traces(request: Request) -> dict[str, tuple[int, int]]:
    """What lies in the workspace and the evidence folder, as far as a change can be seen without reading: sizes and times, without `.git`."""
    found: dict[str, tuple[int, int]] = {}
    queue = [str(request.workspace), str(request.evidence)]
    while queue:
        try:
            with os.scandir(queue.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        queue += [entry.path] if entry.name != ".git" else []
                    else:
                        facts = entry.stat(follow_symlinks=False)
                        found[entry.path] = (facts.st_size, facts.st_mtime_ns)
        except OSError:
            continue
    return found


def _missing(cli: Cli, request: Request) -> Outcome:
    request.log.parent.mkdir(parents=True, exist_ok=True)
    request.log.write_bytes(b"")
    reason = f"{cli.program!r} is not on the worker's PATH: install it there with `{cli.install}`, or bind PATH under `env:`."
    return Outcome("not-started", None, (), 0, False, "", 0.0, reason)
