"""How much a signature shows.

=============  ==================================================================================================
`local`        Phasegate made the key itself, in one folder that all workers share: nobody tampered *afterwards*.
`pinned`       the public key stands in the plan: no key folder can put another in its place.
`isolated`     likewise, and the private key lies only where that persona works.
=============  ==================================================================================================

A run, a phase and a verdict have the lowest assurance of all who worked in it. Phasegate's own key, which signs charters and verdicts, is held by
whoever runs the platform: an auditor names it with `--trust`.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from dag_factory.errors import KeyFolderError
from dag_factory.evidence.contract import KeyContract, PinnedKey, RunContract
from dag_factory.evidence.keys import PublicKey

__all__ = ["LEVELS", "Assurance", "assurance_of", "badge", "in_force", "lowest", "public_key", "spki_of"]

Assurance = Literal["local", "pinned", "isolated"]
LEVELS: tuple[Assurance, ...] = ("local", "pinned", "isolated")
_SHOWS = {
    "local": "nothing was changed afterwards; no wall between programs on one worker",
    "pinned": "signed with keys that the workflow names",
    "isolated": "signed with keys that the workflow names, each only where its persona works",
}


def badge(assurance: str) -> str:
    """A level, and in plain words what it shows: it stands wherever a verdict is told."""
    return f"{assurance}: {_SHOWS[assurance]}"


def assurance_of(contract: RunContract, persona: str, keyid: str | None) -> Assurance:
    """The assurance of what a persona signs with a key: `local` where the plan does not pin that key."""
    pinned = contract.keys.get(persona)
    return pinned.assurance if pinned and keyid in {key.keyid for key in pinned.public} else "local"


def lowest(contract: RunContract, personas: Iterable[str], keyids: dict[str, str]) -> Assurance:
    """The lowest assurance of some personas, given the key of each."""
    found = [assurance_of(contract, persona, keyids.get(persona)) for persona in personas]
    return min(found, key=LEVELS.index, default="local")


def in_force(key: PinnedKey, moment: datetime) -> bool:
    """Whether a key counts at a moment: its first and its last day are within."""
    after = key.since is None or moment >= _day(key.since)
    return after and (key.until is None or moment < _day(key.until) + timedelta(days=1))


def public_key(persona: str, pinned: KeyContract, moment: datetime) -> PublicKey:
    """The key with which a persona signs from a moment on: of those in force, the one that came last.

    Raises
    ------
    KeyFolderError: none is in force.

    """
    found = [key for key in pinned.public if key.revoked is None and in_force(key, moment)]
    if not found:
        raise KeyFolderError(
            f"The plan pins {len(pinned.public)} keys of {persona}, and none of them is in force on {moment:%Y-%m-%d}.",
            remedy=f"Make one with `phasegate keys rotate {persona}`, and write it into the spec.",
        )
    newest = max(enumerate(found), key=lambda item: (item[1].since or "", item[0]))[1]
    lines = "\n".join(textwrap.wrap(newest.key, 64))
    key = PublicKey(f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n")
    assert key.keyid == newest.keyid  # noqa: S101 # both are of the same bytes: the plan was compiled from them
    return key


def spki_of(key: PublicKey) -> str:
    """A public key as a spec has it: the base64 of its SPKI bytes."""
    lines = key.pem.strip().splitlines()
    text = "".join(lines[1:-1])
    return base64.b64encode(base64.b64decode(text)).decode()


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
