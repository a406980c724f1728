"""A run signed again with keys that everybody knows, always the same, so that a spoilt statement can be signed by whoever may sign it."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import Any

from dag_factory.evidence.envelope import sign_envelope
from dag_factory.evidence.keys import AUTHORITY, PublicKey, Signer
from dag_factory.evidence.statement import TaskStatement
from dag_factory.evidence.strict_json import dumps_canonical
from fuzzing.laws import SEEDS

__all__ = ["RUN", "enveloped", "lines_of", "payload_of", "resigned", "run_lines", "signer"]

RUN = SEEDS / "run"
"""An archive of a small run, as `phasegate export` wrote it."""


@cache
def signer(name: str) -> Signer:
    """A key made of its name."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"phasegate fuzzing {name}".encode()).digest())
    return Signer(private, PublicKey(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()))


def enveloped(payload: bytes, name: str = AUTHORITY) -> bytes:
    """A payload, signed."""
    return sign_envelope(payload, signer(name))


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a bundle, each with its end, but for one that is cut off; one with nothing in it is one, too."""
    ended, last = data.split(b"\n")[:-1], data.rpartition(b"\n")[2]
    return [line + b"\n" for line in ended] + [last] * bool(last)


def run_lines() -> list[bytes]:
    """The envelopes of the run."""
    return lines_of((RUN / "bundle.intoto.jsonl").read_bytes())


def payload_of(line: bytes) -> Any:
    """What an envelope holds, unverified."""
    return json.loads(base64.b64decode(json.loads(line)["payload"]))


def resigned(lines: list[bytes]) -> list[bytes]:
    """The same run under our keys: every digest of an envelope that another names is replaced by the new one's."""
    made: list[bytes] = []
    digests: dict[str, str] = {}
    for line in lines:
        text = dumps_canonical(payload_of(line)).decode()
        for before, after in digests.items():
            text = text.replace(before, after)
        payload = json.loads(text)
        if "keys" in payload["predicate"]:
            payload["predicate"]["keys"] = {name: signer(name).public.pem for name in payload["predicate"]["keys"]}
        envelope = enveloped(dumps_canonical(payload), "worker" if payload["predicateType"] == TaskStatement.TYPE else AUTHORITY)
        digests[hashlib.sha256(line).hexdigest()] = hashlib.sha256(envelope).hexdigest()
        made.append(envelope)
    return made
