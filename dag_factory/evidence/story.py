"""What became of what was found: the fix cycles of a run, as people are told of them."""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.evidence.rounds import begun, rounds_of
from dag_factory.evidence.run import Round, RunRecord
from dag_factory.evidence.verdict import Finding

__all__ = ["CycleStory", "OrderStory", "cycles_of"]


@dataclass(frozen=True)
class OrderStory:
    """One fix order: the task that was given findings, and the commit it sealed; None where it changed or delivered nothing."""

    owner: str
    persona: str
    findings: tuple[str, ...]
    commit: str | None
    delivered: bool


@dataclass(frozen=True)
class CycleStory:
    """One fix cycle: what its verdict had found, who mended it, and what of it the next verdict found no more.

    `mended` and `open` are empty while the gate of the cycle has not answered. `decision` is what a person said before it: who, and what.
    """

    phase: str
    cycle: int
    findings: tuple[Finding, ...]
    orders: tuple[OrderStory, ...]
    mended: tuple[str, ...]
    open: tuple[str, ...]
    unowned: tuple[str, ...]
    decision: str = ""


def cycles_of(record: RunRecord) -> tuple[CycleStory, ...]:
    """Every fix cycle that counts, in the order of the phases.

    Parameters
    ----------
    record: the run, as its store holds it.

    """
    return tuple(
        _cycle(record, phase.id, one) for phase in record.contract.phases for one in rounds_of(record, phase.id, begun(record, phase.id))
    )


def _cycle(record: RunRecord, phase: str, one: Round) -> CycleStory:
    before, after = record.verdict_in(phase, one.cycle - 1), record.verdict_in(phase, one.cycle)
    findings = before.says.phasegate.findings if before else ()
    left = {finding.id for finding in after.says.phasegate.findings} if after else set()
    names = [finding.id for finding in findings]
    return CycleStory(
        phase=phase,
        cycle=one.cycle,
        findings=findings,
        orders=tuple(_order(record, one, order.task, order.findings) for order in one.triage.says.orders),
        mended=tuple(name for name in names if name not in left) if after else (),
        open=tuple(name for name in names if name in left),
        unowned=(*one.triage.says.unowned, *one.triage.says.left),
        decision=_decision(record, phase, before.digest if before else ""),
    )


def _order(record: RunRecord, one: Round, task_id: str, findings: tuple[str, ...]) -> OrderStory:
    delivered = one.statements.get(task_id)
    said = delivered[-1].says if delivered else None
    commit = said.sealed.commit if said and said.sealed and said.sealed.bundle else None
    task = record.contract.tasks.get(task_id)
    return OrderStory(task_id, task.persona if task else "", findings, commit, said is not None)


def _decision(record: RunRecord, phase: str, verdict: str) -> str:
    found = [
        item.says
        for item in record.decisions.get(phase, ())
        if item.says.binding.previous_verdict == verdict and item.says.answer == "cycle"
    ]
    return f"{found[-1].by}: one more cycle. {found[-1].reason}".strip() if found else ""
