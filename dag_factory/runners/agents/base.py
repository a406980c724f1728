"""What a coding command line must tell of itself: how it is started, what its output means, and what of it is kept for the next attempt."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dag_factory.runners.base import Figures, Request

__all__ = ["Cli", "Report", "Start", "Wanted", "bring", "counted", "grown", "named", "own_folder", "priced", "remember", "shown"]

_SHOWN = 300
_LONGEST = 64_000_000  # bytes of a conversation; of a longer one nothing would be kept, see `dag_factory.operators.keeping`
_MOST = 10**11
_REMEMBERED = 10_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_Figure = TypeVar("_Figure", int, Decimal)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/\[\]-]{0,99}")


@dataclass(frozen=True)
class Wanted:
    """What a binding asks of a command line, beside the work itself.

    Parameters
    ----------
    cli: its name.
    model: the model, as the command line calls it; its own default where empty.
    tools: what it may use, as the command line writes it; its own safe default where empty.
    turns: how often it may ask the model at most; None for as often as its budget lets it.

    """

    cli: str
    model: str = ""
    tools: tuple[str, ...] = ()
    turns: int | None = None

    @classmethod
    def of(cls, value: Any) -> Wanted:
        """Read the value of a binding: a name alone, or a mapping."""
        if isinstance(value, Mapping):
            return cls(str(value.get("cli")), value.get("model") or "", tuple(value.get("tools") or ()), value.get("turns"))
        return cls(str(value))


@dataclass(frozen=True)
class Start:
    """How it is started: the program and its arguments, and what it must know. The prompt is its standard input.

    `boxes` tells that it builds a sandbox of its own around its commands, which mounts, so that it cannot be kept in by ours.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    boxes: bool = False


@dataclass
class Report:
    """What was read of its output so far.

    Parameters
    ----------
    ended: whether it said that it is at its end, and went on with nothing after that.
    failed: why it did not do the work, in its own words; empty where it says that it did.
    spent: whether it gave up for want of budget.
    trouble: the last thing it said of a model that does not answer.
    said: the last words of the model.
    resumed: the conversation that was to go on; empty where a new one was asked for.
    spoken: input and output tokens of that conversation before, for a command line that counts them once more.
    seen: the newest messages that were counted, by a hash of their ids.

    """

    provider: str
    conversation: str = ""
    model: str = ""
    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Decimal | None = None
    ended: bool = False
    failed: str = ""
    spent: bool = False
    trouble: str = ""
    said: str = ""
    resumed: str = ""
    spoken: tuple[int, int] = (0, 0)
    seen: dict[int, None] = field(default_factory=dict)

    def new(self, message: object) -> bool:
        """Whether a message is met for the first time; it is noted. Of many only the newest are remembered: an older one counts once more."""
        name = hash(str(message))
        if name in self.seen:
            return False
        self.seen[name] = None
        if len(self.seen) > _REMEMBERED:
            del self.seen[next(iter(self.seen))]
        return True

    @property
    def figures(self) -> Figures:
        """What is known of it. The cost is told at the end, and by who counts no requests the tokens too: before it, they are not known."""
        tokens = (self.input_tokens, self.output_tokens) if self.ended or self.requests is not None else (None, None)
        return Figures(self.provider, self.model, self.conversation, self.requests, *tokens, self.cost if self.ended else None)


class Cli(Protocol):
    """A coding command line. `provider` is who is asked for its models, `program` what it is called on PATH."""

    name: str
    provider: str
    program: str
    install: str

    def start(self, request: Request, wanted: Wanted, home: Path) -> Start:
        """Say how it is started in a request's workspace, with everything of its own below `home`; what it is to resume is there already."""
        ...

    def read(self, event: Mapping[str, Any], report: Report) -> Iterator[str]:
        """Take one line of its output, which is a JSON object: into the report, and in words for who watches."""
        ...

    def model(self, request: Request, home: Path, conversation: str) -> str:
        """The model that was asked in a conversation, of a command line that names it only in its own files; empty where it is not known."""
        ...

    def sessions(self, request: Request, home: Path, conversation: str) -> list[tuple[Path, str]]:
        """The files a conversation is resumed from: where each lies, or has to lie, and its name among what is kept."""
        ...


def remember(cli: Cli, request: Request, home: Path, conversation: str) -> None:
    """Keep the files of a conversation for the next attempt; one that is too long, or cannot be copied, is not resumed."""
    if request.memory is None or not _ID.fullmatch(conversation):
        return
    with suppress(OSError):
        for path, name in cli.sessions(request, home, conversation):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LONGEST:
                target = request.memory / cli.name / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def model_of(cli: Cli, request: Request, home: Path, report: Report) -> str:
    """The model that worked: as the binding or the output names it, else as the command line's own files do."""
    return report.model or (cli.model(request, home, report.conversation) if _ID.fullmatch(report.conversation) else "")


def bring(cli: Cli, request: Request, home: Path) -> bool:
    """Lay the files of the conversation that is to be resumed where the command line looks for them; tell whether they are there."""
    if request.memory is None or not _ID.fullmatch(request.conversation):
        return False
    found = [(path, request.memory / cli.name / name) for path, name in cli.sessions(request, home, request.conversation)]
    if not found or not all(kept.is_file() and not kept.is_symlink() for _, kept in found):
        return False
    for path, kept in found:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, path)
    return True


def own_folder(request: Request, variable: str, usual: str, home: Path) -> Path:
    """The folder a command line keeps its login and conversations in.

    It is private to the task; but a binding that names the folder, or a HOME, means that one, with all that is in it.
    """
    if variable in request.environment:
        return Path(request.environment[variable])
    return Path(request.environment["HOME"]) / usual if "HOME" in request.environment else home


def shown(text: object, most: int = _SHOWN) -> str:
    """A text as one line of a log; what is no character is put out of it."""
    line = " ".join(str(text).encode("utf-8", "replace").decode().split())
    return line if len(line) <= most else f"{line[:most]} …"


def named(value: object, before: str = "") -> str:
    """A name that an agent gave: of its conversation, of its model. What cannot be one, since it could lead elsewhere, is passed over."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else before


def counted(value: object) -> int | None:
    """A count that an agent gave; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def grown(known: _Figure | None, told: _Figure | None) -> _Figure | None:
    """A figure after another was told: what was taken once is not taken back, whoever writes into the output."""
    return told if known is None else known if told is None else max(known, told)


def priced(value: object) -> Decimal | None:
    """An amount of US dollars that an agent gave; None where it is none."""
    try:
        amount = Decimal(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
        return abs(amount).quantize(Decimal("0.000001")) if amount is not None and amount.is_finite() and 0 <= amount <= _MOST else None
    except InvalidOperation:
        return None
