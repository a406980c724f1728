"""Looks references up, where a task executes and nowhere before; what was looked up is masked in logs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dag_factory.errors import PhasegateError

__all__ = ["resolve", "resolve_all"]


def resolve(value: Any, *, masked: bool = True) -> str:
    """Look a value up: text stays as it is; ``{env: X}``, ``{conn: id}`` (its URI) and ``{var: key}`` are found.

    Raises
    ------
    PhasegateError: there is no such variable or connection.

    """
    if isinstance(value, str):
        return value
    found = _found(value)
    if masked:
        from airflow.sdk.log import mask_secret

        mask_secret(found)
    return found


def _found(value: Any) -> str:
    from airflow.sdk import Connection, Variable
    from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

    kind, name = next((kind, name) for kind, name in value.items() if name is not None)
    try:
        if kind == "env":
            return os.environ[name]
        return str(Variable.get(name)) if kind == "var" else str(Connection.get(name).get_uri())
    except (KeyError, AirflowException, AirflowRuntimeError) as error:
        where = {"env": "environment variable", "var": "Airflow variable", "conn": "Airflow connection"}[kind]
        raise PhasegateError(
            f"There is no {where} {name!r} on this worker.", remedy="Set it, or correct the reference in the spec."
        ) from error


def resolve_all(values: Mapping[str, Any]) -> dict[str, str]:
    """Look every value of a mapping up."""
    return {name: resolve(value) for name, value in values.items()}
