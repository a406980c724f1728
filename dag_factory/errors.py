"""What can go wrong, one class per fault, and how it is told.

An *error* stops what is being done. A *diagnostic* is one thing wrong with a spec, with its place in the file; a
*finding* is one reason in a verdict, and is no exception at all: see `dag_factory.evidence.verdict`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "Diagnostic",
    "EnvelopeError",
    "EvidenceError",
    "KeyFolderError",
    "OperatorError",
    "PhasegateError",
    "Position",
    "RefusedError",
    "RemoteError",
    "RunnerError",
    "SpecError",
    "StoreError",
    "WorkspaceError",
]


class PhasegateError(Exception):
    """The base of every error Phasegate raises.

    Parameters
    ----------
    message: what is wrong, where and why.
    remedy: what to do next, as one sentence.

    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class StoreError(PhasegateError):
    """The evidence store cannot be read or written."""


class RefusedError(StoreError):
    """What was handed over is not looked into any further, by a rule.

    Parameters
    ----------
    rule: the stable id of the rule; `phasegate explain RULE` tells more.

    """

    def __init__(self, message: str, *, remedy: str = "", rule: str) -> None:
        super().__init__(message, remedy=remedy)
        self.rule = rule

    def __str__(self) -> str:
        return f"{self.rule}: {super().__str__()}"


class WorkspaceError(PhasegateError):
    """A git workspace cannot be made, sealed or merged."""


class RemoteError(WorkspaceError):
    """A remote repository cannot be reached for now; the same may go well a minute later."""


class RunnerError(PhasegateError):
    """A persona's program cannot be started as it was bound."""


class OperatorError(RunnerError):
    """An operator that a persona is bound to cannot be made as it is written.

    Parameters
    ----------
    task: the id of the task that is to be done by it.
    part: which key of the binding is wrong, `operator` or `arguments`.

    """

    def __init__(self, message: str, *, remedy: str = "", task: str, part: str) -> None:
        super().__init__(message, remedy=remedy)
        self.task, self.part = task, part


class EvidenceError(PhasegateError):
    """Bytes that should be evidence are not what they must be."""


class EnvelopeError(EvidenceError):
    """An envelope or a statement is malformed, unsigned, or signed by someone else."""


class KeyFolderError(PhasegateError):
    """Signing keys are missing, unreadable, or not the ones this store knows."""


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """One thing wrong with a spec.

    Parameters
    ----------
    rule: the stable id of the rule that is broken; `phasegate explain RULE` tells more.
    where: the place in the file.
    reason: what is wrong there.
    remedy: what to write instead.

    """

    rule: str
    where: Position
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}: {self.reason} {self.remedy}"


_MISNAMED = frozenset({"persona-combined", "persona-unknown"})
_UNBOUND = "binding-missing"  # of whom it was the name, nobody says any more how they work


class SpecError(PhasegateError):
    """A workflow spec breaks rules and builds no DAG.

    Parameters
    ----------
    diagnostics: everything that is wrong, in the order of the file, and last what only follows from a name that is wrong; at least one.

    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        misnamed = any(found.rule in _MISNAMED for found in diagnostics)
        self.diagnostics = tuple(sorted(diagnostics, key=lambda found: (misnamed and found.rule == _UNBOUND, found.where, found.rule)))
        super().__init__("\n".join(str(found) for found in self.diagnostics))

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Diagnostic, ...]]]:
        """Survive pickling, with every diagnostic."""
        return type(self), (self.diagnostics,)
