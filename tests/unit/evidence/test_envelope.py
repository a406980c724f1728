"""Envelopes: what was signed comes out again, and nothing else does."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.envelope import MAX_BYTES, PAYLOAD_TYPE, open_envelope, pre_authentication_encoding, sign_envelope
from dag_factory.evidence.keys import KeyFolder
from dag_factory.evidence.strict_json import dumps_canonical

PAYLOAD = {"_type": "x", "list": [1, 2, {"deep": None}], "text": "ä€𝄞", "yes": True}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    folder = KeyFolder(tmp_path_factory.mktemp("keys") / "keys")
    return {name: folder.signer(name, make=True) for name in ("architect", "phasegate")}


@pytest.fixture(scope="module")
def keys(signers):
    return {signers["architect"].public.keyid: signers["architect"].public}


@pytest.fixture(scope="module")
def envelope(signers):
    return sign_envelope(dumps_canonical(PAYLOAD), signers["architect"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), VALUES, max_size=5))
def test_what_was_signed_comes_out(signers, keys, payload):
    made = sign_envelope(dumps_canonical(payload), signers["architect"])
    opened = open_envelope(made, keys)
    assert opened.payload == payload
    assert opened.keyid == signers["architect"].public.keyid
    assert made == sign_envelope(dumps_canonical(payload), signers["architect"])


def test_the_encoding_is_that_of_the_specification():
    # The example of https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
    assert pre_authentication_encoding("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_openssl_verifies_it_without_us(tmp_path, signers, envelope):
    body = json.loads(envelope)
    (tmp_path / "key.pem").write_text(signers["architect"].public.pem)
    (tmp_path / "signature").write_bytes(base64.b64decode(body["signatures"][0]["sig"]))
    (tmp_path / "signed").write_bytes(pre_authentication_encoding(PAYLOAD_TYPE, base64.b64decode(body["payload"])))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-sigfile", "signature", "-in", "signed"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "signed").write_bytes(b"another")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def changed(**changes):
    return lambda body: json.dumps(body | changes)


def signature(**changes):
    return lambda body: json.dumps(body | {"signatures": [body["signatures"][0] | changes]})


def another(body):
    return json.dumps(body | {"payload": base64.b64encode(dumps_canonical(PAYLOAD | {"yes": False})).decode()})


def stuffed(body):
    return json.dumps(body | {"signatures": [body["signatures"][0], {"keyid": "0" * 64, "sig": "AAAA"}]})


def duplicate(name, value):
    return lambda body: json.dumps(body)[:-1] + f', "{name}": {value}}}'


def without(name):
    return lambda body: json.dumps({key: value for key, value in body.items() if key != name})


SPOILT = {
    "payload edited": (another, "altered after signing"),
    "two signatures": (stuffed, "exactly one signature"),
    "one signature twice": (lambda body: json.dumps(body | {"signatures": body["signatures"] * 2}), "exactly one signature"),
    "no signature": (changed(signatures=[]), "exactly one signature"),
    "signatures are no list": (changed(signatures={}), "exactly one signature"),
    "signature is no object": (changed(signatures=["x"]), "a keyid and a sig"),
    "signature says more": (signature(cert="x"), "a keyid and a sig"),
    "keyid is a number": (signature(keyid=1), "a keyid and a sig"),
    "unknown key": (signature(keyid="0" * 64), "not among the keys"),
    "key by its start": (lambda body: signature(keyid=body["signatures"][0]["keyid"][:12])(body), "not among the keys"),
    "key in capitals": (lambda body: signature(keyid=body["signatures"][0]["keyid"].upper())(body), "not among the keys"),
    "signature of nothing": (signature(sig=""), "altered after signing"),
    "signature too short": (signature(sig="AAAA"), "altered after signing"),
    "signature of zeros": (signature(sig=base64.b64encode(bytes(64)).decode()), "altered after signing"),
    "signature is null": (signature(sig=None), "no text"),
    "signature no base64": (signature(sig="%%%%"), "not base64"),
    "payload no base64": (changed(payload="é"), "not base64"),
    "payload is null": (changed(payload=None), "no text"),
    "payload with line breaks": (
        lambda body: json.dumps(body | {"payload": body["payload"][:8] + "\n" + body["payload"][8:]}),
        "not base64",
    ),
    "payload without padding": (lambda body: json.dumps(body | {"payload": body["payload"].rstrip("=") + "="}), "base64|altered"),
    "another type": (changed(payloadType="text/plain"), "payload type"),
    "type in capitals": (changed(payloadType=PAYLOAD_TYPE.upper()), "payload type"),
    "type is a list": (changed(payloadType=[PAYLOAD_TYPE]), "payload type"),
    "says more": (changed(more=1), "nothing else"),
    "no payload": (without("payload"), "nothing else"),
    "no type": (without("payloadType"), "nothing else"),
    "a list": (lambda body: json.dumps([body]), "nothing else"),
    "duplicate key": (duplicate("payloadType", f'"{PAYLOAD_TYPE}"'), "stands twice"),
    "NaN": (lambda body: json.dumps(body | {"payload": float("nan")}), "NaN"),
    "empty": (lambda body: "", "no envelope"),
    "two documents": (lambda body: json.dumps(body) * 2, "no envelope"),
    "byte order mark": (lambda body: "\ufeff" + json.dumps(body), "byte order mark"),
    "too deep": (lambda body: "[" * 100_000, "no envelope"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_is_spoilt_is_refused(envelope, keys, case):
    spoil, why = SPOILT[case]
    with pytest.raises(EnvelopeError, match=why):
        open_envelope(spoil(json.loads(envelope)).encode(), keys)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: b"\n" + data,
        lambda data: data.replace(b",", b",\n", 1),
        lambda data: data[:-1] + b"\n ",
    ],
)
def test_an_envelope_is_one_line_with_its_end(envelope, keys, spoil):
    with pytest.raises(EnvelopeError, match="it is not one line, with its end"):
        open_envelope(spoil(envelope), keys)


# signed by a real key, and still no statement
SIGNED = {
    "duplicate key": (b'{"verdict":"FAILED","verdict":"PASSED"}', "stands twice"),
    "NaN": (b'{"x":NaN}', "NaN"),
    "infinity": (b'{"x":1e999}', "beyond a double"),
    "a list": (b"[1]", "no JSON object"),
    "nothing": (b"", "not strict JSON"),
    "not UTF-8": (b'{"x":"\xff"}', "not UTF-8"),
    "half a surrogate pair": (b'{"x":"\\ud800"}', "surrogate"),
    "too deep": (b'{"x":' + b"[" * 40 + b"]" * 40 + b"}", "nested more"),
}


@pytest.mark.parametrize("case", SIGNED)
def test_a_signature_does_not_make_it_strict(signers, keys, case):
    payload, why = SIGNED[case]
    with pytest.raises(EnvelopeError, match=why):
        open_envelope(sign_envelope(payload, signers["architect"]), keys)


def test_the_key_of_somebody_else_does_not_count(signers, keys):
    with pytest.raises(EnvelopeError, match="not among the keys"):
        open_envelope(sign_envelope(b"{}", signers["phasegate"]), keys)


def test_a_signature_under_the_id_of_another_key_does_not_fit(signers):
    made = json.loads(sign_envelope(b"{}", signers["phasegate"]))
    made["signatures"][0]["keyid"] = signers["architect"].public.keyid
    known = {signer.public.keyid: signer.public for signer in signers.values()}
    with pytest.raises(EnvelopeError, match="altered after signing"):
        open_envelope(json.dumps(made).encode(), known)


def test_truncated_anywhere_it_is_refused(envelope, keys):
    for length in range(0, len(envelope) - 1, 50):
        with pytest.raises(EnvelopeError):
            open_envelope(envelope[:length], keys)


def test_with_any_bit_flipped_it_is_refused(envelope, keys):
    for index in range(len(envelope)):
        for bit in range(8):
            spoilt = bytearray(envelope)
            spoilt[index] ^= 1 << bit
            with pytest.raises(EnvelopeError):
                open_envelope(bytes(spoilt), keys)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_spare_bits_of_base64_are_no_hiding_place(signers, keys, length):
    # One of three payloads has spare bits at its end: another last sign decodes to the same bytes.
    payload = b'{"x":"' + b"a" * length + b'"}'
    body = json.loads(sign_envelope(payload, signers["architect"]))
    for sign in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/":
        text = body["payload"]
        end = len(text.rstrip("=")) - 1
        other = text[:end] + sign + text[end + 1 :]
        if other != text:
            with pytest.raises(EnvelopeError):
                open_envelope(json.dumps(body | {"payload": other}).encode(), keys)


def test_what_is_too_large_is_not_even_read(keys):
    with pytest.raises(EnvelopeError, match="at most"):
        open_envelope(b" " * (MAX_BYTES + 1), keys)


def test_a_message_stays_short_whatever_was_written(envelope, keys):
    body = json.loads(envelope) | {"payloadType": "x" * 1_000_000}
    with pytest.raises(EnvelopeError) as caught:
        open_envelope(json.dumps(body).encode(), keys)
    assert len(str(caught.value)) < 500


def test_a_payload_of_very_many_values_is_not_read(tmp_path):
    signer = KeyFolder(tmp_path).signer("architect", make=True)
    keys = {signer.public.keyid: signer.public}
    assert open_envelope(sign_envelope(b'{"a":[' + b"0," * 600_000 + b"0]}", signer), keys).payload
    with pytest.raises(EnvelopeError, match="more than 700000 values"):
        open_envelope(sign_envelope(b'{"a":[' + b"0," * 800_000 + b"0]}", signer), keys)
