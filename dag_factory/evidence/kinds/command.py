"""A check that Phasegate ran itself: its exit code is the evidence."""

from __future__ import annotations

from typing import ClassVar

from dag_factory.evidence.kinds.base import (
    CHECK_FAILED,
    CHECK_MISSING,
    Examination,
    Expectation,
    Material,
    Opened,
    clipped,
    rejected,
)

__all__ = ["CommandExpect", "CommandKind"]

_TAIL_BYTES = 4_000


class CommandExpect(Expectation):
    """Nothing may be asked of a command but that it ends with 0."""


class CommandKind(Opened[CommandExpect]):
    """The exit code of a command; 0 alone will do."""

    name: ClassVar[str] = "command"
    Expect: ClassVar[type[Expectation]] = CommandExpect

    def look(self, material: Material, expect: CommandExpect) -> Examination:  # noqa: ARG002 -- nothing may be asked
        """Look at the exit code; what the command printed only serves the message."""
        code = material.exit_code
        if code is None or isinstance(code, bool):  # a truth is no exit code
            return rejected(
                f"{material.name}: the check was not run or did not end, so nothing is known. Let it run to its end.",
                rule=CHECK_MISSING,
            )
        if code != 0:
            end = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            said = _last_line(material.data)
            return rejected(
                f"{material.name}: the check {end}{f' after “{said}”' if said else ''}. Only exit code 0 will do.",
                rule=CHECK_FAILED,
            )
        return Examination()


def _last_line(data: bytes) -> str:
    lines = data[-_TAIL_BYTES:].decode(errors="replace").split("\n")
    return next((clipped(line) for line in reversed(lines) if line.strip()), "")
