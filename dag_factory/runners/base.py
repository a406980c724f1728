"""What a runner is: what it is asked, what it answers, and the limits it works under.

Everything here is a frozen value or a Protocol; nothing touches the world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any, Literal, Protocol

__all__ = [
    "MANY_PROCESSES", "MUCH_DISK", "Allowance", "Bounds", "Ended", "Figures", "Flaw", "Judgement", "Limits", "Outcome", "Request", "Runner",
]  # fmt: skip

Ended = Literal["exited", "timed-out", "stopped", "not-started", "over-limit", "spent"]

MANY_PROCESSES = 1_000
"""How many processes a program may have at once where nobody says otherwise: no build needs them, a fork bomb does."""

MUCH_DISK = 20_000_000_000
"""How many bytes a program's folders may take where nobody says otherwise."""


@dataclass(frozen=True)
class Limits:
    """How much of a program's output is kept.

    Parameters
    ----------
    log_bytes: what the log file may take on the disk; of more output the first and the last half of it are kept.
    emit_bytes: what is emitted live; then one note tells where the rest is.
    line_bytes: the longest line that is emitted; the rest of a longer one is in the log file only.

    """

    log_bytes: int = 10_000_000
    emit_bytes: int = 1_000_000
    line_bytes: int = 8_192


@dataclass(frozen=True)
class Bounds:
    """What one program may take, beside time and log.

    Parameters
    ----------
    network: whether it may reach the network.
    memory: bytes its processes may have together, and each by itself; None for most of the machine's (`dag_factory.runners.bounds.most_memory`).
    processes: how many it may have at once.
    disk: bytes its workspace, evidence and home may take together, and any one file it writes.
    outside: folders that it may write to besides those; `/` for wherever its user may.

    """

    network: bool = True
    memory: int | None = None
    processes: int = MANY_PROCESSES
    disk: int = MUCH_DISK
    outside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Allowance:
    """What may still be spent on this attempt; None where there is no limit.

    Parameters
    ----------
    money: US dollars.
    tokens: input and output tokens together.
    requests: how often a model may be asked.
    time: seconds of wall time.

    """

    money: Decimal | None = None
    tokens: int | None = None
    requests: int | None = None
    time: int | None = None


@dataclass(frozen=True)
class Figures:
    """What the work took, as read from the program's own report; None where that says nothing.

    Parameters
    ----------
    provider: who runs the model, such as `anthropic`.
    model: the model's own name for itself.
    conversation: by which the work can be resumed.
    requests: how often the model was asked.
    cost: US dollars.

    """

    provider: str = ""
    model: str = ""
    conversation: str = ""
    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Decimal | None = None

    @property
    def tokens(self) -> int | None:
        """Input and output tokens together; None where neither is known."""
        known = [part for part in (self.input_tokens, self.output_tokens) if part is not None]
        return sum(known) if known else None


@dataclass(frozen=True)
class Judgement:
    """A verdict in somebody's own words: `claimed` by a model, or `attested` by a person whom Airflow knows.

    Parameters
    ----------
    by: the login, or the principal.
    references: links or paths that were given as reasons.

    """

    verdict: Literal["PASSED", "FAILED"]
    grade: Literal["claimed", "attested"]
    by: str
    notes: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flaw:
    """What makes an attempt fail although its program may have ended well: the rule it breaks, and what happened."""

    rule: str
    text: str


