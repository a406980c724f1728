"""Looks references up, where a task executes and nowhere before; what was looked up is masked in logs, and the most secret of it guarded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dag_factory.errors import PhasegateError
from dag_factory.runners.masking import Secrets

__all__ = ["look_up", "resolve", "secrets_of"]

_SENSITIVE = re.compile(
    "passw|passphrase|pwd|secret|token|api_?key|apikey|private_?key|credential|authorization|access_?key", re.IGNORECASE
)
"""Names behind which there is a secret; Airflow hides the values of such variables and extras too."""


def resolve(value: Any, *, masked: bool = True) -> str:
    """Look a value up: text stays as it is; ``{env: X}``, ``{conn: id}`` (its URI) and ``{var: key}`` are found.

    Raises
    ------
    PhasegateError: there is no such variable or connection.

    """
    if isinstance(value, str):
        return value
    found = _found(value)[0]
    if masked:
        _mask(found)
    return found


def look_up(values: Mapping[str, Any]) -> tuple[dict[str, str], Secrets]:
    """Look every value of a mapping up; gives the values, and which texts must not be seen.

    All that was looked up is masked. Guarded, which means that no evidence may have it either, is what is secret by its nature or its
    name: a connection's password and what of its extras is called a secret, its URI if there is a password in it, and an environment
    variable or an Airflow variable that is called one, here or there.

    Parameters
    ----------
    values: texts and references, by the name of the variable they are for.

    Raises
    ------
    PhasegateError: there is no such variable or connection.

    """
    resolved: dict[str, str] = {}
    secrets = Secrets()
    for name, value in values.items():
        if isinstance(value, str):
            resolved[name] = value
            continue
        text, inner = _found(value)
        called = [name, *(word for word in value.values() if word)]
        guarded = (text, *inner) if inner or (value.get("conn") is None and any(map(_SENSITIVE.search, called))) else ()
        for one in (text, *inner):
            _mask(one)
        resolved[name] = text
        secrets |= Secrets((text, *inner), guarded)
    return resolved, secrets


def _mask(text: str) -> None:
    from airflow.sdk.log import mask_secret

    mask_secret(text)


def _found(value: Any) -> tuple[str, tuple[str, ...]]:
    """What a reference leads to, and the secrets within it."""
    from airflow.sdk import Connection, Variable
    from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

    kind, name = next((kind, name) for kind, name in value.items() if name is not None)
    try:
        if kind == "env":
            return os.environ[name], ()
        if kind == "var":
            return str(Variable.get(name)), ()
        connection = Connection.get(name)
        return str(connection.get_uri()), tuple(secrets_of(connection))
    except (KeyError, AirflowException, AirflowRuntimeError) as error:
        where = {"env": "environment variable", "var": "Airflow variable", "conn": "Airflow connection"}[kind]
        remedy = "Set it, or correct the reference in the spec."
        if kind == "env":
            remedy += " Checks of a merge run on workers of the default queue, whatever queue their persona has: set it there too."
        raise PhasegateError(f"There is no {where} {name!r} on this worker.", remedy=remedy) from error


def secrets_of(connection: Any) -> Iterator[str]:
    """A connection's password, and what its extras call a secret."""
    if connection.password:
        yield str(connection.password)
    pending: list[tuple[str, Any]] = list(dict(connection.extra_dejson).items())
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += value.items()
        elif isinstance(value, str) and value and _SENSITIVE.search(name):
            yield value
