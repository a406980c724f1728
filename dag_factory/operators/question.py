"""What a person is asked when a task is theirs: who may answer, what they read, the form, and the digest of it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from dag_factory.evidence.contract import Item
from dag_factory.evidence.policies.people import unfit
from dag_factory.links import RunLink, task_page
from dag_factory.operators.attempt import Attempt
from dag_factory.operators.form import Field, fields_of
from dag_factory.operators.orders import told
from dag_factory.operators.wording import plain, quoted

__all__ = ["CANNOT", "DONE", "Asked", "ask", "lying", "transcript"]

DONE, CANNOT = "Done", "Cannot be done"
_SHOWN = 50  # findings


@dataclass(frozen=True)
class Asked:
    """A question.

    Parameters
    ----------
    people: those of the asked who may answer.
    refused: why each of the others may not.
    digest: of what is asked about; an answer to anything else is none.
    findings: an id and a text each, for those who are told.

    """

    subject: str
    body: str
    options: tuple[str, ...]
    fields: tuple[Field, ...]
    people: tuple[str, ...]
    refused: dict[str, str]
    digest: str
    findings: tuple[tuple[str, str], ...]


def ask(attempt: Attempt) -> Asked:
    """Put a task as a question.

    Parameters
    ----------
    attempt: prepared, so that what is to be changed lies in its workspace.

    """
    task, plan = attempt.task, attempt.plan
    refused = {login: reason for login in task.people if (reason := unfit(attempt.record, task, login))}
    fields = tuple(fields_of(attempt.case, task, lambda item: lying(attempt, item)))
    options = ("PASSED", "FAILED") if task.judges else (DONE, CANNOT)
    findings = tuple((str(one["id"]), str(one["text"])) for one in told(attempt.case, attempt.order))
    about = "\n".join(_about(attempt, findings))
    subject = f"{plan.workflow}: @{task.persona}: {plan.executions[task.id].does}"[:250]
    bound = attempt.binding.model_dump(mode="json", by_alias=True)
    asked = [subject, about, options, [asdict(one) for one in fields], attempt.base, bound, attempt.saw]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
    closing = [f"{plain(login)} may not answer: {plain(reason)}." for login, reason in refused.items()]
    closing += ["Your login is written down as who answered, and signed with what you answer.", f"You are asked about `{digest}`."]
    people = tuple(login for login in task.people if login not in refused)
    return Asked(subject, "\n\n".join([about, *closing]), options, fields, people, refused, digest, findings)


def lying(attempt: Attempt, item: Item) -> bytes | None:
    """The file that a maker is to change: as it lies in the workspace, else as it was delivered before. Who judges begins with nothing."""
    if attempt.task.judges:
        return None
    if item.path:
        path = attempt.workspace / item.path
        if path.is_file() and path.resolve().is_relative_to(attempt.workspace.resolve()):
            return path.read_bytes()
    entries = [entry for entry in attempt.case.entries(attempt.task, item) if entry.item == item.id] if attempt.case.at else []
    return attempt.scope.run.blob(entries[0].digest) if entries else None


def _about(attempt: Attempt, findings: tuple[tuple[str, str], ...]) -> Iterator[str]:
    task, plan = attempt.task, attempt.plan
    page = RunLink.to(attempt.scope.dag_id, attempt.scope.run_id)
    yield f"**{plain(plan.executions[task.id].does)}**"
    yield ""
    yield f"{plain(plan.mission)}. You are asked as **@{task.persona}**{f', for the feature {task.feature}' if task.feature else ''}."
    yield plain(plan.instructions.get(task.persona, ""), 2000)
    yield ""
    yield "| evidence | where | kind |"
    yield "|---|---|---|"
    for item in task.items:
        yield f"| {item.id} | {plain(item.place)} | {item.kind} |"
    yield ""
    if findings:
        yield "You are to know of these findings:" if task.judges else "You are to mend:"
        yield ""
        yield from (f"- {quoted(name)}: {quoted(text)}" for name, text in findings[:_SHOWN])
        yield from ([f"- and {len(findings) - _SHOWN} more"] if len(findings) > _SHOWN else [])
        yield ""
    if task.validates:
        where = f" It stands in the commit `{attempt.base}`." if attempt.base else ""
        yield f"You judge the work of others.{where}"
        yield ""
        yield from (f"- [{name}]({task_page(page, name)})" for name in task.validates)
        yield ""
    yield f"[What this task has delivered so far]({task_page(page, task.id)}) · [The whole run]({page})"


def transcript(asked: Asked, event: dict[str, Any]) -> str:
    """What was asked and what was answered, as it is kept: text that can be signed, whatever was typed."""
    given = json.dumps(
        {name: event.get(name) for name in ("chosen_options", "params_input", "responded_by_user", "error")},
        indent=2,
        ensure_ascii=False,
        default=str,
    )
    return f"# {asked.subject}\n\n{asked.body}\n\n## The answer\n\n{given}\n".encode(errors="replace").decode()
