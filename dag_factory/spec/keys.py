"""What may be said of the keys with which personas sign: which are theirs, from when, until when, and where the private one lies."""

from __future__ import annotations

import base64
import binascii
import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dag_factory.feeble import is_feeble
from dag_factory.spec.scalars import Word
from dag_factory.spec.written import Written

__all__ = ["Key", "PublicKey"]

_SPKI = bytes.fromhex("302a300506032b6570032100")
"""How the SPKI bytes of every ed25519 key begin (RFC 8410, section 4)."""


def _ed25519(text: str) -> str:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a public key is the one line between BEGIN and END of an ed25519 key in PEM") from error
    if len(data) != len(_SPKI) + 32 or not data.startswith(_SPKI) or base64.b64encode(data).decode() != text:
        raise ValueError("this is no ed25519 public key; `phasegate keys make` prints one")
    if is_feeble(data[len(_SPKI) :]):
        raise ValueError("this is a key for which anybody can sign; `phasegate keys make` prints one")
    return text


def _tuple_of(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class PublicKey(Written):
    """One public key. Days are in UTC; `since` and `until` are both within it, and from the day on which it is `revoked` nothing that it ever signed counts."""

    key: Annotated[Word, AfterValidator(_ed25519)]
    since: datetime.date | None = None
    until: datetime.date | None = None
    revoked: datetime.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> PublicKey:
        if self.since and self.until and self.until < self.since:
            raise ValueError("the key ends before it begins")
        return self


class Place(Written):
    """Where a private key is looked up, on the worker and nowhere before: exactly one of the three."""

    env: Word | None = None
    conn: Word | None = None
    var: Word | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Place:
        if sum(part is not None for part in (self.env, self.conn, self.var)) != 1:
            raise ValueError("a private key has exactly one place: env, conn or var")
        return self


class Key(Written):
    """The keys of one persona.

    `pinned`: the public ones stand here, so no key folder can put another in their place. `isolated`: likewise, and the private one lies only where that
    persona works, which no task of another persona can read.
    """

    assurance: Literal["pinned", "isolated"] = "pinned"
    public: Annotated[tuple[PublicKey, ...], BeforeValidator(_tuple_of), Field(min_length=1)]
    private: Place | None = None
