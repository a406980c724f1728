"""What an auditor asks of a run beyond its phases: that nothing is missing between what was signed, and that every file is what was hashed.

A gate looks into the evidence it judges. An auditor also wants the logs, the sealed work and the plan, and every verdict that a later one, or the last
word, rests on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from dag_factory.errors import StoreError
from dag_factory.evidence.answering import worked_in
from dag_factory.evidence.archive import ArchiveStore
from dag_factory.evidence.assurance import lowest
from dag_factory.evidence.bundle import envelopes_of, named_by
from dag_factory.evidence.envelope import MAX_BYTES
from dag_factory.evidence.ledger import read_ledger
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.statement import Binding
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Finding, Verdict, vsa

__all__ = ["unwhole"]

_CHUNK = 1 << 20


def unwhole(run: RunStore, record: RunRecord) -> Iterator[Finding]:
    """Everything that is missing, altered, or there without a place.

    Parameters
    ----------
    run: where it lies.
    record: the same run, as it was read.

    """
    yield from _missing_words(record)
    yield from _taken_away(run, record)
    yield from _overstated(record)
    yield from _contradictory(record)
    yield from _misbound(record)
    for broken in (item for item in record.broken if not item.phase):
        yield Finding(rule="statement-invalid", subject=broken.task, text=f"{broken.name}: {broken.reason}.")
    for digest, what in named_by(record).items():
        if not _is_whole(run, digest):
            yield Finding(rule="evidence-altered", subject=what, text=f"The file {digest} is gone, or is not what was hashed.")
    yield from _ledger(run, record)
    if isinstance(run.store, ArchiveStore):
        yield from _left_over(run, run.store, record)


def _ledger(run: RunStore, record: RunRecord) -> Iterator[Finding]:
    """What was set aside: an entry that is missing between others, or was altered, would hide what was spent."""
    try:
        here = read_ledger(run, record.charter).digests
    except StoreError as error:
        yield Finding(rule="statement-invalid", subject="ledger", text=error.message)
        return
    for last in record.completions:
        if last.says.ledger is not None and last.says.ledger not in here:
            text = f"The last word {last.name} rests on the entry {last.says.ledger[:12]} of the ledger, which is not here."
            yield Finding(rule="statement-invalid", subject="ledger", text=text)


def _missing_words(record: RunRecord) -> Iterator[Finding]:
    for phase in record.contract.phases:
        found = record.verdicts.get(phase.id, ())
        here = {stored.digest for stored in found}
        for stored in found:
            before = stored.says.phasegate.previous
            if before is not None and before not in here:
                yield Finding(
                    rule="verdict-missing", subject=phase.id, text=f"Verdict {stored.name} follows {before[:12]}, which is not here."
                )
    verdicts = {stored.digest for found in record.verdicts.values() for stored in found}
    for last in record.completions:
        if gone := set(last.says.verdicts) - verdicts:
            what = ", ".join(sorted(digest[:12] for digest in gone))
            yield Finding(
                rule="verdict-missing", subject="complete", text=f"The last word {last.name} rests on verdicts that are not here: {what}."
            )


def _taken_away(run: RunStore, record: RunRecord) -> Iterator[Finding]:
    """What an older verdict rests on and is not here: a FAILED whose work is gone tells nobody what was wrong. Of the newest, its gate's chain tells."""
    older = [(phase, stored) for phase, found in record.verdicts.items() for stored in found[:-1]]
    here = {hashlib.sha256(run.read(name, at_most=MAX_BYTES) or b"").hexdigest() for name in envelopes_of(run, record)} if older else set()
    for phase, stored in older:
        said = stored.says
        rests_on = said.rests_on | {used.waiver for used in said.phasegate.waived}
        if gone := rests_on - here:
            what = ", ".join(sorted(digest[:12] for digest in gone))
            yield Finding(rule="verdict-missing", subject=phase, text=f"Verdict {stored.name} rests on what is not here: {what}.")


def _overstated(record: RunRecord) -> Iterator[Finding]:
    """A charter or verdicts that say more of the keys than the plan and the charter's keys do."""
    said, given = record.charter.says.assurance, lowest(record.contract, record.contract.personas, record.keyids)
    if said != given:
        text = f"The charter says that the keys of the run are {said}, and they are {given}."
        yield Finding(rule="assurance-too-low", subject="charter", text=text)
    for phase in record.contract.phases:
        for stored in record.verdicts.get(phase.id, ()):
            given = lowest(record.contract, worked_in(record, phase.id, stored.says.rests_on), record.keyids)
            said, listed = stored.says.phasegate.assurance, stored.says.verified_levels
            if said != given or listed != _told_again(record, stored.says).verified_levels:
                text = f"Verdict {stored.name} says that the keys of its phase are {said} ({', '.join(listed) or 'no level'}), and they are {given}."
                yield Finding(rule="assurance-too-low", subject=phase.id, text=text)


