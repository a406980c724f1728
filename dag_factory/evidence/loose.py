"""What a bundle shows without the files that it names: who signed, and that each thing rests on what is there. No judgement can be made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dag_factory.errors import EnvelopeError, StoreError
from dag_factory.evidence.archive import MOST_BUNDLE, ArchiveStore, sorted_lines
from dag_factory.evidence.decisions import Completion, Decision, Triage, Waiver
from dag_factory.evidence.envelope import open_envelope
from dag_factory.evidence.keys import AUTHORITY, PublicKey
from dag_factory.evidence.ledger import Reservation
from dag_factory.evidence.reading import parse
from dag_factory.evidence.record import read_charter
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import Charter, ConvergeStatement, TaskStatement
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Finding, Verdict

__all__ = ["Loose", "read_loose"]

_KINDS: dict[str, type[Any]] = {
    kind.TYPE: kind for kind in (TaskStatement, ConvergeStatement, Verdict, Triage, Decision, Waiver, Completion, Reservation)
}


@dataclass(frozen=True)
class Loose:
    """A bundle alone: its charter, what is wrong with it, how many envelopes it has, and the newest word on each phase."""

    charter: Stored[Charter]
    findings: tuple[Finding, ...]
    envelopes: int
    words: dict[str, str]


def read_loose(path: Path) -> Loose:
    """Read a bundle, and nothing but this file.

    Raises
    ------
    StoreError: it cannot be read, or holds no charter.
    EnvelopeError: its charter cannot be believed.

    """
    try:
        with path.open("rb") as stream:
            data = stream.read(min(MOST_BUNDLE, path.stat().st_size) + 1)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", remedy="Check its rights.") from error
    files = dict(sorted_lines(data)) if len(data) <= MOST_BUNDLE else {}
    charter = read_charter(RunStore(ArchiveStore(path, files), "."))
    if charter is None:
        raise StoreError(
            f"{path} holds no charter, or more than {MOST_BUNDLE} bytes.", remedy="Ask for it again, made by `phasegate export`."
        )
    keys = {name: PublicKey(pem) for name, pem in charter.says.keys.items()}
    lines = [hashlib.sha256(line).hexdigest() for line in files.values()]
    digests, before = set(lines), {lines[0]: 1}
    findings: list[Finding] = []
    words: dict[str, str] = {}
    for number, (name, line) in enumerate(list(files.items())[1:], 2):
        if (first := before.setdefault(lines[number - 1], number)) != number:
            findings.append(Finding(rule="statement-invalid", subject=f"line {number}", text=f"It is line {first} once more."))
            continue
        subject = f"line {number}" if name.startswith("unsorted/") else name.partition("/")[2]
        said = _opened(line, charter, keys, subject, findings)
        if said is not None:
            findings += _loose_ends(said, digests, subject)
            extension = said.get("phasegate")
            if isinstance(extension, dict):
                words[str(extension["binding"]["phase"])] = str(extension.get("word"))
    return Loose(charter, tuple(findings), len(files), words)


def _opened(
    line: bytes, charter: Stored[Charter], keys: dict[str, PublicKey], subject: str, findings: list[Finding]
) -> dict[str, Any] | None:
    """What an envelope says, if who should have signed it did, and if it is of this charter and plan."""
    try:
        payload = open_envelope(line, {key.keyid: key for key in keys.values()})
        kind = _KINDS[payload.payload["predicateType"]]
        parse(payload.payload, kind)  # whoever may sign may sign anything: what is not of its kind is no statement
        said = payload.payload["predicate"]
        who = said["persona"] if kind is TaskStatement else AUTHORITY
        bound = said["phasegate"]["binding"] if "phasegate" in said else said["binding"]
        of = (bound["charter"], bound["plan"])
    except (EnvelopeError, KeyError, TypeError) as error:
        reason = error.message if isinstance(error, EnvelopeError) else "it is no statement"
        findings.append(Finding(rule="statement-invalid", subject=subject, text=f"{reason}."))
        return None
    if who not in keys or keys[who].keyid != payload.keyid:
        findings.append(Finding(rule="persona-mismatch", subject=subject, text=f"It is not signed by {who}."))
    if of != (charter.digest, charter.says.plan):
        findings.append(Finding(rule="statement-misbound", subject=subject, text="It is of another charter or plan."))
    return dict(said)


def _loose_ends(said: dict[str, Any], digests: set[str], subject: str) -> Iterator[Finding]:
    extension = said.get("phasegate") or {}
    bound = extension.get("binding") or said.get("binding") or {}
    rests_on = {
        bound.get("previousVerdict"),
        extension.get("previous"),
        said.get("previous"),
        said.get("ledger"),
        *(said.get("verdicts") or ()),
        *(used["waiver"] for used in extension.get("waived") or ()),
    }
    rests_on |= {item.get("digest", {}).get("sha256") for item in said.get("inputAttestations") or ()}
    for digest in sorted(str(one) for one in rests_on - digests - {None}):
        yield Finding(rule="verdict-missing", subject=subject, text=f"It rests on {digest[:12]}, which is not here.")
