"""The page of a task, or of the merge of a phase: what its newest statement says, and which attempts there were."""

from __future__ import annotations

import shlex
from typing import Any

from markupsafe import Markup

from dag_factory.evidence.contract import Item, PhaseContract, TaskContract
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.record import OpenRun, Stored
from dag_factory.evidence.statement import CheckResult, ConvergeStatement, Entry, TaskStatement
from phasegate_plugin.pages.access import KnownRun
from phasegate_plugin.pages.blobs import size_of
from phasegate_plugin.pages.changes import changes_of
from phasegate_plugin.pages.opening import phase_of, task_of
from phasegate_plugin.pages.places import Places, shell_lines
from phasegate_plugin.pages.reading import CONVERGE, Delivery, deliveries, judging
from phasegate_plugin.pages.run_page import heading
from phasegate_plugin.pages.views import (
    AttemptRow,
    CheckView,
    ConflictView,
    Crumb,
    FileRow,
    FindingView,
    JudgementView,
    MergedRow,
    MissingRow,
    RefusalView,
    TaskView,
)

__all__ = ["delivered_by", "kind_of", "task_view"]


def delivered_by(run: OpenRun, phase_id: str, task_name: str) -> tuple[PhaseContract, TaskContract | None, Delivery]:
    """A phase, a task of it (None for its merge), and what was delivered.

    Raises
    ------
    PageError: there is no such phase or task.

    """
    phase = phase_of(run, phase_id)
    task = None if task_name == CONVERGE and phase.converges else task_of(run, phase_id, task_name)
    return phase, task, deliveries(run, phase, task)


def task_view(run: OpenRun, phase_id: str, task_name: str, places: Places, known: KnownRun) -> TaskView:
    """What a task, or the merge of a phase, left behind."""
    phase, task, made = delivered_by(run, phase_id, task_name)
    stored, page = made.newest, f"{phase.id}/{task_name}"
    says = stored.says if stored else None
    diff, note = changes_of(run, says, phase, known) if says else (Markup(""), "")
    sealed = says.sealed if says else None
    statement = [(stored.digest, run.folder(f"statements/{page}/{stored.name}"))] if stored else []
    return TaskView(
        heading=heading(places, page, Crumb(phase.title, places.gate(phase.id)), Crumb(task_name, "")),
        phase=phase.id,
        phase_title=phase.title,
        task_id=page,
        persona=task.persona if task else AUTHORITY,
        runner=task.runner if task else "",
        feature=(task.feature or "") if task else "",
        merge=task is None,
        outcome=_outcome(made),
        reason=made.reason,
        **_judged(run, phase, page, stored, places),
        attempt=says.binding.attempt if says else 0,
        name=stored.name if stored else "",
        digest=stored.digest if stored else "",
        keyid=stored.keyid if stored else "",
        finished_at=says.finished_at if says else "",
        base=(says.base or "") if says else "",
        commit=sealed.commit if sealed else "",
        tree=sealed.tree if sealed else "",
        bundle_href=places.download(page, sealed.bundle) if sealed else "",
        files=tuple(_file_row(run, page, entry, places) for entry in entries(says, task)),
        missing=_missing(phase, task, says),
        checks=tuple(_check(run, page, result, places) for result in says.checks) if says else (),
        attempts=_attempts(made),
        diff=diff,
        diff_note=note,
        verify=shell_lines(run.store.path, run.charter.keyid, *statement),
        **_alone(says, page, places),
    )


def _judged(
    run: OpenRun, phase: PhaseContract, page: str, stored: Stored[TaskStatement] | Stored[ConvergeStatement] | None, places: Places
) -> dict[str, Any]:
    """The verdict that rests on what is shown, the newest such, or that found it missing; and what it says of it."""
    said, newest = judging(run, phase, stored.digest if stored else "")
    if said is None:
        return {"judged": False, "findings": (), "verdict_href": places.gate(phase.id), "newest_href": ""}
    files = {f"{entry.task}/{entry.item}": places.file(page, entry) for entry in (stored.says.evidence if stored else ())}
    merges = page == f"{phase.id}/{CONVERGE}"
    found = [one for one in said.says.phasegate.findings if one.task == page or (merges and one.rule.startswith("merge-"))]
    views = (FindingView(one.rule, one.subject, one.text, one.task, files.get(one.subject.partition(":")[0], "")) for one in found)
    href = places.gate(phase.id, "" if newest else said.digest)
    return {"judged": True, "findings": tuple(views), "verdict_href": href, "newest_href": "" if newest else places.gate(phase.id)}