def _contradictory(record: RunRecord) -> Iterator[Finding]:
    """Words that say two things: a verdict in the fields that every reader of SLSA knows and in ours, the last word and the verdicts it rests on."""
    for phase, stored in ((name, stored) for name, found in record.verdicts.items() for stored in found):
        said, again = stored.says, _told_again(record, stored.says)
        wrong = [name for name in ("verifier", "resource_uri", "policy") if getattr(said, name) != getattr(again, name)]
        if wrong:
            text = f"Verdict {stored.name} is told to be of another {', '.join(wrong)} than its binding says."
            yield Finding(rule="statement-invalid", subject=f"{phase}/verdict", text=text)
    said_of, planned = record.charter.says.workflow, record.contract.workflow
    if said_of != planned:
        text = f"The charter is of the workflow {said_of}, and the plan that it froze of {planned}."
        yield Finding(rule="statement-misbound", subject="charter", text=text)
    words = {stored.digest: stored.says.phasegate.word for found in record.verdicts.values() for stored in found}
    for last in record.completions:
        rests_on = {words.get(digest) for digest in last.says.verdicts}
        waived = "PASSED_WITH_WAIVER" in rests_on
        if None not in rests_on and last.says.word != ("PASSED_WITH_WAIVER" if waived else "PASSED"):
            text = f"The last word {last.name} is {last.says.word}, and the verdicts that it rests on say otherwise."
            yield Finding(rule="statement-invalid", subject="complete", text=text)


def _misbound(record: RunRecord) -> Iterator[Finding]:
    """Everything under the charter says itself that it is of this run; a gate asks that of what it rests on, an auditor of all there is."""
    said = record.charter.says
    expected = (record.charter.digest, said.plan, said.dag_id, said.run_id)
    for where, name, bound in _bindings(record):
        if (bound.charter, bound.plan, bound.dag_id, bound.run_id) != expected:
            yield Finding(rule="statement-misbound", subject=where, text=f"{where} {name} is of another charter, plan, DAG or run.")


def _bindings(record: RunRecord) -> Iterator[tuple[str, str, Binding]]:
    """What each statement under the charter says that it belongs to, with where it lies."""
    yield from ((task_id, stored.name, stored.says.binding) for task_id, stored in record.delivered())
    yield from ((f"{phase}/converge", one.name, one.says.binding) for phase, found in record.converges.items() for one in found)
    yield from ((f"{phase}/verdict", one.name, one.says.phasegate.binding) for phase, found in record.verdicts.items() for one in found)
    yield from ((f"{phase}/triage", one.triage.name, one.triage.says.binding) for phase, found in record.rounds.items() for one in found)
    yield from ((f"{phase}/decision", one.name, one.says.binding) for phase, found in record.decisions.items() for one in found)
    yield from ((f"{phase}/waiver", one.name, one.says.binding) for phase, found in record.waivers.items() for one in found)
    yield from (("complete", one.name, one.says.binding) for one in record.completions)


def _told_again(record: RunRecord, said: Verdict) -> Verdict:
    """A verdict as it would be written today, of what its own extension says."""
    return vsa(record.contract, said.phasegate.binding, f"sha256:{record.charter.says.plan}", (), said.phasegate, said.time_verified)


def _is_whole(run: RunStore, digest: str) -> bool:
    """Whether a file is there with the bytes of its digest; it is never held in memory as a whole."""
    if not run.store.local:
        return run.blob(digest) is not None
    path, found = run.blob_path(digest), hashlib.sha256()
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                found.update(chunk)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", remedy="Check its rights.") from error
    return found.hexdigest() == digest


def _left_over(run: RunStore, store: ArchiveStore, record: RunRecord) -> Iterator[Finding]:
    """Lines of a bundle that nothing in the plan asks for, and a plan to be read that is another one."""
    for name in store.unsorted:
        yield Finding(rule="statement-invalid", subject="bundle", text=f"Line {name} is no envelope of any known kind.")
    placed = len({*envelopes_of(run, record)}) + sum(item.task not in ("triage", "complete") for item in record.broken)
    if extra := store.envelopes - len(store.unsorted) - placed:
        yield Finding(rule="statement-invalid", subject="bundle", text=f"{extra} lines belong to no task and no phase of the plan.")
    plan = store.root / "plan.json"
    if plan.is_file() and hashlib.sha256(plan.read_bytes()).hexdigest() != record.charter.says.plan:
        yield Finding(rule="evidence-altered", subject="plan.json", text="It is not the plan that the charter froze.")
