"""The page of a run, and of a gate's verdict: what was answered, and what the answer rests on. No evidence is read to list it."""

from __future__ import annotations

from collections import Counter

from dag_factory.evidence.assurance import badge
from dag_factory.evidence.contract import PhaseContract
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import OpenRun, Stored, fix_folder
from dag_factory.evidence.verdict import Verdict
from phasegate_plugin.pages.faults import missing
from phasegate_plugin.pages.mended import cycle_rows, more_statements, waived_rows
from phasegate_plugin.pages.opening import phase_of
from phasegate_plugin.pages.places import Places, shell_lines
from phasegate_plugin.pages.reading import CONVERGE, Newest, Spoken, earlier, spoken
from phasegate_plugin.pages.views import (
    Crumb,
    FindingView,
    Heading,
    PhaseRow,
    QuestionView,
    RunView,
    StatementView,
    TaskRow,
    VerdictRow,
    VerdictView,
)

__all__ = ["heading", "run_view", "verdict_view"]


def heading(places: Places, title: str, *way: Crumb) -> Heading:
    """The head of a page below the run; the last of `way` is the page itself."""
    run = Crumb(places.run_id, places.run if way else "")
    return Heading(title, (Crumb(places.dag_id, places.airflow_run), run, *way), places.dag_id, places.run_id)


def run_view(run: OpenRun, places: Places) -> RunView:
    """The whole run: phases in plan order, with the newest verdict of each."""
    said, answers, words = run.charter.says, [(phase, spoken(run, phase)) for phase in run.contract.phases], run.completions()[0]
    newest = tuple(answer.stored.digest if answer.stored else "" for _, answer in answers)
    last = words[-1].says if words and words[-1].says.verdicts == newest else None  # one about older verdicts is none
    return RunView(
        heading=heading(places, f"{said.workflow} · {said.run_id}"),
        workflow=said.workflow,
        mission=said.mission,
        begun=said.written_at,
        charter=run.charter.digest,
        plan=said.plan,
        keyid=run.charter.keyid,
        assurance=badge(said.assurance),
        base=said.base or "",
        phases=tuple(_phase_row(run, phase, answer, places) for phase, answer in answers),
        verify=shell_lines(run.store.path, run.charter.keyid),
        last=last.word if last else "",
        ended=last.completed_at if last else "",
    )


def _phase_row(run: OpenRun, phase: PhaseContract, answer: Spoken, places: Places) -> PhaseRow:
    verdict = answer.stored.says if answer.stored else None
    rows = [(task.id, task.task, task.persona) for task in phase.tasks]
    rows += [(f"{phase.id}/{CONVERGE}", CONVERGE, AUTHORITY)] if phase.converges else []
    counted = Counter(item.task for item in verdict.phasegate.findings) if verdict else Counter[str]()
    cycle = verdict.phasegate.binding.cycle if verdict else 0
    tasks = tuple(
        TaskRow(
            task_id, name, persona, (answer.work[task_id].count if task_id in answer.work else 0) + _again(run, phase, task_id, cycle),
            counted[task_id], places.task(task_id),
        )
        for task_id, name, persona in rows
    )  # fmt: skip
    return PhaseRow(
        phase.id, phase.title, phase.says, answer.word, answer.reason, verdict.time_verified if verdict else "",
        len(verdict.phasegate.findings) if verdict else 0, places.gate(phase.id), tasks, cycle,
        tuple(_verdict_row(item, phase, places) for item in answer.older),
    )  # fmt: skip


def _again(run: OpenRun, phase: PhaseContract, task_id: str, cycle: int) -> int:
    """How often a task of a phase delivered in the fix cycles up to one of them."""
    return sum(len(run.store.names(run.folder(fix_folder(phase.id, number, task_id)))) for number in range(1, cycle + 1))


def _verdict_row(item: Stored[Verdict], phase: PhaseContract, places: Places) -> VerdictRow:
    return VerdictRow(item.name, item.says.phasegate.word, item.says.time_verified, item.digest, places.gate(phase.id, item.digest))


