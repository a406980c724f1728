"""Judges a whole run: `complete` before it says the last word, and `phasegate verify` at any time after. Both see the same, so neither says more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dag_factory.evidence.record import RunRecord
from dag_factory.evidence.store import RunStore
from dag_factory.evidence.verdict import Answer, Finding, Recheck, Used, Word
from dag_factory.evidence.verify import Judgement, verify_run
from dag_factory.evidence.whole import unwhole

__all__ = ["Audit", "audited"]


@dataclass(frozen=True)
class Audit:
    """A run, judged from its beginning: a judgement a phase, both checklists, and what is wrong with it as a whole."""

    record: RunRecord
    judgements: tuple[Judgement, ...]
    answers: tuple[Answer, ...]
    findings: tuple[Finding, ...]

    @property
    def waived(self) -> tuple[Used, ...]:
        """What stands, and somebody answers for."""
        return tuple(used for judgement in self.judgements for used in judgement.waived)

    @property
    def rechecked(self) -> tuple[Recheck, ...]:
        """What was found once, and how it ended."""
        return tuple(item for judgement in self.judgements for item in judgement.rechecked)

    @property
    def word(self) -> Word:
        """What the run is called today."""
        return "FAILED" if self.findings else "PASSED_WITH_WAIVER" if self.waived else "PASSED"


def audited(run: RunStore, record: RunRecord, now: datetime) -> Audit:
    """Judge every phase again, and look whether anything of the run is missing, altered or left over.

    Parameters
    ----------
    run: where it lies.
    record: the same run, as it was read.
    now: the moment at which it is judged; when it was complete, for a run that is.

    Raises
    ------
    StoreError: a file is there and cannot be read.

    """
    judgements, answers, findings = verify_run(record, run.blob, now)
    told = {finding.subject for finding in findings if finding.rule == "evidence-altered"}
    findings += tuple(finding for finding in unwhole(run, record) if finding.subject not in told)
    return Audit(record, judgements, answers, findings)
