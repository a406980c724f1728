"""A run's bundle: every envelope in one file, one a line (https://github.com/in-toto/attestation, bundle), in the order in which they rest on each other.

A bundle names files by digest. Together with them, as `blobs/<ab>/<sha256>`, it is all that `verify` needs: nothing else of the store is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.reported import Kept
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.statement import CheckResult, Sealed
from dag_factory.evidence.store import RunStore

__all__ = ["BUNDLE", "bundle_of", "envelopes_of", "is_over", "named_by"]

BUNDLE = "bundle.intoto.jsonl"
"""What the bundle is called in an archive."""


def envelopes_of(run: RunStore, record: RunRecord) -> list[str]:
    """Where every envelope of the run lies, below the run's place, in the order in which they rest on each other."""
    from dag_factory.evidence.record import fix_folder

    folder = record.charter.digest[:16]
    names = [f"charters/{record.charter.name}"]
    for phase in record.contract.phases:
        for task in phase.tasks:
            names += [f"{folder}/statements/{task.id}/{one.name}" for one in record.statements[task.id]]
        names += [f"{folder}/statements/{phase.id}/converge/{one.name}" for one in record.converges[phase.id]]
        names += [f"{folder}/triages/{phase.id}/{name}" for name in run.names(f"{folder}/triages/{phase.id}")]
        for one in record.rounds.get(phase.id, ()):
            for task_id, found in (*one.statements.items(), *one.superseded.items()):
                names += [f"{folder}/{fix_folder(phase.id, one.cycle, task_id)}/{stored.name}" for stored in found]
        names += [f"{folder}/decisions/{phase.id}/{stored.name}" for stored in record.decisions.get(phase.id, ())]
        names += [f"{folder}/waivers/{phase.id}/{stored.name}" for stored in record.waivers.get(phase.id, ())]
        names += [f"{folder}/verdicts/{phase.id}/{stored.name}" for stored in record.verdicts[phase.id]]
    names += [f"{folder}/ledger/{name}" for name in run.names(f"{folder}/ledger")]
    return names + [f"{folder}/completions/{name}" for name in run.names(f"{folder}/completions")]


def bundle_of(run: RunStore, record: RunRecord) -> bytes:
    """The bundle's bytes; each line, with its end, is an envelope as it was signed."""
    return b"".join(run.read(name) or b"" for name in envelopes_of(run, record))


def is_over(run: RunStore, record: RunRecord) -> bool:
    """Whether `complete` has answered, and nothing signed has come since: then Airflow is at nothing more, but what somebody has cleared."""
    folder = f"{record.charter.digest[:16]}/bundles"
    kept = [run.read(f"{folder}/{name}") or b"" for name in run.names(folder)[-1:]]
    return [one.count(b"\n") for one in kept] == [len(envelopes_of(run, record))]


def named_by(record: RunRecord) -> dict[str, str]:
    """Every file that something signed names: its digest, and what it is, in words; the plan first."""
    found = {record.charter.says.plan: "the plan"}
    for digest, what in _named(record):
        if digest is not None:
            found.setdefault(digest, what)
    return found


def _named(record: RunRecord) -> Iterator[tuple[str | None, str]]:
    for task_id, stored in record.delivered():
        says, of = stored.says, f"{task_id} {stored.name}"
        yield from ((entry.digest, f"{entry.task}/{entry.item}") for entry in says.evidence)
        yield says.log, f"the log of {of}"
        yield from _checked(says.checks, of)
        yield from _kept(says.sealed, says.kept, of)
    for phase, merges in record.converges.items():
        for merge in merges:
            yield from ((entry.digest, f"{entry.task}/{entry.item}") for entry in merge.says.evidence)
            yield from _checked(merge.says.checks, f"{phase}/converge {merge.name}")
            yield merge.says.sealed.bundle, f"the work merged by {phase}/converge {merge.name}"
            yield merge.says.product, f"the product's files as merged by {phase}/converge {merge.name}"


def _checked(checks: tuple[CheckResult, ...], of: str) -> Iterator[tuple[str | None, str]]:
    yield from ((check.log, f"the log of the check {check.name} of {of}") for check in checks)


def _kept(sealed: Sealed | None, kept: Kept | None, of: str) -> Iterator[tuple[str | None, str]]:
    if sealed:
        yield sealed.bundle, f"the sealed work of {of}"
    if kept:
        yield kept.memory, f"what a failed attempt left: {of}"
        if kept.sealed:
            yield kept.sealed.bundle, f"what a failed attempt left: {of}"
