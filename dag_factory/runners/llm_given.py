"""Airflow in the process of a model: the connections that were handed to it, and the provider's hook. Nothing else here imports Airflow.

The provider looks connections up as every hook does, and in that process there is no worker to ask: so what was handed over is Airflow's secrets
backend there. It is in memory alone, and not in the environment, which programs that a toolset starts would inherit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["agent_hook", "hand_over", "masked", "mcp_toolset"]

_given: dict[str, str] = {}


def hand_over(connections: Mapping[str, str]) -> None:
    """Make connections known to Airflow in this process, before anything of it is imported.

    Parameters
    ----------
    connections: as JSON, by id.

    """
    _given.update(connections)
    os.environ["AIRFLOW__SECRETS__BACKEND"] = f"{__name__}.Given"
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"  # the log is for what the model does


def agent_hook(connection: str, model: str | None) -> Any:
    """The provider's hook for a connection.

    Raises
    ------
    ValueError: the connection is none of the provider's.

    """
    from airflow.providers.common.ai.hooks.pydantic_ai import PydanticAIHook

    return PydanticAIHook.get_hook(connection, hook_params={"model_id": model} if model else None)


def mcp_toolset(connection: str) -> Any:
    """The tools of an MCP server, by the provider's connection to it."""
    from airflow.providers.common.ai.toolsets.mcp import MCPToolset

    return MCPToolset(connection, tool_prefix=re.sub(r"\W", "_", connection, flags=re.ASCII))


def masked(text: str) -> str:
    """Put out what Airflow knows to be secret: passwords, and extras that are called so, of the connections that were looked up."""
    from airflow.providers.common.compat.sdk import redact

    return str(redact(text))


def __getattr__(name: str) -> Any:
    if name != "Given":
        raise AttributeError(name)
    from airflow.sdk.bases.secrets_backend import BaseSecretsBackend

    class Given(BaseSecretsBackend):
        """Knows what was handed over, and nothing else."""

        def get_conn_value(self, conn_id: str, team_name: str | None = None) -> str | None:  # noqa: ARG002 # Airflow's signature
            return _given.get(conn_id)

        def get_variable(self, key: str, team_name: str | None = None) -> str | None:  # noqa: ARG002 # likewise
            return None

    globals()[name] = Given
    return Given
