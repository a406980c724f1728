"""Reads what a coding command line prints while it works, holds it to its budget, and says afterwards what speaks against it.

It is read as it was written, and its texts are masked before anything is made of them: a mask put over the whole line could stand for a number, or for a
`false`, and what was cut short before it was masked could end with half a secret.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event

from dag_factory.runners.agents.base import Cli, Report, shown
from dag_factory.runners.base import Flaw, Limits, Outcome, Request
from dag_factory.runners.masking import Mask

__all__ = ["LIMITS", "Halt", "Listener", "judged"]

LIMITS = Limits(log_bytes=20_000_000, emit_bytes=1 << 50, line_bytes=4_000_000)
"""Every line is read, whatever is kept; one that is longer than 4 MB is taken for broken."""
_LINES = 2_000
_SIGNALLED = 128  # exit codes from here on: a signal ended it


class Halt(Event):
    """Set by whoever may stop the task, or by us when the budget is spent."""

    def __init__(self, outer: Event) -> None:
        super().__init__()
        self._outer = outer

    def is_set(self) -> bool:
        """Whether to end the work."""
        return super().is_set() or self._outer.is_set()


@dataclass
class Listener:
    """Reads the output line by line, tells it in words, and ends the work when more is spent than was left."""

    cli: Cli
    report: Report
    request: Request
    halt: Halt
    lines: int = 0
    broken: int = 0
    over: str = ""
    emitted: int = 0
    last: deque[str] = field(default_factory=lambda: deque(maxlen=40))

    def __post_init__(self) -> None:
        self._mask = Mask(self.request.secrets)

    def take(self, line: str) -> None:
        """Take one line, as it was written."""
        if not line.strip():
            return
        self.lines += 1
        try:
            event = self._mask.within(json.loads(line))
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            self.broken += 1
            self._tell(shown(self._mask.text(line), 500))
            return
        try:
            for words in self.cli.read(event, self.report):
                self._tell(words)
        except (TypeError, ValueError, LookupError, AttributeError):  # what nobody foresaw must not take the attempt with it
            self.broken += 1
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
        words = self._mask.text(words)
        self.last.append(words)
        self.emitted += 1
        if self.emitted <= _LINES:
            self.request.emit(words)
        elif self.emitted == _LINES + 1:
            self.request.emit("[phasegate] output continues in the log file")


def judged(outcome: Outcome, cli: Cli, listener: Listener, *, idle: bool) -> Outcome:
    """Put what was read into the outcome, and say what speaks against it."""
    report = listener.report
    flaws = tuple(_flaws(outcome, cli, listener, idle=idle))[:1] if outcome.ended in {"exited", "spent"} else ()
    named = f"{report.provider}:{report.conversation}"
    principals = (f"agent:{report.provider}/{report.model or 'unknown'}/{report.conversation}", f"conversation:{named}")
    reason = outcome.reason
    if outcome.ended == "timed-out" and report.trouble:
        reason = f"{reason} The last of it: {report.trouble}."
    figures = report.figures
    if (outcome.exit_code is None or outcome.exit_code >= _SIGNALLED) and not listener.over:
        figures = replace(figures, cost=None)  # it was ended: a cost that stands in its output is not its last word
    return replace(
        outcome, figures=figures, flaws=flaws, excerpt="\n".join(listener.last) or outcome.excerpt, reason=reason,
        principals=tuple(sorted(principals)) if report.conversation else (), exit_code=outcome.exit_code if outcome.ended == "exited" else None,
    )  # fmt: skip


def _flaws(outcome: Outcome, cli: Cli, listener: Listener, *, idle: bool) -> Iterator[Flaw]:
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
        yield Flaw("agent-failed", f"{name} did not do the work: {report.failed.rstrip('.')}.")
    if outcome.exit_code == 0 and idle:
        yield Flaw("agent-idle", f"{name} says that it is done, and changed nothing: {_quoted(report.said)}.")


def _quoted(words: str = "") -> str:
    return f"“{words[:200]}”" if words else "none"
