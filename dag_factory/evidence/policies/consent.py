"""Consent, asked where nothing was found: whoever must agree has agreed, to this very evidence, and has no part in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.run import RunRecord
from dag_factory.evidence.statement import TaskStatement
from dag_factory.evidence.verdict import Finding
from dag_factory.evidence.visible import composed, visible

__all__ = ["LOGIN", "agreed", "asked_of", "called_by", "logins_of", "partial", "same"]

LOGIN = "login:"
"""What the principal of a person begins with."""


def asked_of(case: Case) -> str:
    """The digest of what a person is asked about: every statement that a verdict on the phase would rest on, but for what people answered.

    What was waived is part of it: who agrees, agrees to that too.
    """
    answered = {item.digest for item in case.approvals}
    waived = [item.digest for item in case.record.waivers.get(case.phase_id, ())]
    return hashlib.sha256("\n".join([*(one for one in case.inputs() if one not in answered), *waived]).encode()).hexdigest()


def same(login: str) -> str:
    """A login as it is compared: case, the width of letters, how many blanks are in it and what shows nothing tell no two people apart."""
    return " ".join(visible(composed(login)).split()).casefold()


def called_by(*names: str) -> frozenset[str]:
    """What an account is called, as logins are compared, be it as a principal is shown, and copied; empty names say nothing."""
    return frozenset(called for name in names if (called := same(name).removeprefix(LOGIN).strip()))


def logins_of(said: TaskStatement) -> frozenset[str]:
    """The people who worked for a statement, as logins are compared."""
    named = map(same, said.principals)
    return frozenset(called for name in named if name.startswith(LOGIN) and (called := name.removeprefix(LOGIN).strip()))


def partial(record: RunRecord, login: str, *names: str) -> str | None:
    """Why a person may not decide about this run; None if there is no reason: they made nothing of it and did not start it.

    Parameters
    ----------
    login: the account's id.
    names: what else the account is called; empty ones say nothing.

    """
    if not called_by(login):
        return "nobody is known to have answered"
    called = called_by(login, *names)
    if called_by(record.charter.says.triggered_by) & called:
        return f"{login} started the run"
    worked = next((task_id for task_id, stored in record.delivered() if logins_of(stored.says) & called), None)
    return f"{login} worked on {worked}" if worked else None


def agreed(case: Case) -> Iterator[Finding]:
    """The approvals that the gate asks for, beside the evidence."""
    asked = case.phase.approval
    if asked is None:
        return
    digest, who = asked_of(case), list[frozenset[str]]()
    for stored in case.approvals:
        said = stored.says
        subject = f"{case.phase_id}:{said.binding.task}"
        reason = partial(case.record, said.by, said.name)
        if said.answer == "refuse":
            yield Finding.briefly("approval-refused", subject, f"{said.by} refused: {said.reason or 'no reason was given'}")
        elif reason:
            yield Finding(rule="approval-partial", subject=subject, text=f"An approval does not count: {reason}.")
        elif not {said.by, said.name} & set(asked.people):
            yield Finding(
                rule="approval-partial", subject=subject, text=f"{said.by} is none of those who may approve: {', '.join(asked.people)}."
            )
        elif said.asked != digest:
            yield Finding(rule="approval-stale", subject=subject, text=f"What {said.by} approved is not what lies here now.")
        elif any(called_by(said.by, said.name) & other for other in who):
            yield Finding(rule="approval-partial", subject=subject, text=f"{said.by} approved twice, and counts once.")
        else:
            who.append(called_by(said.by, said.name))
    if len(who) < asked.need and not any(stored.says.answer == "refuse" for stored in case.approvals):
        text = f"{len(who)} of {asked.need} approvals are there; asked are {', '.join(asked.people)}."
        yield Finding(rule="approval-missing", subject=case.phase_id, text=text)
