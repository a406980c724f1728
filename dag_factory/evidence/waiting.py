"""What a run waits for now, and of whom: read from its store, so it says what ought to come next, and not whether Airflow is at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dag_factory.evidence.contract import PhaseContract, TaskContract
from dag_factory.evidence.decided import decided
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_closed, outrun
from dag_factory.evidence.policies.consent import asked_of, called_by, partial, same
from dag_factory.evidence.policies.cycles import unseen
from dag_factory.evidence.rounds import CONVERGE, JOIN, begun, rounds_of
from dag_factory.evidence.run import Round, RunRecord, Stored
from dag_factory.evidence.statement import TaskStatement, moment_of
from dag_factory.evidence.verdict import Verdict
from dag_factory.evidence.waiving import revoked

__all__ = ["Waited", "asked_again", "stands_at", "waits_for"]


@dataclass(frozen=True)
class Waited:
    """One thing that is waited for: the Airflow task or the command it comes from, and a sentence; `task` is who brings it from outside."""

    phase: str
    of: str
    says: str
    task: str = ""


def stands_at(record: RunRecord, now: datetime) -> PhaseContract | None:
    """The first phase that is not passed; None if all are."""
    return next((phase for phase in record.contract.phases if not_closed(record, phase, now)), None)


def waits_for(record: RunRecord, now: datetime) -> tuple[Waited, ...]:
    """What comes next; empty where every phase is passed, or where nothing comes any more.

    Parameters
    ----------
    record: the run, as its store holds it.
    now: the present moment, with its zone.

    """
    phase = stands_at(record, now)
    if phase is None:
        return ()
    rounds = rounds_of(record, phase.id, begun(record, phase.id))
    verdict = record.verdict(phase.id)
    at = rounds[-1].cycle if rounds else 0
    if verdict is not None and verdict.says.phasegate.binding.cycle >= at:  # a gate may have answered of which no cycle counts
        return tuple(_after(record, phase, verdict, now))
    case = Case(record, phase.id, _nothing, now, at)
    return tuple(_cycle(case, rounds[-1]) if rounds else _ordinary(case))


def _nothing(digest: str) -> bytes | None:  # noqa: ARG001 # who has delivered is told without looking into any file
    return None


def _gate(phase: str, cycle: int) -> str:
    return f"{phase}.fix_{cycle}.gate" if cycle else f"{phase}.gate"


def asked_again(phase: PhaseContract, cycle: int) -> str:
    """The task that is cleared, with what comes after it, to have a gate asked again: where people must agree, they are asked anew too.

    Parameters
    ----------
    cycle: the fix cycle of the gate; 0 for the first.

    """
    gate = _gate(phase.id, cycle)
    return f"{gate.removesuffix('gate')}evidence" if phase.approval else gate


def _ordinary(case: Case) -> Iterator[Waited]:
    before = case.contract.before(case.phase_id)
    follows = case.record.verdict(before.id) if before else None
    missing = [task for task in case.phase.tasks if not _done(case.record.statements.get(task.id), follows.digest if follows else None)]
    yield from _work(case, missing, "its evidence")
    if not missing:
        yield from _closing(case)


def _cycle(case: Case, newest: Round) -> Iterator[Waited]:
    said, tasks = newest.triage.says, case.contract.tasks
    done = {name for name, found in newest.statements.items() if _done(found, said.binding.previous_verdict)}
    mends = [tasks[order.task] for order in said.orders if order.task in tasks and order.task not in done]
    judges = [task for task in (*case.phase.judges, *case.again) if task.id not in done]
    yield from _work(case, mends, f"what it mends in fix cycle {newest.cycle}")
    yield from _work(case, [task for task in judges if task not in mends], f"its judgement in fix cycle {newest.cycle}")
    if not mends and not judges:
        yield from _closing(case)


def _done(found: Sequence[Stored[TaskStatement]] | None, follows: str | None) -> bool:
    """Whether something was delivered after the verdict that the work follows: what was for an older one must be done again."""
    return found is not None and bool(found) and found[-1].says.binding.previous_verdict == follows


def _work(case: Case, tasks: Iterable[TaskContract], what: str) -> Iterator[Waited]:
    for task in tasks:
        if task.external:
            over = "" if case.may_come(task.id) else "; its time is over"
            yield Waited(case.phase_id, "phasegate submit", f"@{task.persona} brings from outside {what}: {task.id}{over}", task.id)
        elif task.people:
            yield Waited(
                case.phase_id, task.id, f"@{task.persona} answers in Airflow with {what}: {task.id}; asked are {', '.join(task.people)}"
            )
        else:
            yield Waited(case.phase_id, task.id, f"@{task.persona} delivers {what}: {task.id}")


def _closing(case: Case) -> Iterator[Waited]:
    """Everybody has delivered: people who must agree, and the gate."""
    yield _approvals(case) or Waited(case.phase_id, _gate(case.phase_id, case.at), f"the gate of phase {case.phase_id} answers")


def _approvals(case: Case) -> Waited | None:
    """The people who must agree yet, to what lies here now; None where nobody must, too few may, or somebody refused."""
    asked = case.phase.approval
    able = _able(case.record, asked.people) if asked else []
    if (
        asked is None
        or len({same(login) for login in able}) < asked.need
        or any(stored.says.answer == "refuse" for stored in case.approvals)
    ):
        return None
    digest = asked_of(case)
    there = len({called_by(said.by) for stored in case.approvals if (said := stored.says).asked == digest})
    if there >= asked.need:
        return None
    return Waited(case.phase_id, "approve", f"{asked.need - there} of {asked.need} approvals, asked are {', '.join(able)}")


def _after(record: RunRecord, phase: PhaseContract, verdict: Stored[Verdict], now: datetime) -> Iterator[Waited]:
    """The newest gate has answered, and the phase is not passed."""
    fix, cycle = record.contract.fix, verdict.says.phasegate.binding.cycle
    gate, clear = _gate(phase.id, cycle), f"clear {asked_again(phase, cycle)} in Airflow, with what comes after it"
    case = Case(record, phase.id, _nothing, now, cycle)
    said = decided(record, phase.id, verdict.digest)
    answer = said.answer if said and (said.answer != "void" or not said.by) else ""  # after somebody's void answer they are asked again
    given = [
        item.says.number
        for item in record.waivers.get(phase.id, ())
        if moment_of(item.says.given_at) > moment_of(verdict.says.time_verified)
        if now < moment_of(item.says.expires_at) and not revoked(case, item)
    ]
    if verdict.says.phasegate.word != "FAILED":
        again = _clearing(case)
        yield Waited(
            phase.id, gate, f"the gate is asked again: {not_closed(record, phase, now)} Clear {again} in Airflow, with what comes after it"
        )
    elif given and answer == "waive":  # in Airflow's own question, behind which the gate is asked by itself
        name = f"{phase.id}.waived_{cycle - fix.max_cycles + 1}"
        yield _approvals(case) or Waited(phase.id, name, f"the gate is asked again and counts {', '.join(given)}")
    elif given:
        yield Waited(phase.id, gate, f"the gate is asked again and counts {', '.join(given)}; after `phasegate waive`, {clear}")
    elif cycle < fix.max_cycles or answer == "cycle":
        yield Waited(phase.id, f"{phase.id}.fix_{cycle + 1}.triage", f"fix cycle {cycle + 1} begins: triage says who mends what")
    elif not answer and not _waived_in_vain(record, phase, verdict) and (able := _able(record, fix.decide)):
        more = ", one more cycle" if cycle < fix.cycles else ""
        yield Waited(phase.id, "decide", f"a person decides in Airflow: waive{more} or stop; asked are {', '.join(able)}")


def _clearing(case: Case) -> str:
    """The first task that is cleared where a verdict counts no more, so that what follows from what was done again is done again too."""
    phase, at = case.phase, case.at
    if outrun(case.record, phase):
        return f"{phase.id}.open"
    group = f"{phase.id}.fix_{at}" if at else phase.id
    saw = {merge.says.binding.task: merge.says.saw for merge in case.merges if merge.says.binding.cycle == at}

    def behind(step: str, made: Iterable[Stored[TaskStatement] | None]) -> bool:
        seen = saw.get(step)
        return seen is not None and any(one and one.says.sealed and one.digest not in seen for one in made)

    if behind(CONVERGE, case.mended.values() if at else map(case.statement, phase.tasks)):
        return f"{group}.{CONVERGE}"
    judged = [one for task in (*phase.judges, *case.again) if at and (one := case.statement(task))]
    if any(unseen(case, one.says) for one in judged):
        return f"{group}.{CONVERGE if phase.converges else 'mended'}"
    return f"{group}.{JOIN}" if behind(JOIN, judged) else asked_again(phase, at)


def _able(record: RunRecord, people: Iterable[str]) -> list[str]:
    """Those of some people who have no part in the run; nobody else is asked."""
    return [login for login in people if partial(record, login) is None]


def _waived_in_vain(record: RunRecord, phase: PhaseContract, verdict: Stored[Verdict]) -> bool:
    """Whether a verdict is what a waiver came to: behind that gate nobody is asked any more."""
    bound, previous = verdict.says.phasegate.binding, verdict.says.phasegate.previous
    before = next((one for one in record.verdicts[phase.id] if one.digest == previous), None)
    said = decided(record, phase.id, before.digest) if before else None
    if before is None or said is None or (said.answer, said.binding.cycle) != ("waive", bound.cycle):
        return False
    return bound.attempt <= before.says.phasegate.binding.attempt  # a gate that was cleared since has a later try, and asks again
