"""Keeps secrets out of evidence: what tells one is not kept, and is a finding.

A file is never masked: evidence is what was there, to the byte. Its name is, where it has to be told. Only texts that are secret by
nature or name are looked for (`dag_factory.operators.references.look_up`), and of these only the longer ones, for what is short stands
in ordinary words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from dag_factory.errors import PhasegateError
from dag_factory.evidence.statement import Refusal
from dag_factory.runners.masking import Mask, Secrets, spellings
from dag_factory.workspace.parsed import REGULAR
from dag_factory.workspace.private import PrivateRepository, Sealed

__all__ = ["LEAST", "SecretFoundError", "discreet", "leaks", "refuse_secrets", "secret_found"]

LEAST = 8
"""Characters from which on a secret is looked for in evidence."""

_CHUNK = 1 << 20


class SecretFoundError(PhasegateError):
    """A file has a secret in it."""


def refuse_secrets(stream: BinaryIO, secrets: Secrets) -> None:
    """Look for guarded secrets in a file, and go back to its beginning.

    Raises
    ------
    SecretFoundError: there is one.

    """
    sought = spellings(secrets.guarded, LEAST)
    if not sought:
        return
    before, overlap = b"", len(sought[0]) - 1
    while chunk := stream.read(_CHUNK):
        data = before + chunk
        if any(text in data for text in sought):
            raise SecretFoundError("It has a secret in it.", remedy="Have the program keep its secrets to itself.")
        before = data[-overlap:]
    stream.seek(0)


def leaks(repository: PrivateRepository, sealed: Sealed, secrets: Secrets) -> Iterator[Refusal]:
    """Every file that a sealed commit changes and that has a guarded secret in it, or in its name."""
    sought = spellings(secrets.guarded, LEAST)
    if not sought or sealed.commit is None:
        return
    for change in sealed.changes:
        if any(text in os.fsencode(change.path) for text in sought):
            yield secret_found(discreet(change.path, secrets))
    with repository.reading() as objects:
        held = objects.entries(sealed.commit)
        for change in sealed.changes:
            entry = held.get(os.fsencode(change.path))
            if entry is None or entry.mode not in REGULAR:
                continue
            [data] = objects.blobs([entry.id]).values()  # one file at a time: together they may be more than the memory
            if any(text in data for text in sought):
                yield secret_found(discreet(change.path, secrets))


def discreet(text: str, secrets: Secrets) -> str:
    """What a program gave a name to, or had said of it, without the guarded secrets in it."""
    return Mask(secrets.guarded).text(text)


def secret_found(name: str) -> Refusal:
    """Say that a file was not kept, without saying more of the secret."""
    return Refusal(
        rule="secret-in-evidence", path=name, text=f"{name} has a secret in it that its program was given; nothing of it was kept."
    )
