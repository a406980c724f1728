"""Keys: made once, readable by their owner alone, with an id that is computed."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from dag_factory.errors import KeyFolderError
from dag_factory.evidence.keys import KeyFolder, PublicKey, Signer


def pem_of(private, encryption=None):
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def public_pem(private):
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def unknown(kind):
    """A key of an algorithm that nobody knows."""
    private = Ed25519PrivateKey.generate()
    if kind == "PRIVATE KEY":
        data = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    else:
        data = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b64encode(data.replace(bytes.fromhex("2b6570"), bytes.fromhex("2b6579"))).decode()
    return f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n"


@pytest.fixture
def folder(tmp_path):
    return KeyFolder(tmp_path / "phasegate" / "keys")


def test_a_key_is_made_once(folder):
    first = folder.signer("architect", make=True)
    assert folder.signer("architect", make=True).public == folder.signer("architect").public == first.public
    assert folder.signer("sdet", make=True).public != first.public


def test_nobody_else_may_read_them(folder):
    folder.signer("architect", make=True)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.path / "architect.pem").stat().st_mode) == 0o600
    assert [path.name for path in folder.path.iterdir()] == ["architect.pem"], "nothing unfinished is left"


def test_a_key_that_is_not_there_is_not_made_unasked(folder):
    with pytest.raises(KeyFolderError, match=r"There is no key for architect in .*\. Let all workers share one folder"):
        folder.signer("architect")
    assert not folder.path.exists()


RACE = """
import pathlib, sys, time
from dag_factory.evidence.keys import KeyFolder
import cryptography.hazmat.primitives.serialization
root = pathlib.Path(sys.argv[1])
(root / f"ready-{sys.argv[2]}").touch()
while len(list(root.glob("ready-*"))) < 2:
    time.sleep(0.0005)
print(KeyFolder(root / "phasegate" / "keys").signer("architect", make=True).public.keyid)
"""


def test_two_processes_at_once_get_the_same_key(folder, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    processes = [subprocess.Popen([*command, str(number)], env=environment, stdout=subprocess.PIPE, text=True) for number in range(2)]
    keyids = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert keyids == {folder.signer("architect").public.keyid}
    assert [path.name for path in folder.path.iterdir()] == ["architect.pem"]


def test_the_loser_of_a_race_takes_the_key_of_the_winner(folder, monkeypatch):
    winner, link = Ed25519PrivateKey.generate(), os.link

    def late(source, target):
        target.write_bytes(pem_of(winner))
        link(source, target)

    monkeypatch.setattr("dag_factory.evidence.keys.os.link", late)
    assert folder.signer("architect", make=True).public.pem == public_pem(winner)
    assert [path.name for path in folder.path.iterdir()] == ["architect.pem"]


def test_a_key_id_is_the_digest_of_the_spki_bytes(folder):
    public = folder.signer("architect", make=True).public
    spki = load_pem_public_key(public.pem.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public.keyid == hashlib.sha256(spki).hexdigest()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_openssl_computes_the_same_key_id(folder):
    public = folder.signer("architect", make=True).public
    made = subprocess.run(
        ["openssl", "pkey", "-in", str(folder.path / "architect.pem"), "-pubout", "-outform", "DER"], capture_output=True, check=True
    )
    assert hashlib.sha256(made.stdout).hexdigest() == public.keyid


def test_a_key_of_openssl_can_be_used(folder):
    folder.path.mkdir(parents=True)
    private = Ed25519PrivateKey.generate()
    (folder.path / "architect.pem").write_bytes(pem_of(private))
    signer = folder.signer("architect", make=True)
    assert signer.public.pem == public_pem(private)
    assert signer.public.verifies(signer.sign(b"x"), b"x")


def test_a_signature_is_of_these_bytes_by_this_key(folder):
    one, other = folder.signer("architect", make=True), folder.signer("sdet", make=True)
    signature = one.sign(b"data")
    assert len(signature) == 64
    assert one.public.verifies(signature, b"data")
    assert not one.public.verifies(signature, b"date")
    assert not one.public.verifies(signature[:-1], b"data")
    assert not one.public.verifies(b"", b"data")
    assert not other.public.verifies(signature, b"data")


def test_the_same_key_in_another_pem_has_the_same_id(folder):
    public = folder.signer("architect", make=True).public
    padded = PublicKey("a note before it\n" + public.pem + "\n\n")
    assert padded.keyid == public.keyid


BROKEN = {
    "empty": b"",
    "text": b"this is no key",
    "truncated": pem_of(Ed25519PrivateKey.generate())[:60],
    "binary": bytes(range(256)),
    "a public key": public_pem(Ed25519PrivateKey.generate()).encode(),
    "encrypted": pem_of(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"secret")),
    "of an unknown algorithm": unknown("PRIVATE KEY").encode(),
}
OTHER = {
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ed448": ed448.Ed448PrivateKey.generate(),
    "rsa": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_key_is_told_and_not_replaced(folder, case):
    folder.path.mkdir(parents=True)
    (folder.path / "architect.pem").write_bytes(BROKEN[case])
    with pytest.raises(KeyFolderError, match=r"The key .*architect\.pem cannot be read: .*\. Restore it from a backup"):
        folder.signer("architect", make=True)
    assert (folder.path / "architect.pem").read_bytes() == BROKEN[case]


@pytest.mark.parametrize("case", OTHER)
def test_keys_are_ed25519_and_nothing_else(case):
    with pytest.raises(KeyFolderError, match="is not ed25519"):
        Signer.from_pem(pem_of(OTHER[case]), name="x")
    with pytest.raises(KeyFolderError, match="is not ed25519"):
        PublicKey(public_pem(OTHER[case])).keyid  # noqa: B018 # it is computed when it is asked for


@pytest.mark.parametrize(
    "pem", ["", "x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", unknown("PUBLIC KEY"), pem_of(OTHER["ec"]).decode()]
)
def test_what_is_no_public_key_is_told(pem):
    with pytest.raises(KeyFolderError, match="public key"):
        PublicKey(pem).keyid  # noqa: B018 # likewise


def test_a_folder_that_is_a_file_is_told(folder):
    folder.path.parent.mkdir(parents=True)
    folder.path.write_text("in the way")
    for make in (True, False):
        with pytest.raises(KeyFolderError, match=r"The key .* cannot be read or made: .*\. Check the rights of \[phasegate\] keys_root"):
            folder.signer("architect", make=make)


def test_a_key_that_is_a_folder_is_told(folder):
    (folder.path / "architect.pem").mkdir(parents=True)
    with pytest.raises(KeyFolderError, match="Is a directory"):
        folder.signer("architect", make=True)


def test_a_disk_that_is_full_leaves_no_half_key(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dag_factory.evidence.keys.os.fsync", full)
    with pytest.raises(KeyFolderError, match="No space left on device"):
        folder.signer("architect", make=True)
    assert list(folder.path.iterdir()) == []


def test_a_private_key_does_not_show_itself(folder):
    signer = folder.signer("architect", make=True)
    assert "PRIVATE" not in repr(signer)
    assert "PRIVATE" not in signer.public.pem
