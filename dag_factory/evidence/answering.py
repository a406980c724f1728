"""Signs what a gate answered, and keeps it in the store."""

from __future__ import annotations

from dag_factory.evidence.keys import Signer
from dag_factory.evidence.record import RunRecord, binding_of
from dag_factory.evidence.statement import sign
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Extension, vsa
from dag_factory.evidence.verify import Judgement

__all__ = ["keep_verdict"]


def keep_verdict(run: RunStore, record: RunRecord, judgement: Judgement, *, attempt: int, moment: str, signer: Signer) -> str:
    """Sign a judgement and add it to the verdicts of its phase.

    Parameters
    ----------
    attempt: the gate's try.
    moment: when it was judged, as RFC 3339.
    signer: Phasegate's own key.

    Returns
    -------
    The name of the verdict in its folder.

    """
    charter, contract = record.charter, record.contract
    binding = binding_of(record, judgement.phase, "gate", attempt)
    extension = Extension(
        binding=binding,
        word="PASSED" if judgement.word == "PASSED" else "FAILED",
        findings=judgement.findings,
        checklists=judgement.answers,
        approved=judgement.approved,
        product=judgement.product,
        assurance=charter.says.assurance,
    )
    verdict = vsa(contract, binding, f"sha256:{charter.says.plan}", judgement.inputs, extension, moment)
    subjects = {f"{contract.workflow}/{judgement.phase}": {"sha256": charter.digest}}
    if judgement.approved:
        subjects["approved"] = {"gitCommit": judgement.approved}
    return run.append(f"{charter.digest[:16]}/verdicts/{judgement.phase}", sign(verdict, subjects, signer))
