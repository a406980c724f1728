"""Looks up the connections that a model's process needs, where its task executes and nowhere before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dag_factory.errors import PhasegateError
from dag_factory.operators.references import secrets_of
from dag_factory.runners.masking import Secrets

__all__ = ["connections_of"]

_STAND_INS = "fallback_conn_ids"  # the provider's own name for them, in a connection's extra


def connections_of(work: Mapping[str, Any]) -> tuple[dict[str, str], Secrets]:
    """Look up what an `llm` binding names: its connection and those that stand in for it, its MCP servers, and what its toolsets need.

    Parameters
    ----------
    work: the binding's value, see `dag_factory.spec.llm.Llm`.

    Returns
    -------
    Each as JSON, by id; and what in them must be seen in no log and no evidence.

    Raises
    ------
    PhasegateError: there is no such connection.

    """
    primary = _connection(work["connection"])
    stand_ins = primary.extra_dejson.get(_STAND_INS) or []
    named = [one.strip() for one in stand_ins if isinstance(one, str) and one.strip()] if isinstance(stand_ins, list) else []
    wanted = dict.fromkeys([*named, *(work.get("mcp") or ()), *(work.get("connections") or ())])
    found = {work["connection"]: primary} | {one: _connection(one) for one in wanted if one != work["connection"]}
    secret = tuple(dict.fromkeys(text for connection in found.values() for text in secrets_of(connection)))
    return {name: str(connection.as_json()) for name, connection in found.items()}, Secrets(secret, secret)


def _connection(name: str) -> Any:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

    try:
        return Connection.get(name)
    except (AirflowException, AirflowRuntimeError) as error:
        raise PhasegateError(
            f"There is no Airflow connection {name!r} for this task.", remedy="Make it, or correct its id in the spec."
        ) from error
