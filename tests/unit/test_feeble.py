"""Keys for which anybody can sign: shown by signing for them without a private key, and refused wherever a public key is read."""

from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError
from support.runs import HonestRun

from dag_factory import feeble
from dag_factory.errors import EnvelopeError, KeyFolderError
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.keys import PublicKey as EvidenceKey
from dag_factory.evidence.record import read_charter
from dag_factory.spec.keys import PublicKey

_SPKI = bytes.fromhex("302a300506032b6570032100")
POINTS = [bytes([*point[:31], point[31] | sign]) for point in sorted(feeble._FEEBLE) for sign in (0, 0x80)]
SIGNED_BY_NOBODY = b"\1" + bytes(63)


def pem(point):
    return Ed25519PublicKey.from_public_bytes(point).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fits(point, message):
    try:
        Ed25519PublicKey.from_public_bytes(point).verify(SIGNED_BY_NOBODY, message)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("point", POINTS, ids=bytes.hex)
def test_anybody_can_sign_for_it_and_it_is_refused(point):
    assert any(fits(point, b"%d" % number) for number in range(400))
    assert feeble.is_feeble(point)
    with pytest.raises(KeyFolderError, match="anybody can sign"):
        _ = EvidenceKey(pem(point)).keyid
    with pytest.raises(ValidationError, match="anybody can sign"):
        PublicKey(key=base64.b64encode(_SPKI + point).decode())


def test_a_key_that_somebody_made_is_none_of_them():
    made = Ed25519PrivateKey.generate().public_key()
    assert not feeble.is_feeble(made.public_bytes_raw())
    assert EvidenceKey(pem(made.public_bytes_raw())).keyid
    assert PublicKey(key=base64.b64encode(_SPKI + made.public_bytes_raw()).decode())


@pytest.mark.parametrize(("text", "why"), [(pem(POINTS[2]), "anybody can sign"), ("nothing", "no PEM public key")])
def test_a_charter_with_a_key_that_is_none_is_told_by_its_name(tmp_path, text, why):
    run = HonestRun(tmp_path)
    keys = {name: run.keys.signer(name).public.pem for name in (AUTHORITY, *run.contract.personas)}
    run.kickoff(keys=keys | {"sdet": text})
    with pytest.raises(EnvelopeError, match=f"The charter 0002.json of .* cannot be believed: .*{why}"):
        read_charter(run.store)
