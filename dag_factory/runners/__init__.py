"""How a persona works: one module per way of working, one Protocol, one literal registry.

The rooms: `base` (request, outcome, Protocol); `check`, `command`, `python`, `external` (the ways), `human` and `operator` (those
of which Airflow does the work); `process` (one
program, run to its end), below it `warden` (outlives no program, nor the reverse), `orphans` (the net under the
wardens), `bounds`, `offline`, `confinement` and `landlock` (what a program may take, reach and write to), `output` and `masking` (the log, without secrets);
`environment` (what a program gets to know); `agent` (a coding command line, see `agents`) and `prompt` (what it is
told); `principals` and `functions` (who acted); `installed` (ways that other distributions bring); `extras` (what a
way needs beside Phasegate). Of a language model, `llm` is the side of the task, and `llm_child` its process: `llm_order` (what
both tell each other), `llm_loop` (the conversation), `room` and below it `confined` (its file tools), `llm_given` (Airflow's
provider in there), `llm_told` (why it could not go on).
"""

from __future__ import annotations

from dag_factory.runners.agent import AgentRunner
from dag_factory.runners.base import Allowance, Bounds, Ended, Figures, Flaw, Judgement, Limits, Outcome, Request, Runner
from dag_factory.runners.check import CheckRunner
from dag_factory.runners.command import CommandRunner
from dag_factory.runners.external import ExternalRunner
from dag_factory.runners.extras import lacking
from dag_factory.runners.human import HumanRunner
from dag_factory.runners.installed import installed
from dag_factory.runners.llm import LlmRunner
from dag_factory.runners.operator import OperatorRunner
from dag_factory.runners.principals import static_principals
from dag_factory.runners.process import run_program
from dag_factory.runners.python import PythonRunner

__all__ = [
    "RUNNERS",
    "Allowance",
    "Bounds",
    "Ended",
    "Figures",
    "Flaw",
    "Judgement",
    "Limits",
    "Outcome",
    "Request",
    "Runner",
    "lacking",
    "run_program",
    "runner_of",
    "static_principals",
]

RUNNERS: dict[str, Runner] = {
    "check": CheckRunner(),
    "command": CommandRunner(),
    "python": PythonRunner(),
    "external": ExternalRunner(),
    "agent": AgentRunner(),
    "llm": LlmRunner(),
    "human": HumanRunner(),
    "operator": OperatorRunner(),
}


def runner_of(name: str) -> Runner:
    """Find a runner: one of Phasegate's own, or one that an installed distribution brings as entry point `phasegate.runners`.

    Raises
    ------
    RunnerError: there is none of that name, or what is installed is no runner, stands there twice, or takes the name of one of our own.

    """
    return RUNNERS[name] if name in RUNNERS else installed(name, frozenset(RUNNERS))
