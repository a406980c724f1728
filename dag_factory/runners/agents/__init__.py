"""Coding command lines, one module each, in one literal registry. They are loaded where one of them works, and nowhere before.

To add one: write a module with a `Cli` (see `base`), and name it here with what it reports.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AGENTS", "Known"]


@dataclass(frozen=True)
class Known:
    """A command line: the module whose `CLI` it is, and which of `money`, `tokens`, `requests` and `time` its own output tells."""

    module: str
    reports: frozenset[str]


AGENTS: dict[str, Known] = {
    "claude": Known("dag_factory.runners.agents.claude", frozenset({"money", "tokens", "requests", "time"})),
    "codex": Known("dag_factory.runners.agents.codex", frozenset({"tokens", "time"})),
}
