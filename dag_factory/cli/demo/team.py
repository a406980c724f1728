"""Puts the visitor's own agent at the engineers' desks: in the demo's copy of the spec @software-engineer is bound to it, with the visitor's login.

What the visitor is logged in with stays where it is. The copied spec names HOME and refers to keys by the names of their variables; no key is written.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping

from dag_factory.cli.demo.home import DemoHome
from dag_factory.errors import PhasegateError

__all__ = ["AGENTS", "seat"]

AGENTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "claude": (
        "npm install -g @anthropic-ai/claude-code",
        "5 USD",
        (
            "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CONFIG_DIR",
            "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "AWS_PROFILE", "AWS_REGION", "CLOUD_ML_REGION", "ANTHROPIC_VERTEX_PROJECT_ID",
        ),
    ),
    "codex": ("npm install -g @openai/codex", "{tokens: 5000000}", ("CODEX_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEX_HOME")),
}  # fmt: skip
"""How each is installed, what it may spend for the two features together, and what of the visitor's environment it works with."""

_BOUND = re.compile(r"^  software-engineer: .*$", re.MULTILINE)


def seat(home: DemoHome, agent: str, environment: Mapping[str, str]) -> str:
    """Bind @software-engineer to an agent.

    Parameters
    ----------
    agent: `claude` or `codex`.
    environment: the visitor's.

    Returns
    -------
    What was bound, in words.

    Raises
    ------
    PhasegateError: there is no such agent, it is not installed, or the spec has no engineer.

    """
    if agent not in AGENTS:
        raise PhasegateError(f"There is no agent {agent!r}.", remedy=f"The agents are {', '.join(AGENTS)}.")
    install, budget, names = AGENTS[agent]
    if shutil.which(agent, path=environment.get("PATH")) is None:
        raise PhasegateError(f"`{agent}` is not on PATH.", remedy=f"Install it with `{install}`, log in with it once, and try again.")
    text = home.spec.read_text(encoding="utf-8")
    variables = {name: f"{name}: {{env: {name}}}" for name in names if environment.get(name)}
    variables |= {"HOME": f"HOME: {json.dumps(environment['HOME'])}"} if environment.get("HOME") else {}
    bound = f"  software-engineer: {{agent: {agent}, budget: {budget}, timeout: 45m, retries: 1, env: {{{', '.join(variables.values())}}}}}"
    written, count = _BOUND.subn(lambda _: bound, text)
    if count != 1:
        raise PhasegateError(f"{home.spec} binds no software-engineer.", remedy="Mend dag_factory/cli/demo/team.py.")
    home.spec.write_text(written, encoding="utf-8")
    keys = ", ".join(name for name in variables if name != "HOME")
    return f"@software-engineer is {agent}, with your login{f' ({keys})' if keys else ''}; it may spend {budget.strip('{}')} in all"
