"""The keys that a workflow pins, as a gate is to know them: by their ids, which are computed and never read."""

from __future__ import annotations

import base64
import hashlib

from dag_factory.evidence.contract import KeyContract, PinnedKey
from dag_factory.spec import Workflow
from dag_factory.spec.keys import PublicKey

__all__ = ["keys_of"]


def keys_of(workflow: Workflow) -> dict[str, KeyContract]:
    """The keys of every persona that has some pinned."""
    return {
        name: KeyContract(
            assurance=written.assurance,
            public=tuple(_pinned(public) for public in written.public),
            private=written.private.model_dump(exclude_none=True) if written.private else None,
        )
        for name, written in sorted(workflow.keys.items())
    }


def _pinned(public: PublicKey) -> PinnedKey:
    days = {name: day.isoformat() for name in ("since", "until", "revoked") if (day := getattr(public, name))}
    return PinnedKey(key=public.key, keyid=hashlib.sha256(base64.b64decode(public.key)).hexdigest(), **days)
