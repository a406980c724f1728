"""Signing keys: ed25519, one a persona, and one for Phasegate itself.

A key id is the sha256 of the public key's SPKI bytes (RFC 5280, DER). It is always computed, never read from input. `local` keys are
made on first use in one folder that all workers share; they show that nobody tampered afterwards, and are no wall between
programs that run as the same user.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dag_factory.errors import KeyFolderError
from dag_factory.feeble import is_feeble

__all__ = ["AUTHORITY", "KeyFolder", "PublicKey", "Signer"]

AUTHORITY = "phasegate"
"""Who signs charters, merges and verdicts."""


@dataclass(frozen=True)
class PublicKey:
    """A public key, in PEM."""

    pem: str

    @cached_property
    def _key(self) -> Any:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(self.pem.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyFolderError(
                "A public key cannot be read: it is no PEM public key.", remedy="Use an ed25519 public key in PEM."
            ) from error
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFolderError("A public key is not ed25519.", remedy="Make one with `openssl genpkey -algorithm ed25519`.")
        if is_feeble(key.public_bytes_raw()):
            raise KeyFolderError("A public key is one for which anybody can sign.", remedy="Make one with `phasegate keys make`.")
        return key

    @cached_property
    def keyid(self) -> str:
        """Sha256 of the key's SPKI bytes, in hex."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return hashlib.sha256(self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether this key signed these bytes."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key that signs, and never shows itself."""

    _private: Any
    public: PublicKey

    def sign(self, data: bytes) -> bytes:
        """Sign bytes (ed25519, 64 bytes)."""
        signature: bytes = self._private.sign(data)
        return signature

    @classmethod
    def from_pem(cls, pem: bytes, *, name: str) -> Signer:
        """Read a private key.

        Raises
        ------
        KeyFolderError: it is not an ed25519 private key in PEM.

        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFolderError(
                f"The key {name} cannot be read: it is no PEM private key.",
                remedy="Restore it from a backup, or remove it and start a new run.",
            ) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyFolderError(f"The key {name} is not ed25519.", remedy="Make one with `openssl genpkey -algorithm ed25519`.")
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return cls(private, PublicKey(public.decode()))


@dataclass(frozen=True)
class KeyFolder:
    """A folder of private keys, one file a name, readable by its owner alone."""

    path: Path

    def signer(self, name: str, *, make: bool = False) -> Signer:
        """The key of a persona.

        Parameters
        ----------
        name: the persona, or `AUTHORITY`.
        make: make the key if there is none; two processes that do so at once get the same.

        Raises
        ------
        KeyFolderError: there is no such key, or it cannot be read or made.

        """
        file = self.path / f"{name}.pem"
        try:
            if make and not file.exists():
                self._make(file)
            return Signer.from_pem(file.read_bytes(), name=str(file))
        except OSError as error:
            if make or not isinstance(error, FileNotFoundError):
                raise KeyFolderError(
                    f"The key {file} cannot be read or made: {error.strerror}.",
                    remedy="Check the rights of [phasegate] keys_root.",
                ) from error
            raise KeyFolderError(
                f"There is no key for {name} in {self.path}: this worker does not see the keys with which the run began.",
                remedy="Let all workers share one folder, and name it in [phasegate] keys_root.",
            ) from error

    def public(self, name: str) -> PublicKey:
        """The public key of a name: from its private one, or from ``NAME.pub`` where only that was given to this worker.

        Raises
        ------
        KeyFolderError: there is neither.

        """
        file = self.path / f"{name}.pub"
        if (self.path / f"{name}.pem").exists() or not file.is_file():
            return self.signer(name).public
        return PublicKey(file.read_text(encoding="ascii", errors="replace"))

    def _make(self, file: Path) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        handle, temporary = tempfile.mkstemp(dir=self.path, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(pem)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(temporary, file)
        except FileExistsError:
            pass  # somebody else was first: theirs is the key
        finally:
            Path(temporary).unlink()
