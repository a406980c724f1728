"""Takes a person's answer: whether it counts, the files it makes, and the verdict it gives."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pendulum

from dag_factory.errors import RunnerError
from dag_factory.evidence.policies.consent import same
from dag_factory.evidence.policies.people import LOGIN, unfit
from dag_factory.evidence.statement import moment_of
from dag_factory.operators.attempt import Attempt
from dag_factory.operators.form import NOTES, REFERENCES, files_of, owed, unchanged
from dag_factory.operators.question import CANNOT, Asked, lying, transcript
from dag_factory.operators.wording import typed
from dag_factory.runners import Flaw, Judgement, Outcome

__all__ = ["silence", "take_answer"]

_REFERENCES, _REFERENCE = 100, 2_000  # how many, and characters of one


def take_answer(attempt: Attempt, asked: Asked, event: dict[str, Any], digest: str) -> Outcome:
    """Take an answer, if it is one, and lay out the files that it makes.

    Parameters
    ----------
    asked: the question as it would be put now.
    event: what Airflow tells of the answer.
    digest: of the question that was put.

    Raises
    ------
    RunnerError: a file cannot be laid out, since something leads out of the workspace where it belongs.

    """
    text = transcript(asked, event)
    (attempt.root / "log.txt").write_text(text, encoding="utf-8", errors="replace")
    if "error" in event or event.get("timedout"):
        return silence(attempt, text)
    user = event.get("responded_by_user") or {}
    by, name = str(user.get("id") or ""), str(user.get("name") or "")
    options = event.get("chosen_options") or [""]
    reason = _void(attempt, asked, by, name, digest)
    if not reason and (len(options) != 1 or options[0] not in asked.options):
        reason = f"it is none of {', '.join(asked.options)}."
    if reason:
        return _outcome(attempt, text, flaws=(Flaw("answer-void", f"The answer does not count: {reason}"),))
    given = event.get("params_input") or {}
    chosen, notes = str(options[0]), typed(given.get(NOTES))
    principals = tuple(sorted({LOGIN + by, *([LOGIN + name] if name.strip() and same(name) != same(by) else [])}))
    if chosen == CANNOT:
        why = notes or "no reason was given"
        return _outcome(attempt, text, exit_code=1, principals=principals, reason=f"{by} answered that it cannot be done: {why}")
    _lay(attempt, given)
    judgement = None
    if attempt.task.judges:
        references = given.get(REFERENCES) or ()
        written = references if isinstance(references, list | tuple) else [references]
        named = tuple(text for one in written[:_REFERENCES] if (text := typed(one, _REFERENCE)))
        verdict: Any = "PASSED" if chosen == "PASSED" else "FAILED"
        judgement = Judgement(verdict, "attested", by, notes, named)
    said = f"{by} answered: {chosen}. {notes}".strip()
    return _outcome(attempt, f"{text}\n{said}", principals=principals, judgement=judgement)


def silence(attempt: Attempt, text: str = "") -> Outcome:
    """Nobody answered: not in time, or since nobody who was asked may."""
    waited = pendulum.duration(seconds=attempt.plan.executions[attempt.task.id].timeout).in_words()
    reason = f"Nobody answered within {waited}; asked: {', '.join(attempt.task.people)}."
    return _outcome(attempt, text, ended="timed-out", exit_code=None, reason=reason)


def _void(attempt: Attempt, asked: Asked, by: str, name: str, digest: str) -> str:
    """Why an answer does not count; empty if it does."""
    reason = unfit(attempt.record, attempt.task, by, name)
    people = attempt.task.people
    if reason is None and not {same(by), same(name)} & {same(login) for login in people}:
        reason = f"{by} is none of those who may answer: {', '.join(people)}"
    if reason:
        return f"{reason}. The task asks anew when it is cleared, or retried."
    if asked.digest != digest:
        return "what was asked about has changed since. The task asks about what lies here now when it is cleared, or retried."
    return ""


def _outcome(attempt: Attempt, text: str, **known: Any) -> Outcome:
    seconds = (datetime.now(UTC) - moment_of(attempt.started_at)).total_seconds()
    told: dict[str, Any] = {"ended": "exited", "exit_code": 0 if "flaws" not in known else None, "principals": (), **known}
    return Outcome(log_bytes=len(text.encode(errors="replace")), log_truncated=False, excerpt=text[-2000:], seconds=seconds, **told)


def _lay(attempt: Attempt, given: dict[str, Any]) -> None:
    """Lay out the files of an answer where the task owes them."""
    made = files_of(attempt.case, attempt.task, given, lambda item: lying(attempt, item))
    others = _others(attempt)
    for item in owed(attempt.task):
        if item.id in made:
            assert attempt.place is not None  # noqa: S101 # it was prepared
            name, data, found = str(item.path or item.report), made[item.id], lying(attempt, item)
            _write(attempt.workspace if item.path else attempt.place.evidence, name, data)
            if _digest(data) in others or (found is not None and _digest(found) in others and unchanged(found, data)):
                attempt.emit(f"{name} is what another persona delivered, unchanged: it counts as observed, and not as attested.")
            else:
                attempt.attested |= {name}


def _others(attempt: Attempt) -> set[str]:
    """The digests of all that was delivered in the run and that no person wrote; of who judges none, for each of its words is chosen anew."""
    if attempt.task.judges:
        return set()
    entries = [entry for _, stored in attempt.record.delivered() for entry in stored.says.evidence]
    return {entry.digest for entry in entries} - {entry.digest for entry in entries if entry.grade == "attested"}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(folder: Path, name: str, data: bytes) -> None:
    """Write a file below a folder, through no link that may lead out of it."""
    path = folder
    *parents, last = Path(name).parts
    try:
        for part in parents:
            path = path / part
            if path.is_symlink():
                raise OSError(0, f"{path.name} is a symbolic link")
            path.mkdir(exist_ok=True)
        handle = os.open(path / last, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except OSError as error:
        reason = f"The answer cannot be written to {name}: {error.strerror}."
        raise RunnerError(reason, remedy="Mend what lies there in the repository, then clear the task.") from error
