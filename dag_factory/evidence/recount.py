"""Tells a run from beginning to end, from its store alone.

Verdicts are told as they were signed; whether they are right is what `phasegate verify` judges again. No evidence is read for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Literal

from dag_factory.evidence.account import (
    CheckAccount,
    DecisionAccount,
    FileAccount,
    PhaseAccount,
    QuestionAccount,
    RunAccount,
    TaskAccount,
    VerdictAccount,
    WaiverAccount,
)
from dag_factory.evidence.contract import PhaseContract, Question, RunContract, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_closed
from dag_factory.evidence.policies.consent import partial
from dag_factory.evidence.rounds import begun, statement_of
from dag_factory.evidence.run import RunRecord, Stored
from dag_factory.evidence.statement import CheckResult, TaskStatement, moment_of
from dag_factory.evidence.story import CycleStory, cycles_of, findings_of
from dag_factory.evidence.verdict import Verdict
from dag_factory.evidence.waiting import Waited, waits_for

__all__ = ["account_of"]


def account_of(record: RunRecord, now: datetime, *, over: bool = False) -> RunAccount:
    """Tell a run.

    Parameters
    ----------
    record: the run, as its store holds it.
    now: the present moment, with its zone.
    over: whether `complete` has answered and nothing has come since, see `bundle.is_over`.

    """
    said = record.charter.says
    cycles = cycles_of(record)
    now = record.judged_at(now)
    phases = tuple(_phase(record, phase, tuple(one for one in cycles if one.phase == phase.id), now) for phase in record.contract.phases)
    waits = waits_for(record, now)
    return RunAccount(
        said.workflow, said.run_id, said.mission, _word(phases, () if over else waits), waits, said.plan, record.charter.digest, record.charter.keyid,
        said.assurance, said.base or "", said.triggered_by, said.written_at, phases,
        tuple(_question(record, question, now) for question in record.contract.questions),
        _cost(stored for task in record.contract.tasks.values() for stored in _attempts(record, task)), over,
    )  # fmt: skip


def _word(phases: tuple[PhaseAccount, ...], waits: tuple[Waited, ...]) -> str:
    if any(phase.doubt or phase.word not in {"PASSED", "PASSED_WITH_WAIVER"} for phase in phases):
        return "OPEN" if waits else "FAILED"
    return "PASSED_WITH_WAIVER" if any(phase.word == "PASSED_WITH_WAIVER" for phase in phases) else "PASSED"


def _phase(record: RunRecord, phase: PhaseContract, cycles: tuple[CycleStory, ...], now: datetime) -> PhaseAccount:
    verdict, last = record.verdict(phase.id), begun(record, phase.id)
    said = verdict.says.phasegate if verdict else None
    case = Case(record, phase.id, _nothing, now, last)
    tasks = tuple(_task(case, task) for task in phase.tasks)
    opened, seconds = _time(case, verdict, tasks)
    asked = phase.approval
    return PhaseAccount(
        id=phase.id, title=phase.title, says=phase.says, word=said.word if said else "",
        doubt=(not_closed(record, phase, now) or "") if said and said.word != "FAILED" else "",
        cycle=last, opened_at=opened, seconds=seconds, approved=(said.approved or "") if said else "",
        approval=f"{asked.need} of {', '.join(asked.people)}" if asked else "",
        tasks=tasks, cycles=cycles, findings=findings_of(record, phase.id),
        waivers=tuple(_waivers(record, phase.id, verdict, now)), decisions=tuple(_decisions(record, phase.id)),
        verdicts=tuple(_verdict(stored) for stored in record.verdicts.get(phase.id, ())),
        broken=tuple(f"{item.task}/{item.name}: {item.reason}" for item in record.broken if item.phase == phase.id),
    )  # fmt: skip


def _nothing(digest: str) -> bytes | None:  # noqa: ARG001 # a run is told without looking into any file
    return None


def _verdict(stored: Stored[Verdict]) -> VerdictAccount:
    said = stored.says.phasegate
    return VerdictAccount(said.word, said.binding.cycle, stored.says.time_verified, stored.digest, stored.keyid, len(said.findings))


def _time(case: Case, verdict: Stored[Verdict] | None, tasks: tuple[TaskAccount, ...]) -> tuple[str, float | None]:
    """When the phase was opened, and how long it took so far."""
    before = case.contract.before(case.phase_id)
    worked = [task.finished_at for task in tasks if task.finished_at]
    if before and not worked and (not_closed(case.record, before, case.now) is not None):
        return "", None
    begin = case.begun_at()
    ends = [moment_of(end) for end in (verdict.says.time_verified if verdict else "", *worked) if end]
    return begin, max(0.0, (max(ends) - moment_of(begin)).total_seconds()) if ends else None


def _task(case: Case, task: TaskContract) -> TaskAccount:
    record = case.record
    stored = statement_of(record, case.phase_id, case.cycle, task)
    said = stored.says if stored else None
    everything = _attempts(record, task)
    spent = sum((moment_of(one.says.finished_at) - moment_of(one.says.started_at)).total_seconds() for one in everything)
    return TaskAccount(
        id=task.id, persona=task.persona, runner=task.runner,
        state="missing" if said is None else "delivered" if said.outcome == "completed" else "failed",
        cycle=said.binding.cycle if said else 0, attempts=len(everything), principals=said.principals if said else (),
        keyid=stored.keyid if stored else "", statement=stored.digest if stored else "",
        commit=said.sealed.commit if said and said.sealed and said.sealed.bundle else "",
        started_at=said.started_at if said else "", finished_at=said.finished_at if said else "", seconds=max(0.0, spent),
        checked_by=tuple(_checkers(record.contract, task)), evidence=tuple(_files(case, task)),
        checks=tuple(map(_check, case.results(task))), claim=_claim(said.excerpt) if said and task.runner != "check" else "",
        cost=_cost(everything), tokens=_tokens(everything),
    )  # fmt: skip


def _check(one: CheckResult) -> CheckAccount:
    network = "none" if one.network == "none" else f"open: {one.why_open}"
    return CheckAccount(one.name, one.exit_code, one.ended, one.seconds, one.log, network, one.kept_in)


def _claim(excerpt: str) -> str:
    return (excerpt.strip().splitlines() or [""])[-1][:300]


def _cost(stored: Iterable[Stored[TaskStatement]]) -> str:
    """What some attempts cost together, to the cent, and up; empty where none told."""
    told = [one.says.figures.cost for one in stored if one.says.figures and one.says.figures.cost is not None]
    return f"{sum(map(Decimal, told), Decimal(0)).quantize(Decimal('0.01'), rounding=ROUND_UP)}" if told else ""


def _tokens(stored: Iterable[Stored[TaskStatement]]) -> int | None:
    figures = [one.says.figures for one in stored if one.says.figures]
    told = [part for one in figures for part in (one.input_tokens, one.output_tokens) if part is not None]
    return sum(told) if told else None


def _attempts(record: RunRecord, task: TaskContract) -> list[Stored[TaskStatement]]:
    mended = [stored for rounds in record.rounds.values() for one in rounds for stored in one.statements.get(task.id, ())]
    return [*record.statements.get(task.id, ()), *mended]


def _checkers(contract: RunContract, task: TaskContract) -> Iterable[str]:
    return (other.id for other in contract.tasks.values() if task.id in other.validates)


def _files(case: Case, task: TaskContract) -> Iterable[FileAccount]:
    for item in task.items:
        found = [entry for entry in case.entries(task, item) if entry.item == item.id]
        for entry in found:
            yield FileAccount(item.id, entry.name, entry.grade, entry.digest, entry.size)
        if not found and item.kind != "command":
            yield FileAccount(item.id, "", "", "", 0)


def _decisions(record: RunRecord, phase: str) -> Iterable[DecisionAccount]:
    for stored in record.decisions.get(phase, ()):
        said = stored.says
        yield DecisionAccount(
            said.binding.cycle,
            said.binding.task,
            said.answer,
            said.by,
            said.reason,
            said.findings,
            said.decided_at,
            "" if said.answer == "void" else partial(record, said.by, said.name) or "",
        )


def _waivers(record: RunRecord, phase: str, verdict: Stored[Verdict] | None, now: datetime) -> Iterable[WaiverAccount]:
    used = {one.waiver for one in verdict.says.phasegate.waived} if verdict else set()
    for stored in record.waivers.get(phase, ()):
        said = stored.says
        state: Literal["counts", "ran out", "not asked yet", "does not count"]
        if now >= moment_of(said.expires_at):
            state = "ran out"
        elif stored.digest in used:
            state = "counts"
        else:
            asked = verdict is not None and moment_of(verdict.says.time_verified) >= moment_of(said.given_at)
            state = "does not count" if asked else "not asked yet"
        names = tuple(scope.finding for scope in said.scope)
        yield WaiverAccount(said.number, names, said.reason, said.by, said.given_at, said.expires_at, state)


def _question(record: RunRecord, question: Question, now: datetime) -> QuestionAccount:
    answers = []
    for phase in (one for one in record.contract.phases if one.id in question.due):
        verdict = record.verdict(phase.id)
        said = verdict.says.phasegate if verdict else None
        counts = said is not None and (said.word == "FAILED" or not not_closed(record, phase, now))
        answers.append(next((answer for answer in said.checklists if answer.id == question.id), None) if said and counts else None)
    state: Literal["holds", "waived", "fails", "open"] = "holds"
    if any(answer and not answer.holds and not answer.waived for answer in answers):
        state = "fails"
    elif not answers or any(answer is None for answer in answers):
        state = "open"
    elif any(answer and answer.waived for answer in answers):
        state = "waived"
    return QuestionAccount(question.checklist, question.id, question.says, state)
