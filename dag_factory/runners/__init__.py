"""How a persona works: one module per way of working, one Protocol, one literal registry.

The rooms: `base` (request, outcome, Protocol); `check`, `command`, `python`, `external` (the ways); `process` (one
program, run to its end), below it `warden` (outlives no program, nor the reverse), `orphans` (the net under the
wardens), `bounds` and `offline` (what a program may take and reach), `output` and `masking` (the log, without secrets);
`environment` (what a program gets to know); `principals` and `functions` (who acted).
"""

from __future__ import annotations

from dag_factory.runners.base import Bounds, Ended, Limits, Outcome, Request, Runner
from dag_factory.runners.check import CheckRunner
from dag_factory.runners.command import CommandRunner
from dag_factory.runners.external import ExternalRunner
from dag_factory.runners.principals import static_principals
from dag_factory.runners.process import run_program
from dag_factory.runners.python import PythonRunner

__all__ = ["RUNNERS", "Bounds", "Ended", "Limits", "Outcome", "Request", "Runner", "run_program", "static_principals"]

RUNNERS: dict[str, Runner] = {
    "check": CheckRunner(),
    "command": CommandRunner(),
    "python": PythonRunner(),
    "external": ExternalRunner(),
}
