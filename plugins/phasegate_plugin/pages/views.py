"""What each page is given: plain values, ready to be shown. Links are whole paths, already quoted; texts are not yet escaped for HTML.

==================  ================  ====================================
template            is given          at
==================  ================  ====================================
`run.html`          `RunView`         ``/dags/{dag_id}/runs/{run_id}``
`verdict.html`      `VerdictView`     ``…/gates/{phase}``
`task.html`         `TaskView`        ``…/tasks/{phase}/{task}``
`file.html`         `FileView`        ``…/tasks/{phase}/{task}/files/…``
`problem.html`      `ProblemView`     wherever something is wrong
==================  ================  ====================================

A template sees two names: `page`, which is its view, and `style`, the stylesheet, which must stand in exactly ``<style>{{ style }}</style>``:
the content security policy allows those very bytes and no others. Autoescape is on; `Markup` alone goes through as it is.
An empty text means that there is nothing to show. A time is RFC 3339, in UTC. A size is in bytes; the filter `size` makes it readable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from phasegate_plugin.pages.heading import Crumb, Heading
from phasegate_plugin.pages.task_views import (
    AttemptRow,
    CheckView,
    ConflictView,
    FileRow,
    FileView,
    FindingView,
    JudgementView,
    MergedRow,
    MissingRow,
    RefusalView,
    TaskView,
)

__all__ = [
    "AttemptRow",
    "CheckView",
    "ConflictView",
    "Crumb",
    "FileRow",
    "FileView",
    "FindingView",
    "Heading",
    "JudgementView",
    "MergedRow",
    "MissingRow",
    "PhaseRow",
    "ProblemView",
    "QuestionView",
    "RefusalView",
    "RunView",
    "StatementView",
    "TaskRow",
    "TaskView",
    "VerdictRow",
    "VerdictView",
    "Word",
]

Word = Literal["PASSED", "PASSED_WITH_WAIVER", "FAILED", "INVALID", "NONE"]
"""What a verdict says. INVALID: it cannot be believed, whatever it says. NONE: the gate has not answered yet."""


Now = Literal["mended", "open", "waived", "not judged yet"]
"""What became of a finding."""


@dataclass(frozen=True)
class TaskRow:
    """One task of a phase in the list of the run: ``phase/task``, its persona, how often it delivered, what the newest verdict found in it."""

    task_id: str
    name: str
    persona: str
    attempts: int
    findings: int
    href: str


@dataclass(frozen=True)
class VerdictRow:
    """An older verdict on the same phase: its name in the store, its word, when, its digest."""

    name: str
    word: Word
    at: str
    digest: str
    href: str


@dataclass(frozen=True)
class PhaseRow:
    """One phase of a run, with its newest verdict. `reason` says why a verdict is INVALID; `findings` counts.

    `cycle` is the fix cycle that the verdict is of, 0 without one; `older` are the verdicts before it, the oldest first.
    """

    id: str
    title: str
    says: str
    word: Word
    reason: str
    at: str
    findings: int
    href: str
    tasks: tuple[TaskRow, ...]
    cycle: int = 0
    older: tuple[VerdictRow, ...] = ()


@dataclass(frozen=True)
class RunView:
    """A whole run. `charter` and `plan` are digests, `keyid` is the key that signed the charter; `verify` are shell lines.

    `last` is the last word on it, with its time in `ended`; both are empty where it has none.
    """

    heading: Heading
    workflow: str
    mission: str
    begun: str
    charter: str
    plan: str
    keyid: str
    assurance: str
    base: str
    phases: tuple[PhaseRow, ...]
    verify: tuple[str, ...]
    last: str = ""
    ended: str = ""


@dataclass(frozen=True)
class QuestionView:
    """One question of an enforcement checklist (`checklist` is its name, ready to be read) and its answer."""

    checklist: str
    id: str
    says: str
    holds: bool
    waived: bool


@dataclass(frozen=True)
class StatementView:
    """A statement a verdict rests on. `state`: "there", "newer" (the task delivered again since), or "missing" (or altered since)."""

    task_id: str
    persona: str
    name: str
    digest: str
    state: Literal["there", "newer", "missing"]
    href: str


@dataclass(frozen=True)
class CycleRow:
    """A finding that was given to be mended in a fix cycle: to which tasks, in which commits, and what became of it."""

    cycle: int
    finding: str
    text: str
    owner: str
    commits: str
    now: Now
    decision: str


@dataclass(frozen=True)
class WaivedRow:
    """A finding that somebody let pass until a date."""

    finding: str
    text: str
    by: str
    expires_at: str


@dataclass(frozen=True)
class VerdictView:
    """A verdict on a phase. Where `word` is INVALID or NONE, `reason` says why, and what it would have said is not shown.

    `newest_href` and `newest_word` are empty where it is the newest.
    """

    heading: Heading
    phase: str
    phase_title: str
    says: str
    word: Word
    reason: str
    at: str
    attempt: int
    name: str
    digest: str
    charter: str
    plan: str
    keyid: str
    assurance: str
    approved: str
    product: str
    previous: str
    questions: tuple[QuestionView, ...]
    findings: tuple[FindingView, ...]
    waived: tuple[WaivedRow, ...]
    cycles: tuple[CycleRow, ...]
    statements: tuple[StatementView, ...]
    older: tuple[VerdictRow, ...]
    newest_href: str
    newest_word: Word | Literal[""]
    verify: tuple[str, ...]


@dataclass(frozen=True)
class ProblemView:
    """What is wrong, why, and what to do next. `login` is where to log in; empty where that does not help."""

    heading: Heading
    status: int
    text: str
    remedy: str
    login: str
