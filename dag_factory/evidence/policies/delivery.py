"""Policy 2: every expected task has delivered a statement that is whole, its own, and in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.keyed import keyed
from dag_factory.evidence.policies.merges import base_of
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import TaskStatement, moment_of
from dag_factory.evidence.verdict import Finding, Verdict
from dag_factory.evidence.visible import says

__all__ = ["CLOCK_SKEW", "delivered"]

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of two workers may differ."""
_Bases = dict[tuple[str, int, bool], str | None]
"""The commits on which work stands, by phase, cycle and whether it judges: the same for all of a phase, and told once."""


def delivered(case: Case) -> Iterator[Finding]:
    """One statement a task, bound to this run and this task, by the persona that was asked; in a fix cycle, see `cycles` too."""
    for broken in case.record.broken:
        if broken.phase == case.phase_id:
            yield Finding(
                rule="statement-invalid",
                subject=f"{broken.phase}/{broken.task}",
                text=f"{broken.name}: {broken.reason}.",
                task=f"{broken.phase}/{broken.task}",
            )
    bases: _Bases = {}
    for task in case.due:
        stored = case.statement(task)
        if stored is None:
            who = "nothing was submitted" if task.external else "the task left no statement"
            yield case.finding("statement-missing", task, f"@{task.persona} delivered nothing: {who}.")
            continue
        yield from _bound(case, task, stored, bases)
        yield from _own(case, task, stored)
        yield from keyed(case, task, stored)
        yield from _timely(case, task, stored.says)
        said = stored.says
        if said.outcome == "failed" or (said.exit_code not in (0, None) and task.runner != "check"):
            tail = said.excerpt.strip().splitlines()[-1:] or ["it printed nothing"]
            code = f"exit code {said.exit_code}" if said.exit_code is not None else "it did not end by itself"
            yield case.finding("task-failed", task, f"@{task.persona} failed ({code}): {tail[0]}")
        for refusal in said.refusals:
            yield case.finding(refusal.rule, task, refusal.text, subject=f"{task.id}:{refusal.path}")


def _bound(case: Case, task: TaskContract, stored: Stored[TaskStatement], bases: _Bases) -> Iterator[Finding]:
    bound, charter = stored.says.binding, case.record.charter
    phase, cycle, name = _place(case, task, stored)
    expected = (charter.digest, charter.says.plan, charter.says.dag_id, charter.says.run_id, phase, cycle, name)
    found = (bound.charter, bound.plan, bound.dag_id, bound.run_id, bound.phase, bound.cycle, bound.task)
    names = ("charter", "plan", "dag_id", "run_id", "phase", "cycle", "task")
    wrong = [name for name, one, other in zip(names, expected, found, strict=True) if one != other]
    if bound.map_index != -1 and not (cycle and bound.map_index >= 0):
        wrong.append("map_index")
    if stored.name != f"{bound.attempt:04d}.json":
        wrong.append("attempt")
    if wrong:
        yield case.finding(
            "statement-misbound",
            task,
            f"The statement is of another {', '.join(wrong)}: it was made for something else.",
        )
    follows = _follows(case, phase, cycle)
    if bound.previous_verdict != (follows.digest if follows else None):
        yield case.finding("statement-misbound", task, "The statement was made before the newest verdict that it had to follow.")
    elif follows and moment_of(stored.says.started_at) < moment_of(follows.says.time_verified) - CLOCK_SKEW:
        text = f"The work is said to have begun at {stored.says.started_at}, before the verdict that it follows, of {follows.says.time_verified}."
        yield case.finding("statement-misdated", task, text)
    elif not wrong and not _on_its_base(case, task, stored.says, bases):
        what = "What was judged" if task.judges else "The work"
        yield case.finding(
            "statement-misbound", task, f"{what} stands on {stored.says.base or 'no commit'}, and not on the one that was approved."
        )


def _place(case: Case, task: TaskContract, stored: Stored[TaskStatement]) -> tuple[str, int, str]:
    """Where a statement was found, which it must say itself: its phase, its cycle, and its task's name there."""
    for mended in case.rounds:
        if any(item is stored for item in mended.statements.get(task.id, ())):
            return case.phase_id, mended.cycle, task.id
    return task.phase, 0, task.task


def _on_its_base(case: Case, task: TaskContract, said: TaskStatement, bases: _Bases) -> bool:
    """Whether work began with the commit that it had to begin with, or with none where nobody has one; who brings files from outside need not."""
    if task.external or said.outcome == "failed":
        return True
    phase, cycle = said.binding.phase, said.binding.cycle
    key = (phase, cycle, task.judges)
    if key not in bases:
        bases[key] = base_of(replace(case, phase_id=phase), task, cycle)
    return said.base == bases[key]


def _follows(case: Case, phase: str, cycle: int) -> Stored[Verdict] | None:
    """The verdict that the work in a phase and cycle follows."""
    before = case.contract.before(phase)
    return case.record.verdict_in(phase, cycle - 1) if cycle else case.record.verdict(before.id) if before else None


def _own(case: Case, task: TaskContract, stored: Stored[TaskStatement]) -> Iterator[Finding]:
    if stored.says.persona != task.persona:
        yield case.finding("persona-mismatch", task, f"The plan asks @{task.persona} and the statement is by {stored.says.persona!r}.")
    if stored.keyid != case.record.keyids.get(task.persona):
        signer = next((name for name, keyid in case.record.keyids.items() if keyid == stored.keyid), "a stranger")
        yield case.finding("persona-mismatch", task, f"The statement is signed by {signer}, not by @{task.persona}.")
    known = any(says(principal.rpartition(":")[2]) for principal in stored.says.principals)
    if task.external and not known:
        yield case.finding("principal-missing", task, f"Nobody says who worked for @{task.persona}: evidence from outside names a login.")
    elif task.modelled and stored.says.outcome == "completed" and not known:
        yield case.finding("principal-missing", task, f"Nobody says which model worked for @{task.persona}, or in which conversation.")
    if stored.says.runner != task.runner:
        yield case.finding("statement-misbound", task, f"The plan has the runner {task.runner}, and {stored.says.runner} worked.")


def _timely(case: Case, task: TaskContract, said: TaskStatement) -> Iterator[Finding]:
    begun, ended = moment_of(said.started_at), moment_of(said.finished_at)
    opened = moment_of(case.record.charter.says.written_at)
    if ended < begun or begun < opened - CLOCK_SKEW or ended - CLOCK_SKEW > case.now:
        text = f"The work is said to have lasted from {said.started_at} to {said.finished_at}, which cannot be."
        yield case.finding("statement-misdated", task, text)
    end = case.ends_at()
    if end is not None and ended > end:
        yield case.finding("phase-late", task, f"The work ended at {said.finished_at}; the phase's time was over at {end.isoformat()}.")
