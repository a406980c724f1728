"""Policy 7, of people: who answered was asked, and has no part in what they judge. And a verdict of FAILED counts, whoever gave it."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.consent import LOGIN, called_by, logins_of, same
from dag_factory.evidence.reported import Judgement
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.statement import TaskStatement
from dag_factory.evidence.verdict import Finding

__all__ = ["LOGIN", "answered_for", "unfit"]


def unfit(record: RunRecord, task: TaskContract, login: str, *names: str) -> str | None:
    """Why a person may not do a task; None if there is no reason.

    Nobody works under two personas in a run, and nobody judges a run that they have started.

    Parameters
    ----------
    login: the account's id.
    names: what else the account is called; empty ones say nothing.

    """
    if not same(login):
        return "nobody is known to have answered"
    called = called_by(login, *names)
    if task.judges and same(record.charter.says.triggered_by) in called:
        return f"{login} started the run, and this judges it"
    for task_id, stored in record.delivered():
        other = record.contract.tasks.get(task_id)
        if other and other.persona != task.persona and logins_of(stored.says) & called:
            return f"{login} worked as @{other.persona} on {task_id}, and nobody works under two names"
    return None


def answered_for(case: Case) -> Iterator[Finding]:
    """The answers of people, and verdicts that somebody gave in words."""
    for task in case.due:
        stored = case.worked(task)
        if stored is None:
            continue
        said = stored.says.judgement
        if said and said.verdict == "FAILED":
            yield case.finding("validation-failed", task, f"{said.by} gave the verdict FAILED: {_one_line(said.notes)}")
        reason = _void(case, task, stored.says) if task.runner == "human" else _feigned(said)
        if reason:
            yield case.finding("answer-void", task, f"The answer does not count: {reason}.")


def _void(case: Case, task: TaskContract, said: TaskStatement) -> str | None:
    """Why what a person delivered is no answer."""
    logins = logins_of(said)
    asked = {same(login) for login in task.people}
    if not logins & asked:
        who = ", ".join(sorted(logins)) or "nobody who is known"
        return f"{who} is none of those who may answer: {', '.join(task.people)}"
    if task.judges and same(case.record.charter.says.triggered_by) in logins:
        return f"{case.record.charter.says.triggered_by} started the run, and this judges it"
    if task.judges and (said.judgement is None or said.judgement.grade != "attested" or same(said.judgement.by) not in logins):
        return "it has no verdict by who answered"
    return None


def _feigned(said: Judgement | None) -> str | None:
    """Why a PASSED is not what it is said to be, by one who is no person; FAILED counts, whoever says it."""
    if said is None or (said.verdict, said.grade) != ("PASSED", "attested"):
        return None
    return f"it is said to be attested by {said.by}, and no person was asked"


def _one_line(notes: str) -> str:
    return " ".join(notes.split())[:500] or "no reason was given."