@dataclass(frozen=True)
class Request:
    """What a runner is asked to do.

    Parameters
    ----------
    work: the binding as planned; the runner reads its own key, `{"command": "make e2e"}` or `{"python": "work:main"}`.
    workspace: the directory the program works in.
    evidence: the empty, writable folder for evidence outside the repository.
    inputs: the read-only folder of earlier phases' evidence, `<phase>/<task>/...`.
    task_file: the JSON file that tells the program its task.
    spec_dir: the folder of the spec file.
    home: a private scratch folder; HOME and TMPDIR are made below it.
    environment: extra variables of the binding, already resolved.
    timeout: seconds the program may take, or None.
    log: the file the output goes to.
    emit: takes one line of live output, without its line end.
    limits: how much output is kept.
    bounds: what the program may take.
    secrets: texts that are put out of its output, wherever that is kept or shown.
    hidden: files and folders whose content no program is to read, such as the key folder.
    conversation: that of the attempt before, if there is one to be resumed; else empty.
    laid: whether files of an earlier attempt lie in the workspace.
    spoken: input and output tokens that earlier attempts told of that conversation.
    memory: the folder that a next attempt of the same task finds again; None where nothing can be kept.
    allowance: what may still be spent.
    connections: values of Airflow's connections that a model's process needs, as JSON by id. Secret: to be handed over, and never written.

    """

    work: Mapping[str, Any]
    workspace: Path
    evidence: Path
    inputs: Path
    task_file: Path
    spec_dir: Path
    home: Path
    environment: Mapping[str, str]
    timeout: float | None
    log: Path
    emit: Callable[[str], None]
    limits: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    hidden: tuple[Path, ...] = ()
    conversation: str = ""
    memory: Path | None = None
    allowance: Allowance = field(default_factory=Allowance)
    laid: bool = False
    spoken: tuple[int, int] = (0, 0)
    connections: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Outcome:
    """How a program ended. When this exists, nothing the program started is running any more.

    Parameters
    ----------
    ended: `exited` by itself; `timed-out`, `stopped`, `over-limit` or `spent` (its budget) by us; or `not-started`.
    exit_code: of a program that exited, 128 + n when signal n killed it, as a shell counts; None for every other end.
    principals: who really acted, see `dag_factory.runners.principals`.
    log_bytes: what the program wrote in all; the log file has less when `log_truncated`.
    log_truncated: whether the middle of the output was left out of the log file.
    excerpt: the last lines of the log.
    seconds: from the start until everything had ended.
    reason: what went wrong and what to do about it, where Phasegate can tell; else empty.
    offline: whether the program was kept from the network.
    why_online: why it was not; empty where it was.
    kept_in: whether the program was kept from writing outside of its folders.
    why_loose: why it was not; empty where it was.
    figures: what the work took, from a runner that can tell.
    judgement: the verdict that a person or a model gave.
    flaws: why the attempt failed, whatever the exit code says.

    """

    ended: Ended
    exit_code: int | None
    principals: tuple[str, ...]
    log_bytes: int
    log_truncated: bool
    excerpt: str
    seconds: float
    reason: str = ""
    offline: bool = False
    why_online: str = ""
    kept_in: bool = False
    why_loose: str = ""
    figures: Figures | None = None
    judgement: Judgement | None = None
    flaws: tuple[Flaw, ...] = ()

    @property
    def why(self) -> str:
        """Why it ended as it did, where its own words do not tell; else empty."""
        if self.flaws:
            return " ".join(flaw.text for flaw in self.flaws)
        if self.reason or self.ended == "exited":
            return self.reason
        return f"It {'ran out of time' if self.ended == 'timed-out' else 'was ended'} after {self.seconds:.0f} s ({self.ended})."


class Runner(Protocol):
    """A way of working.

    `name` is the key an author writes in a binding. `reexecutes` tells that Phasegate itself runs the work, so that its
    evidence is re-executed by nature. `waits` tells that no program runs and the evidence arrives from outside.
    """

    name: str
    reexecutes: bool
    waits: bool

    def reports(self, value: Any) -> frozenset[str]:
        """Tell which of `money`, `tokens`, `requests` and `time` can be held to a budget, for the value of a binding."""
        ...

    def principals(self, request: Request) -> tuple[str, ...]:
        """Tell who acts when this request is run: sorted, without duplicates. To be asked before `run`."""
        ...

    def run(self, request: Request, stop: Event) -> Outcome:
        """Do the work; end it when `stop` is set.

        Raises
        ------
        RunnerError: the request cannot be run as it stands (no value, no workspace). A program that is missing or
            fails is an Outcome, not an error.

        """
        ...
