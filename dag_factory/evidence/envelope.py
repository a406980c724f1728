"""DSSE envelopes: https://github.com/secure-systems-lab/dsse, version 1.0.2, with exactly one ed25519 signature.

The signature covers the *pre-authentication encoding* of type and payload, so a shell can check it with `openssl pkeyutl -verify
-rawin` and nothing of ours.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dag_factory.errors import EnvelopeError, EvidenceError
from dag_factory.evidence.keys import PublicKey, Signer
from dag_factory.evidence.strict_json import loads

__all__ = ["PAYLOAD_TYPE", "Opened", "open_envelope", "pre_authentication_encoding", "sign_envelope"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_BYTES = 16_000_000
MAX_DEPTH = 32
MAX_NODES = 700_000
"""How many values a payload may hold: more than there are in one of that size that says anything."""


@dataclass(frozen=True)
class Opened:
    """What was signed, and by which key."""

    payload: dict[str, Any]
    keyid: str


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes a DSSE signature covers: ``DSSEv1 <len> <type> <len> <payload>``."""
    return b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(payload), payload)


def sign_envelope(payload: bytes, signer: Signer) -> bytes:
    """Wrap a payload and sign it; the same payload and key give the same bytes.

    Raises
    ------
    EnvelopeError: it would be longer than what is read.

    """
    signature = signer.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
    body = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": signer.public.keyid, "sig": base64.b64encode(signature).decode()}],
    }
    envelope = json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    if len(envelope) > MAX_BYTES:  # once it is in a store, nobody could read what lies beside it
        raise EnvelopeError(
            f"What was to be signed would take {len(envelope):,} bytes; {MAX_BYTES:,} are read.",
            remedy="Deliver fewer files, under shorter names.",
        )
    return envelope


def open_envelope(data: bytes, keys: Mapping[str, PublicKey]) -> Opened:
    """Check an envelope and return what it holds.

    Parameters
    ----------
    data: the envelope's bytes.
    keys: the keys that may have signed, by key id.

    Raises
    ------
    EnvelopeError: it is no envelope, has not exactly one signature, is signed by an unknown key, was altered, or is not one line with its end.

    """
    try:
        body = loads(data, max_bytes=MAX_BYTES, max_depth=8)
    except EvidenceError as error:
        raise EnvelopeError(f"it is no envelope: {error.message}") from error
    if not isinstance(body, dict) or set(body) != {"payload", "payloadType", "signatures"}:
        raise EnvelopeError("it is no DSSE envelope: it must have payload, payloadType and signatures, and nothing else")
    if body["payloadType"] != PAYLOAD_TYPE:
        raise EnvelopeError(f"its payload type is {str(body['payloadType'])[:80]!r}, not {PAYLOAD_TYPE}")
    keyid, signature = _one_signature(body["signatures"])
    key = keys.get(keyid)
    if key is None:
        raise EnvelopeError(f"key {keyid[:12]!r} is not among the keys of this run")
    payload = _decoded(body["payload"], "payload")
    if not key.verifies(signature, pre_authentication_encoding(PAYLOAD_TYPE, payload)):
        raise EnvelopeError("the signature does not fit: it was altered after signing")
    try:
        content = loads(payload, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_nodes=MAX_NODES)
    except EvidenceError as error:
        raise EnvelopeError(f"its payload is not strict JSON: {error.message}") from error
    if not isinstance(content, dict):
        raise EnvelopeError("its payload is no JSON object")
    if data.find(b"\n") != len(data) - 1:  # in a bundle it would be several lines, or none
        raise EnvelopeError("it is not one line, with its end")
    return Opened(content, key.keyid)


def _one_signature(signatures: object) -> tuple[str, bytes]:
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise EnvelopeError("it must have exactly one signature")
    entry = signatures[0]
    if not isinstance(entry, dict) or set(entry) != {"keyid", "sig"} or not isinstance(entry["keyid"], str):
        raise EnvelopeError("a signature has a keyid and a sig, and nothing else")
    return entry["keyid"], _decoded(entry["sig"], "signature")


def _decoded(text: object, what: str) -> bytes:
    if not isinstance(text, str):
        raise EnvelopeError(f"the {what} is no text")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError(f"the {what} is not base64") from error
    if base64.b64encode(data).decode() != text:  # its last bits may be anything: the same bytes would have several spellings
        raise EnvelopeError(f"the {what} is not base64 as it is written")
    return data
