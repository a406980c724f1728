"""Rules about agents: that their command line is known, and that nobody writes a key into a spec."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.evidence.contract import RunContract
from dag_factory.runners.agents import AGENTS
from dag_factory.spec import Spec
from dag_factory.spec.shape import near

__all__ = ["agent_unknown", "secret_plain"]

_SECRET = re.compile(r"(^|_)(key|token|secret|passw(or)?d|pwd|credentials?)$", re.IGNORECASE)


def agent_unknown(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:  # noqa: ARG001 # asked like every rule
    """An agent is a command line that can be started and read."""
    for name, binding in spec.workflow.personas.items():
        cli = getattr(binding.agent, "cli", binding.agent)
        if cli is not None and cli not in AGENTS:
            path = ("personas", name, "agent") if isinstance(binding.agent, str) else ("personas", name, "agent", "cli")
            reason = f"There is no agent {cli!r}.{near(str(cli), AGENTS)}"
            yield Diagnostic("agent-unknown", spec.source.where(path), reason, f"Use one of {', '.join(AGENTS)}.")


def secret_plain(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:  # noqa: ARG001 # likewise
    """What is called a secret is a reference."""
    for name, binding in spec.workflow.personas.items():
        for variable, value in binding.env.items():
            if isinstance(value, str) and _SECRET.search(variable):
                reason = f"{variable} of {name} is called a secret, and stands in the spec for all to read."
                remedy = f"Write `{variable}: {{var: …}}`, or another reference."
                yield Diagnostic("secret-plain", spec.source.where(("personas", name, "env", variable)), reason, remedy)