def verdict_view(run: OpenRun, phase_id: str, places: Places, verdict: str = "") -> VerdictView:
    """The newest verdict on a phase, or the one of a digest, question by question.

    Raises
    ------
    PageError: there is no such phase, or no such verdict on it.

    """
    phase = phase_of(run, phase_id)
    newest = answer = spoken(run, phase)
    if verdict and not (newest.stored and newest.stored.digest == verdict):
        found = earlier(run, phase, newest, verdict)
        if found is None and newest.stored:
            raise missing(
                "No such verdict", f"No verdict on {phase.title} in this run has that digest.", "The phase's page shows the newest."
            )
        answer = Spoken(found.word, found.reason, found.stored, found.older, newest.work) if found else newest
    stored = answer.stored
    said = stored.says.phasegate if stored else None
    files = [(stored.digest, run.folder(f"verdicts/{phase.id}/{stored.name}"))] if stored else []
    return VerdictView(
        heading=heading(places, f"Gate · {phase.title}", Crumb(f"Gate · {phase.title}", "")),
        phase=phase.id,
        phase_title=phase.title,
        says=phase.says,
        word=answer.word,
        reason=answer.reason,
        at=stored.says.time_verified if stored else "",
        attempt=said.binding.attempt if said else 0,
        name=stored.name if stored else "",
        digest=stored.digest if stored else "",
        charter=run.charter.digest,
        plan=run.charter.says.plan,
        keyid=run.charter.keyid,
        assurance=badge(said.assurance if said else run.charter.says.assurance),
        approved=(said.approved or "") if said else "",
        product=(said.product or "") if said else "",
        previous=(said.binding.previous_verdict or "") if said else "",
        questions=tuple(
            QuestionView(item.checklist.replace("-", " "), item.id, item.says, item.holds, item.waived) for item in said.checklists
        )
        if said
        else (),
        findings=_findings(run, stored, places),
        waived=waived_rows(stored),
        cycles=cycle_rows(run, phase),
        statements=_statements(run, phase, answer, places),
        older=tuple(_verdict_row(item, phase, places) for item in answer.older[::-1]),
        newest_href=places.gate(phase.id) if answer is not newest else "",
        newest_word=newest.word if answer is not newest else "",
        verify=shell_lines(run.store.path, run.charter.keyid, *files),
    )


def _findings(run: OpenRun, stored: Stored[Verdict] | None, places: Places) -> tuple[FindingView, ...]:
    known = {*run.contract.tasks, *(f"{phase.id}/{CONVERGE}" for phase in run.contract.phases)}
    return tuple(
        FindingView(item.rule, item.subject, item.text, item.task, places.task(item.task) if item.task in known else "")
        for item in (stored.says.phasegate.findings if stored else ())
    )


def _statements(run: OpenRun, phase: PhaseContract, answer: Spoken, places: Places) -> tuple[StatementView, ...]:
    """The statements a verdict rests on, in plan order; last, those that nothing in the store has the digest of any more."""
    if answer.stored is None:
        return ()
    named = [item.digest.get("sha256", "") for item in answer.stored.says.input_attestations]
    rests_on, rows = set(named), [StatementView("charter", AUTHORITY, run.charter.name, run.charter.digest, "there", places.run)]
    whose = {**{task.id: task.persona for task in phase.tasks}, f"{phase.id}/{CONVERGE}": AUTHORITY}
    for task_id, persona in whose.items():
        one = answer.work.get(task_id)
        if one is not None:
            rows += _row(run, task_id, persona, one, rests_on, places)
    rows = [row for row in rows if row.digest in rests_on]
    rows += more_statements(run, phase, rests_on - {row.digest for row in rows}, places)
    shown = {row.digest for row in rows}
    return (*rows, *(StatementView("", "", "", digest, "missing", "") for digest in named if digest not in shown))


def _row(run: OpenRun, task_id: str, persona: str, one: Newest, rests_on: set[str], places: Places) -> list[StatementView]:
    if one.digest in rests_on:
        return [StatementView(task_id, persona, one.name, one.digest, "there", places.task(task_id))]
    phase, _, task = task_id.partition("/")
    made = run.converges(phase)[0] if task == CONVERGE else run.statements(run.contract.tasks[task_id])[0]
    return [
        StatementView(task_id, persona, item.name, item.digest, "newer", places.task(task_id)) for item in made if item.digest in rests_on
    ]
