"""What the task process and the process of a model tell each other: one order, and then a report after every move.

`dag_factory.runners.llm` writes the order into a pipe and reads the reports; `dag_factory.runners.llm_child` does the reverse. A report is one
line of JSON, and holds all that was told before: of a child that was killed, the last whole line counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

__all__ = ["MOST_REQUESTS", "Order", "Report"]

MOST_REQUESTS = 250
"""How often a model is asked in one attempt where no budget says it: a model that goes round in circles is stopped some day."""


@dataclass(frozen=True)
class Order:
    """What the model is to do.

    Parameters
    ----------
    connection: the id of the model's connection.
    model: which model, instead of the one that the connection names.
    mcp: ids of connections of MCP servers whose tools it has.
    toolsets: functions of the author, `module:function`, each of which gives one more toolset.
    connections: every connection that is needed, as JSON by id. Secret.
    secrets: what is put out of all that is told of the model's words, before any of it is cut short. Secret.
    prompt: all that it is told.
    judges: whether a verdict is asked for.
    room: the folders it works in, see `dag_factory.runners.room.Room`.
    spec_dir: where the author's functions lie.
    memory: the folder in which the conversation is kept; empty if nowhere.
    conversation: its id.
    resumed: whether it is one that goes on.
    laid: whether files of an earlier attempt lie in the workspace.
    requests: how often the model may be asked, or None.
    tokens: what it may take, or None.
    patience: seconds an answer of the model may take.

    """

    connection: str
    prompt: str
    conversation: str
    room: Mapping[str, Any]
    spec_dir: str
    connections: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    model: str | None = None
    mcp: tuple[str, ...] = ()
    toolsets: tuple[str, ...] = ()
    judges: bool = False
    memory: str = ""
    resumed: bool = False
    laid: bool = False
    requests: int | None = None
    tokens: int | None = None
    patience: float = 600.0

    def encoded(self) -> bytes:
        """Write it for the child."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `encoded` wrote."""
        told = json.loads(data)
        return cls(**{**told, **{name: tuple(told[name]) for name in ("mcp", "toolsets", "secrets")}})


@dataclass(frozen=True)
class Report:
    """How far a model is.

    Parameters
    ----------
    doing: what is going on, for people.
    since: when that began, in seconds since 1970.
    tokens_told: whether the model said of every answer what it took.
    changed: how often it wrote or deleted a file.
    summary: what it says it did; None before it has ended well.
    verdict: PASSED or FAILED, of one that judges.
    flaw: the rule that was broken, and why it could not go on; None if it could.

    """

    doing: str = ""
    since: float = 0.0
    provider: str = ""
    model: str = ""
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    tokens_told: bool = True
    changed: int = 0
    summary: str | None = None
    verdict: str = ""
    notes: str = ""
    references: tuple[str, ...] = ()
    flaw: tuple[str, str] | None = None

    def line(self) -> bytes:
        """Write it for the task process; half characters in what a model said pass for question marks, for no text with one can be signed."""
        return json.dumps(asdict(self), ensure_ascii=False).encode(errors="replace") + b"\n"

    @classmethod
    def last(cls, data: bytes) -> Self:
        """Read the last whole line of what was reported; where there is none, nothing has happened."""
        lines = data.split(b"\n")[:-1]
        if not lines:
            return cls()
        told = json.loads(lines[-1])
        return replace(cls(**told), references=tuple(told["references"]), flaw=tuple(told["flaw"]) if told["flaw"] else None)
