"""Signs what a gate answered, and keeps it in the store."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from dag_factory.evidence.assurance import lowest
from dag_factory.evidence.keys import Signer
from dag_factory.evidence.run import RunRecord, binding_of
from dag_factory.evidence.statement import sign
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Extension, vsa
from dag_factory.evidence.verify import Judgement

__all__ = ["keep_verdict", "worked_in"]


def worked_in(record: RunRecord, phase: str, inputs: Collection[str]) -> frozenset[str]:
    """The personas who worked in a phase: those of its tasks, and of what its fix cycles brought that a verdict rests on.

    Parameters
    ----------
    inputs: the digests of what the verdict rests on.

    """
    tasks = record.contract.tasks
    brought = (task_id for task_id, stored in record.delivered() if stored.says.binding.phase == phase and stored.digest in inputs)
    return frozenset({task.persona for task in record.contract.phase(phase).tasks} | {tasks[task_id].persona for task_id in brought})


def keep_verdict(run: RunStore, record: RunRecord, judgement: Judgement, *, attempt: int, moment: str, signer: Signer) -> str:
    """Sign a judgement and add it to the verdicts of its phase.

    Parameters
    ----------
    attempt: the gate's try.
    moment: when it was judged, as RFC 3339.
    signer: Phasegate's own key.

    Returns
    -------
    The digest of the verdict's envelope.

    """
    charter, contract = record.charter, record.contract
    binding = binding_of(record, judgement.phase, "gate", attempt, cycle=judgement.cycle)
    before = record.verdicts.get(judgement.phase)
    extension = Extension(
        binding=binding,
        previous=before[-1].digest if before else None,
        word="FAILED" if judgement.word == "INCONCLUSIVE" else judgement.word,
        findings=judgement.findings,
        waived=judgement.waived,
        rechecked=judgement.rechecked,
        checklists=judgement.answers,
        approved=judgement.approved,
        product=judgement.product,
        assurance=lowest(contract, worked_in(record, judgement.phase, judgement.inputs), record.keyids),
    )
    verdict = vsa(contract, binding, f"sha256:{charter.says.plan}", judgement.inputs, extension, moment)
    subjects = {f"{contract.workflow}/{judgement.phase}": {"sha256": charter.digest}}
    if judgement.approved:
        subjects["approved"] = {"gitCommit": judgement.approved}
    envelope = sign(verdict, subjects, signer)
    run.append(f"{charter.digest[:16]}/verdicts/{judgement.phase}", envelope)
    return hashlib.sha256(envelope).hexdigest()
