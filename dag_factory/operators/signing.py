"""Finds the key with which a persona signs: in the key folder, or where the workflow says that its pinned one is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dag_factory.errors import KeyFolderError, PhasegateError
from dag_factory.evidence.keys import Signer
from dag_factory.evidence.record import RunRecord
from dag_factory.scope import Scope

__all__ = ["signer_of"]


def signer_of(scope: Scope, record: RunRecord, persona: str) -> Signer:
    """The key of a persona, looked up on this worker and kept nowhere.

    Raises
    ------
    KeyFolderError: there is none here, it cannot be read, or it is not the one that the charter names.

    """
    pinned = record.contract.keys.get(persona)
    found = _looked_up(persona, pinned.private) if pinned and pinned.private else scope.keys.signer(persona)
    if pinned and found.public.keyid != record.keyids.get(persona):
        raise KeyFolderError(
            f"The private key of {persona} on this worker does not belong to the public one of this run ({record.keyids.get(persona, '')[:12]}).",
            remedy="Put the newest key in its place, or pin the one that is there and start a new run.",
        )
    return found


def _looked_up(persona: str, where: Mapping[str, str]) -> Signer:
    kind, name = next(iter(where.items()))
    try:
        text = _read(kind, name)
    except (PhasegateError, OSError) as error:
        raise KeyFolderError(
            f"The private key of {persona} is not on this worker: {error}",
            remedy="Put it where `private:` says, on the workers of this persona alone.",
        ) from error
    return Signer.from_pem(text.encode(), name=f"of {persona} ({kind} {name})")


def _read(kind: str, name: str) -> str:
    """The PEM: a variable's value, or the file that an environment variable names; the password of a connection."""
    from dag_factory.operators.references import look_up

    if kind == "conn":
        from airflow.sdk import Connection
        from airflow.sdk.log import mask_secret

        look_up({"private_key": {"conn": name}})  # that it is not there is told in one way
        password = str(Connection.get(name).password or "")
        mask_secret(password)
        return password.replace("\\n", "\n")
    if kind == "env" and (path := Path(os.environ.get(name, ""))).is_absolute():
        return path.read_text(encoding="ascii")
    return look_up({"private_key": {kind: name}})[0]["private_key"].replace("\\n", "\n")
