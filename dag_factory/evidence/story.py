"""What became of what was found: the fix cycles of a run, and how each finding ended, as people are told of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dag_factory.evidence.decided import decided
from dag_factory.evidence.decisions import Order
from dag_factory.evidence.rounds import begun, rounds_of
from dag_factory.evidence.run import Round, RunRecord, Stored
from dag_factory.evidence.verdict import Extension, Finding, Verdict

__all__ = ["CycleStory", "FindingStory", "OrderStory", "cycles_of", "findings_of"]


@dataclass(frozen=True)
class OrderStory:
    """One fix order: the task that was given findings, and the commit it sealed; None where it changed or delivered nothing.

    `words` is the last line that its program printed, at most 200 characters: a claim, shown and never counted.
    """

    owner: str
    persona: str
    findings: tuple[str, ...]
    commit: str | None
    delivered: bool
    words: str = ""


@dataclass(frozen=True)
class CycleStory:
    """One fix cycle: what its verdict had found, who mended it, and what of it the next verdict found no more, or let pass for a waiver.

    `mended`, `open` and `waived` are empty while the gate of the cycle has not answered. `again` are the validators, and whether they have judged
    again. `decision` is what a person said before it: who, and what.
    """

    phase: str
    cycle: int
    findings: tuple[Finding, ...]
    orders: tuple[OrderStory, ...]
    mended: tuple[str, ...]
    open: tuple[str, ...]
    unowned: tuple[str, ...]
    decision: str = ""
    waived: tuple[str, ...] = ()
    again: tuple[OrderStory, ...] = ()


@dataclass(frozen=True)
class FindingStory:
    """One finding, from the verdict that had it first to what became of it.

    `since` is the cycle of that verdict. `cycle` is the one whose gate found it no more, and `by` are those who were ordered to mend it there: nobody,
    where a task merely did its work again. `waiver`, `until` and `waived_by` are set where a waiver lets it pass.
    """

    phase: str
    finding: Finding
    since: int
    now: Literal["mended", "open", "waived"]
    cycle: int | None = None
    by: tuple[OrderStory, ...] = ()
    waiver: str = ""
    waived_by: str = ""
    until: str = ""


def cycles_of(record: RunRecord) -> tuple[CycleStory, ...]:
    """Every fix cycle that counts, in the order of the phases.

    Parameters
    ----------
    record: the run, as its store holds it.

    """
    return tuple(
        _cycle(record, phase.id, one) for phase in record.contract.phases for one in rounds_of(record, phase.id, begun(record, phase.id))
    )


def findings_of(record: RunRecord, phase: str) -> tuple[FindingStory, ...]:
    """Every finding that any verdict on a phase had, in the order in which they were found first.

    Parameters
    ----------
    record: the run, as its store holds it.
    phase: the phase's id.

    """
    verdicts = record.verdicts.get(phase, [])
    first: dict[str, tuple[int, Finding]] = {}
    for stored in verdicts:
        said = stored.says.phasegate
        for finding in (*said.findings, *(used.finding for used in said.waived)):
            first.setdefault(finding.id, (said.binding.cycle, finding))
    ends = _Ends(record, phase, verdicts) if verdicts else None
    return tuple(ends.of(since, finding) for since, finding in first.values()) if ends else ()


class _Ends:
    """How the findings of a phase ended; each verdict is looked through once, for there may be thousands of them in each."""

    def __init__(self, record: RunRecord, phase: str, verdicts: list[Stored[Verdict]]) -> None:
        self._record, self._phase, self._verdicts = record, phase, verdicts
        last = verdicts[-1].says.phasegate
        self._open = {one.id: one for one in reversed(last.findings)}
        self._waived = {one.finding.id: one for one in reversed(last.waived)}
        self._unasked = _unasked(last)
        self._at = {name: index for index, stored in enumerate(verdicts) for name in _ids(stored)}  # the last that had it

    def of(self, since: int, finding: Finding) -> FindingStory:
        """How one ended.

        Parameters
        ----------
        since: the cycle of the verdict that had it first.

        """
        record, phase, name = self._record, self._phase, finding.id
        if newest := self._open.get(name):
            return FindingStory(phase, newest, since, "open")
        if name in self._unasked:
            return FindingStory(phase, finding, since, "open")
        if used := self._waived.get(name):
            number = next((item.says.number for item in record.waivers.get(phase, ()) if item.digest == used.waiver), "")
            return FindingStory(phase, used.finding, since, "waived", waiver=number, waived_by=used.by, until=used.expires_at)
        at = self._at[name]
        after = self._verdicts[at + 1].says.phasegate.binding.cycle
        orders = tuple(_orders(record, phase, self._verdicts[at], name))
        return FindingStory(phase, finding, since, "mended", after, orders)


def _unasked(said: Extension) -> set[str]:
    """What stands though a verdict does not have it among its findings: refusals, where nobody was asked again."""
    return {item.finding for item in said.rechecked if item.now == "open"}


def _ids(stored: Stored[Verdict]) -> set[str]:
    said = stored.says.phasegate
    return {finding.id for finding in said.findings} | {used.finding.id for used in said.waived}


def _orders(record: RunRecord, phase: str, verdict: Stored[Verdict], finding: str) -> Iterator[OrderStory]:
    """Who was ordered to mend a finding of a verdict, or to judge again where it was about their own evidence."""
    for one in record.rounds.get(phase, ()):
        if one.triage.says.binding.previous_verdict == verdict.digest:
            for order in (*one.triage.says.orders, *one.triage.says.again):
                if finding in order.findings:
                    yield _order(record, one, order)


def _cycle(record: RunRecord, phase: str, one: Round) -> CycleStory:
    before, after = record.verdict_in(phase, one.cycle - 1), record.verdict_in(phase, one.cycle)
    if before and after and after.says.phasegate.binding.previous_verdict != before.digest:
        after = None  # the gate of the cycle before was asked again, and this one has not answered since
    findings = before.says.phasegate.findings if before else ()
    left = {finding.id for finding in after.says.phasegate.findings} | _unasked(after.says.phasegate) if after else set()
    waived = {used.finding.id for used in after.says.phasegate.waived} if after else set()
    names = [finding.id for finding in findings]
    return CycleStory(
        phase=phase,
        cycle=one.cycle,
        findings=findings,
        orders=tuple(_order(record, one, order) for order in one.triage.says.orders),
        mended=tuple(name for name in names if name not in left | waived) if after else (),
        open=tuple(name for name in names if name in left),
        unowned=(*one.triage.says.unowned, *one.triage.says.left),
        decision=_decision(record, phase, before.digest if before else ""),
        waived=tuple(name for name in names if name in waived),
        again=tuple(_order(record, one, order) for order in one.triage.says.again),
    )


def _order(record: RunRecord, one: Round, order: Order) -> OrderStory:
    delivered = one.statements.get(order.task)
    said = delivered[-1].says if delivered else None
    commit = said.sealed.commit if said and said.sealed and said.sealed.bundle else None
    task = record.contract.tasks.get(order.task)
    printed = [line.strip() for line in said.excerpt.splitlines() if line.strip()] if said else []
    return OrderStory(
        order.task, task.persona if task else "", order.findings, commit, said is not None, printed[-1][-200:] if printed else ""
    )


def _decision(record: RunRecord, phase: str, verdict: str) -> str:
    said = decided(record, phase, verdict)
    return f"{said.by}: one more cycle. {said.reason}".strip() if said and said.answer == "cycle" else ""
