"""A command: a program does the work.

The value is a text, run by `sh -c`, or a list of texts, executed directly. Exit code and files are the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Any

from dag_factory.errors import RunnerError
from dag_factory.runners import principals
from dag_factory.runners.base import Outcome, Request
from dag_factory.runners.process import run_requested

__all__ = ["CommandRunner", "command_of", "run_command"]


class CommandRunner:
    """Runs a persona's program. Who acts is the script the author supplied."""

    name = "command"
    reexecutes = False
    waits = False

    def reports(self, value: Any) -> frozenset[str]:  # noqa: ARG002 # the same whatever is bound
        """Tell how long it took, and nothing else."""
        return frozenset({"time"})

    def principals(self, request: Request) -> tuple[str, ...]:
        """Digest the scripts the command names, see `dag_factory.runners.principals`."""
        return principals.command_principals(
            command_of(request, self.name),
            spec_dir=request.spec_dir,
            workspace=request.workspace,
            variables=request.environment,
        )

    def run(self, request: Request, stop: Event) -> Outcome:
        """Run the command; its principals are those of the files as they were before it ran."""
        acted = self.principals(request)
        return replace(run_command(request, self.name, stop), principals=acted)


def command_of(request: Request, name: str) -> str | Sequence[str]:
    """Read the command of a request.

    Raises
    ------
    RunnerError: it is neither a text nor a list of texts.

    """
    value = request.work.get(name)
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and all(isinstance(word, str) for word in value):
        return value
    raise RunnerError(f"{name}: {value!r} is no command.", remedy="Write a text for the shell or a list of texts to be executed.")


def run_command(request: Request, name: str, stop: Event) -> Outcome:
    """Run the command a request has under this name; the outcome names no principals."""
    value = command_of(request, name)
    argv = [word for word in ("/bin/sh", "-c", value) if value.strip()] if isinstance(value, str) else value
    outcome = run_requested(request, argv, stop)
    return replace(outcome, reason=_shell_reason(value, outcome) or outcome.reason)


def _shell_reason(value: str | Sequence[str], outcome: Outcome) -> str:
    """Explain the two exit codes a shell keeps for commands it could not run."""
    said = outcome.excerpt.rpartition("\n")[2]
    written = value if isinstance(value, str) else " ".join(value)
    if outcome.exit_code == 127:
        return (
            f"{written!r} ended with 127: a program it names was not found ({said}). "
            "Install it for the worker, or give its path below $PHASEGATE_SPEC_DIR or the workspace."
        )
    if outcome.exit_code == 126:
        return f"{written!r} ended with 126: a file it names cannot be executed ({said}). Run `chmod +x` on it, or name its interpreter."
    return ""