def _alone(says: TaskStatement | ConvergeStatement | None, page: str, places: Places) -> dict[str, Any]:
    """What only a task's own statement has, and what only a merge has."""
    own = says if isinstance(says, TaskStatement) else None
    merge, said = says if isinstance(says, ConvergeStatement) else None, own.judgement if own else None
    return {
        "exit_code": own.exit_code if own else None,
        "excerpt": own.excerpt if own else "",
        "log_href": places.download(page, own.log) if own else "",
        "principals": own.principals if own else (),
        "took": _took(own),
        "started_at": own.started_at if own else "",
        "judgement": JudgementView(said.verdict, said.grade, said.by, said.notes, said.references) if said else None,
        "refusals": tuple(RefusalView(item.rule, item.path, item.text) for item in own.refusals) if own else (),
        "merged": tuple(MergedRow(task, commit, places.task(task)) for task, commit in merge.merged) if merge else (),
        "conflicts": tuple(ConflictView(item.task, item.paths, item.text) for item in merge.conflicts) if merge else (),
    }


def _took(own: TaskStatement | None) -> str:
    """What an agent reported of its work; empty for everybody else."""
    figures = own.figures if own else None
    if figures is None:
        return ""
    told = [f"{figures.cost} USD"] if figures.cost is not None else []
    told += [f"{figures.input_tokens or 0:,} + {figures.output_tokens or 0:,} tokens"] if figures.input_tokens is not None else []
    told += [f"{figures.requests:,} requests"] if figures.requests is not None else []
    return ", ".join([*told, *filter(None, (figures.model, figures.provider))])


def entries(says: TaskStatement | ConvergeStatement | None, task: TaskContract | None) -> tuple[Entry, ...]:
    """The files that a statement names, as far as they are its own: a task speaks for itself alone."""
    return tuple(entry for entry in says.evidence if task is None or entry.task == task.id) if says else ()


def kind_of(run: OpenRun, entry: Entry) -> str:
    """The kind of evidence that the plan asks for in a file's place; empty if it asks for none."""
    task = run.contract.tasks.get(entry.task)
    return next((item.kind for item in task.items if item.id == entry.item), "") if task else ""


def _outcome(made: Delivery) -> str:
    newest = made.newest
    if made.reason:
        return "invalid"
    if newest is None:
        return "none"
    return newest.says.outcome if isinstance(newest.says, TaskStatement) else "completed"


def _file_row(run: OpenRun, page: str, entry: Entry, places: Places) -> FileRow:
    return FileRow(
        entry.task, entry.item, kind_of(run, entry), entry.name, entry.size, entry.digest, entry.grade,
        size_of(run.store, entry.digest) == entry.size, places.file(page, entry), places.download(page, entry.digest),
    )  # fmt: skip


def _missing(phase: PhaseContract, task: TaskContract | None, says: TaskStatement | ConvergeStatement | None) -> tuple[MissingRow, ...]:
    """What is owed in this place and was not left: at the merge, the items whose check runs there."""
    there = {(entry.task, entry.item) for entry in says.evidence} if says else set()
    owed = [(one, item) for one in ((task,) if task else phase.tasks) for item in one.items if _late(item) == (task is None)]
    return tuple(
        MissingRow(item.id, item.kind, item.place) for one, item in owed if item.kind != "command" and (one.id, item.id) not in there
    )


def _late(item: Item) -> bool:
    return item.check is not None and item.at == CONVERGE


def _check(run: OpenRun, page: str, result: CheckResult, places: Places) -> CheckView:
    task = run.contract.tasks.get(result.task)
    asked = next((check for check in task.checks if check.name == result.name), None) if task else None
    line = "" if asked is None else asked.run if isinstance(asked.run, str) else shlex.join(asked.run)
    return CheckView(
        result.task, result.name, line, asked.at if asked else "", result.exit_code, result.ended, result.seconds, result.excerpt,
        places.download(page, result.log), result.exit_code == 0,
        "none" if result.network == "none" else f"open: {result.why_open}", result.kept_in,
    )  # fmt: skip


def _attempts(made: Delivery) -> tuple[AttemptRow, ...]:
    """Every attempt, the newest first."""
    rows = [_attempt(item, current=item is made.newest) for item in made.found]
    rows += [AttemptRow(item.name, "invalid", item.reason, "", "", current=False) for item in made.broken]
    return tuple(sorted(rows, key=lambda row: row.name, reverse=True))


def _attempt(item: Stored[TaskStatement] | Stored[ConvergeStatement], *, current: bool) -> AttemptRow:
    outcome = item.says.outcome if isinstance(item.says, TaskStatement) else "completed"
    return AttemptRow(item.name, outcome, "", item.says.finished_at, item.digest, current)
