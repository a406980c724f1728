"""Policy 2: every expected task has delivered a statement that is whole, its own, and in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.record import Stored
from dag_factory.evidence.statement import TaskStatement, moment_of
from dag_factory.evidence.verdict import Finding

__all__ = ["CLOCK_SKEW", "delivered"]

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of two workers may differ."""


def delivered(case: Case) -> Iterator[Finding]:
    """One statement a task, bound to this run and this task, by the persona that was asked."""
    for broken in case.record.broken:
        if broken.phase == case.phase_id:
            yield Finding(
                rule="statement-invalid",
                subject=f"{broken.phase}/{broken.task}",
                text=f"{broken.name}: {broken.reason}.",
                task=f"{broken.phase}/{broken.task}",
            )
    for task in case.phase.tasks:
        stored = case.statement(task)
        if stored is None:
            who = "nothing was submitted" if task.external else "the task left no statement"
            yield case.finding("statement-missing", task, f"@{task.persona} delivered nothing: {who}.")
            continue
        yield from _bound(case, task, stored)
        yield from _own(case, task, stored)
        yield from _timely(case, task, stored.says)
        said = stored.says
        if said.outcome == "failed":
            tail = said.excerpt.strip().splitlines()[-1:] or ["it printed nothing"]
            code = f"exit code {said.exit_code}" if said.exit_code is not None else "it did not end by itself"
            yield case.finding("task-failed", task, f"@{task.persona} failed ({code}): {tail[0]}")
        for refusal in said.refusals:
            yield case.finding(refusal.rule, task, refusal.text, subject=f"{task.id}:{refusal.path}")


def _bound(case: Case, task: TaskContract, stored: Stored[TaskStatement]) -> Iterator[Finding]:
    bound, charter = stored.says.binding, case.record.charter
    expected = (charter.digest, charter.says.plan, charter.says.dag_id, charter.says.run_id, task.phase, task.task, -1)
    found = (bound.charter, bound.plan, bound.dag_id, bound.run_id, bound.phase, bound.task, bound.map_index)
    names = ("charter", "plan", "dag_id", "run_id", "phase", "task", "map_index")
    wrong = [name for name, one, other in zip(names, expected, found, strict=True) if one != other]
    if stored.name != f"{bound.attempt:04d}.json":
        wrong.append("attempt")
    if wrong:
        yield case.finding(
            "statement-misbound",
            task,
            f"The statement is of another {', '.join(wrong)}: it was made for something else.",
        )
    before = case.contract.before(case.phase_id)
    verdict = case.record.verdict(before.id) if before else None
    if bound.previous_verdict != (verdict.digest if verdict else None):
        yield case.finding("statement-misbound", task, "The statement was made before the newest verdict of the phase before.")


def _own(case: Case, task: TaskContract, stored: Stored[TaskStatement]) -> Iterator[Finding]:
    if stored.says.persona != task.persona:
        yield case.finding("persona-mismatch", task, f"The plan asks @{task.persona} and the statement is by {stored.says.persona!r}.")
    if stored.keyid != case.record.keyids.get(task.persona):
        signer = next((name for name, keyid in case.record.keyids.items() if keyid == stored.keyid), "a stranger")
        yield case.finding("persona-mismatch", task, f"The statement is signed by {signer}, not by @{task.persona}.")
    if task.external and not stored.says.principals:
        yield case.finding("principal-missing", task, f"Nobody says who worked for @{task.persona}: evidence from outside names a login.")
    if stored.says.runner != task.runner:
        yield case.finding("statement-misbound", task, f"The plan has the runner {task.runner}, and {stored.says.runner} worked.")


def _timely(case: Case, task: TaskContract, said: TaskStatement) -> Iterator[Finding]:
    begun, ended = moment_of(said.started_at), moment_of(said.finished_at)
    opened = moment_of(case.record.charter.says.written_at)
    if ended < begun or begun < opened - CLOCK_SKEW or ended > case.now + CLOCK_SKEW:
        text = f"The work is said to have lasted from {said.started_at} to {said.finished_at}, which cannot be."
        yield case.finding("statement-misdated", task, text)
