"""What the pages of a task and of a file are given; see `views` for what a template may expect."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from phasegate_plugin.pages.heading import Heading

__all__ = [
    "AttemptRow",
    "CheckView",
    "ConflictView",
    "FileRow",
    "FileView",
    "FindingView",
    "MergedRow",
    "MissingRow",
    "RefusalView",
    "TaskView",
]


@dataclass(frozen=True)
class FindingView:
    """One reason in a verdict. On the page of a gate `href` leads to the task, on that of a task to the file; empty where there is none."""

    rule: str
    subject: str
    text: str
    task_id: str
    href: str


@dataclass(frozen=True)
class CheckView:
    """A command Phasegate ran. `exit_code` is None where it did not end by itself; `ended` says how it did. `run` is the command line.

    `network` is "none", or why it was open; `kept_in` as its result says.
    """

    task_id: str
    name: str
    run: str
    at: str
    exit_code: int | None
    ended: str
    seconds: str
    excerpt: str
    log_href: str
    passed: bool
    network: str
    kept_in: bool = False


@dataclass(frozen=True)
class RefusalView:
    """One reason why work was not sealed."""

    rule: str
    path: str
    text: str


@dataclass(frozen=True)
class JudgementView:
    """A verdict in somebody's own words: "PASSED" or "FAILED", by whom, and whether it is "claimed" or "attested"."""

    verdict: str
    grade: str
    by: str
    notes: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class ConflictView:
    """Sealed work that did not fit with what was merged before it."""

    task_id: str
    paths: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class MergedRow:
    """One sealed commit that a merge took in."""

    task_id: str
    commit: str
    href: str


@dataclass(frozen=True)
class FileRow:
    """One file of evidence in a list. `there`: whether the store holds it, by name and size alone; it is not read to be listed."""

    task_id: str
    item: str
    kind: str
    name: str
    size: int
    digest: str
    grade: str
    there: bool
    href: str
    download: str


@dataclass(frozen=True)
class MissingRow:
    """An item that the plan asks for and no file answers."""

    item: str
    kind: str
    place: str


@dataclass(frozen=True)
class AttemptRow:
    """One attempt of a task. `outcome` is "completed", "failed" or "invalid", and then `reason` says why. `current`: shown on this page."""

    name: str
    outcome: str
    reason: str
    at: str
    digest: str
    current: bool


@dataclass(frozen=True)
class TaskView:
    """The newest statement of a task, or of a phase's merge (`merge` is then true, and `merged` and `conflicts` are of it).

    `outcome` is "completed", "failed", "invalid" (it cannot be believed; `reason` says why) or "none" (nothing was delivered yet).
    `judged`: whether a verdict on the phase rests on this very statement; `findings` are then what it says of this task.
    `newest_href` is set where that verdict is not the newest.
    `took` is what an agent reported of its work: cost, tokens, requests, model.
    `diff` is ready HTML of what the sealed commit changed; empty where there is none, and then `diff_note` says why.
    """

    heading: Heading
    phase: str
    phase_title: str
    task_id: str
    persona: str
    runner: str
    feature: str
    merge: bool
    outcome: str
    reason: str
    judged: bool
    findings: tuple[FindingView, ...]
    exit_code: int | None
    excerpt: str
    log_href: str
    principals: tuple[str, ...]
    attempt: int
    name: str
    digest: str
    keyid: str
    started_at: str
    finished_at: str
    base: str
    commit: str
    tree: str
    bundle_href: str
    files: tuple[FileRow, ...]
    missing: tuple[MissingRow, ...]
    checks: tuple[CheckView, ...]
    refusals: tuple[RefusalView, ...]
    merged: tuple[MergedRow, ...]
    conflicts: tuple[ConflictView, ...]
    attempts: tuple[AttemptRow, ...]
    diff: Markup
    diff_note: str
    verdict_href: str
    newest_href: str
    verify: tuple[str, ...]
    took: str = ""
    judgement: JudgementView | None = None


@dataclass(frozen=True)
class FileView:
    """One file of evidence. Where `problem` says something, the file is missing or was altered, and `body` is empty.

    `shown` is how many bytes of `size` were given to be rendered; `checked`: all of them were hashed again just now, which is not done over 16 MB.
    """

    heading: Heading
    task_id: str
    item: str
    kind: str
    name: str
    size: int
    shown: int
    digest: str
    grade: str
    body: Markup
    problem: str
    download: str
    checked: bool
    task_href: str
    verify: tuple[str, ...]
