"""An agent: a coding command line does the work, without anybody at it.

1. The prompt is made of the task file, and is its standard input: it is in no argument list.
2. It starts with a HOME of its own, the environment of its binding and nothing else; what it is to resume is laid where it looks.
3. Its output is read while it comes: who watches sees lines, the budget is held, and the whole of it is in the log. What is read is what it wrote; what is
   shown or kept of it is masked.
4. When everything it started has ended, its conversation is kept for a next attempt.
5. What it says of itself counts for nothing, but for what speaks against it: an error, no result, no JSON, no word at all, or no work.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from threading import Event
from typing import TYPE_CHECKING, Any

from dag_factory.errors import RunnerError
from dag_factory.runners.agents import AGENTS
from dag_factory.runners.base import Outcome, Request
from dag_factory.runners.environment import program_path
from dag_factory.runners.process import run_requested

if TYPE_CHECKING:
    from dag_factory.runners.agents.base import Cli

__all__ = ["AgentRunner"]

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
        from dag_factory.runners.agents.base import Report, Wanted, bring, model_of, remember
        from dag_factory.runners.agents.listening import LIMITS, Halt, Listener, judged
        from dag_factory.runners.prompt import prompt_of

        wanted = Wanted.of(request.work.get(self.name))
        cli = _cli(wanted.cli)
        home = request.home.absolute() / "agent"
        for folder in (home, home / cli.name):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not bring(cli, request, home):
            request = replace(request, conversation="")
        prompt = home / "prompt.md"
        prompt.unlink(missing_ok=True)
        prompt.write_text(prompt_of(request), encoding="utf-8")  # 1
        prompt.chmod(stat.S_IRUSR)
        start = cli.start(request, wanted, home)
        path = request.environment.get("PATH") or program_path()
        if shutil.which(start.argv[0], path=path) is None:
            return _missing(cli, request)
        before, halt = _traces(request), Halt(stop)
        resumed, spoken = request.conversation, request.spoken if request.conversation else (0, 0)
        report = Report(cli.provider, model=wanted.model, resumed=resumed, spoken=spoken)
        listener = Listener(cli, report, request, halt)
        given = {**start.environment, **request.environment, "PHASEGATE_PROMPT": str(prompt)}  # 2
        bounds = replace(request.bounds, outside=("/",)) if start.boxes else request.bounds
        asked = replace(request, environment=given, limits=LIMITS, bounds=bounds)
        outcome = run_requested(asked, ["/bin/sh", "-c", _PROMPTED, *start.argv], halt, hear=listener.take)  # 3
        remember(cli, request, home, report.conversation)  # 4
        report.model = model_of(cli, request, home, report)
        if halt.is_set() and not stop.is_set():
            outcome = replace(outcome, ended="spent")
        return judged(outcome, cli, listener, idle=not request.laid and _traces(request) == before)  # 5


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
