"""Looks references up, where a task executes and nowhere before; what was looked up is masked in logs, and the most secret of it guarded."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from dag_factory.errors import PhasegateError
from dag_factory.runners.masking import Secrets

__all__ = ["look_up", "resolve", "secrets_of"]

_SENSITIVE = re.compile(
    "passw|passphrase|pwd|secret|token|api_?key|apikey|private_?key|credential|authorization|access_?key"
    "|auth_?header|bearer|connection_?string|service_?key|webhook_?url|(?<![a-z])dsn(?![a-z])",
    re.IGNORECASE,
)
"""Names behind which there is a secret; Airflow hides the values of such variables and extras too."""
_NUMBERED = re.compile(
    "(passw(or)?d|passphrase|pwd|secret|(?<!max)(?<!max_)token|(api|access|private|secret|service)_?key|credential)$", re.IGNORECASE
)
"""Names whose value is a secret though it is a number. Others of a secret's names stand for counts and times, as `max_tokens` and `token_lifetime` do."""
_DEEPEST = 16


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
    variable or an Airflow variable that is called one, here or there. So is what is one within them: a password in a URL, and what JSON
    calls a secret; then the whole of it is guarded too.

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
            return os.environ[name], tuple(_within("", os.environ[name]))
        if kind == "var":
            found = str(Variable.get(name))
            return found, tuple(_within("", found))
        connection = Connection.get(name)
        return str(connection.get_uri()), tuple(secrets_of(connection))
    except (KeyError, AirflowException, AirflowRuntimeError) as error:
        where = {"env": "environment variable", "var": "Airflow variable", "conn": "Airflow connection"}[kind]
        remedy = "Set it, or correct the reference in the spec."
        if kind == "env":
            remedy += " Checks of a merge run on workers of the default queue, whatever queue their persona has: set it there too."
        raise PhasegateError(f"There is no {where} {name!r} on this worker.", remedy=remedy) from error


def secrets_of(connection: Any) -> Iterator[str]:
    """A connection's password, the one in its host where that is a URL, and what its extras call a secret."""
    if connection.password:
        yield str(connection.password)
    yield from _within("", connection.host)
    yield from _within("", dict(connection.extra_dejson))


def _within(name: str, value: Any, depth: int = _DEEPEST) -> Iterator[str]:
    """The secrets in a value: a text or a number that is called one, the password of a URL, and those of a mapping, a list, or JSON in a text.

    Parameters
    ----------
    name: what the value is called; what is in a list is called as the list is.

    """
    if isinstance(value, dict | list) and depth:
        for key, part in value.items() if isinstance(value, dict) else ((name, part) for part in value):
            yield from _within(str(key), part, depth - 1)
    elif isinstance(value, str) and value:
        if _SENSITIVE.search(name):
            yield value
        yield from _password(value)
        if depth and value.lstrip()[:1] in ("{", "["):
            yield from _within(name, _read(value), depth - 1)
    elif isinstance(value, int) and not isinstance(value, bool) and _NUMBERED.search(name):
        yield str(value)


def _password(text: str) -> Iterator[str]:
    """The password in a URL, as it is and as it is written there; one that the URL tells elsewhere too, such as the login, is none."""
    try:
        written = urlsplit(text.strip()).netloc.rpartition("@")[0].partition(":")[2]
    except ValueError:  # no URL, though it looks like one
        return
    if written and text.count(written) == 1:
        yield from dict.fromkeys((unquote(written), written))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
