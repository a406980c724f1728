"""A run as people are told of it: what was done by whom, what was found, how it ended, how long it took. Plain values; `recount` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dag_factory.evidence.story import CycleStory, FindingStory
from dag_factory.evidence.waiting import Waited

__all__ = [
    "CheckAccount",
    "DecisionAccount",
    "FileAccount",
    "PhaseAccount",
    "QuestionAccount",
    "RunAccount",
    "TaskAccount",
    "VerdictAccount",
    "WaiverAccount",
]


@dataclass(frozen=True)
class FileAccount:
    """One piece of evidence as the statement that counts has it; without a name, one that is missing."""

    item: str
    name: str
    grade: str
    digest: str
    size: int


@dataclass(frozen=True)
class CheckAccount:
    """One check that Phasegate ran on what counts now; `network` is ``none``, or why it was open. `kept_in`: as its result says."""

    name: str
    exit_code: int | None
    ended: str
    seconds: str
    log: str
    network: str
    kept_in: bool = False


@dataclass(frozen=True)
class TaskAccount:
    """One task: who did it, who checked it, and what counts of it now.

    `claim` is the last line that its own program printed, of the lowest grade: it counts for nothing. `seconds` is the work of all its attempts,
    in whatever cycle.
    So are `cost`, in US dollars, and `tokens`: the sum of what was reported, and empty where nothing was.
    """

    id: str
    persona: str
    runner: str
    state: Literal["delivered", "failed", "missing"]
    cycle: int
    attempts: int
    principals: tuple[str, ...]
    keyid: str
    statement: str
    commit: str
    started_at: str
    finished_at: str
    seconds: float
    checked_by: tuple[str, ...]
    evidence: tuple[FileAccount, ...]
    checks: tuple[CheckAccount, ...]
    claim: str
    cost: str = ""
    tokens: int | None = None


@dataclass(frozen=True)
class DecisionAccount:
    """What a person answered. `doubt` is why it cannot count, and empty where nothing speaks against it."""

    cycle: int
    task: str
    answer: str
    by: str
    reason: str
    findings: tuple[str, ...]
    at: str
    doubt: str


@dataclass(frozen=True)
class WaiverAccount:
    """A waiver, and what the newest verdict makes of it."""

    number: str
    findings: tuple[str, ...]
    reason: str
    by: str
    given_at: str
    until: str
    state: Literal["counts", "ran out", "not asked yet", "does not count"]


@dataclass(frozen=True)
class VerdictAccount:
    """One verdict, as it was signed."""

    word: str
    cycle: int
    at: str
    digest: str
    keyid: str
    findings: int


@dataclass(frozen=True)
class PhaseAccount:
    """One phase. `word` is that of its newest verdict, and empty without one; `doubt` is why a verdict that let it pass opens nothing any more.

    `seconds` is the time from its opening to its newest verdict, or to the last that is known of it; None where it was not opened.
    """

    id: str
    title: str
    says: str
    word: str
    doubt: str
    cycle: int
    opened_at: str
    seconds: float | None
    approved: str
    approval: str
    tasks: tuple[TaskAccount, ...]
    cycles: tuple[CycleStory, ...]
    findings: tuple[FindingStory, ...]
    waivers: tuple[WaiverAccount, ...]
    decisions: tuple[DecisionAccount, ...]
    verdicts: tuple[VerdictAccount, ...]
    broken: tuple[str, ...]


@dataclass(frozen=True)
class QuestionAccount:
    """One item of a checklist, as the newest verdicts answered it; open until every gate has answered at which it is due."""

    checklist: str
    id: str
    says: str
    now: Literal["holds", "waived", "fails", "open"]


@dataclass(frozen=True)
class RunAccount:
    """A whole run. `word` is PASSED, PASSED_WITH_WAIVER, FAILED where nothing comes any more, or OPEN.

    `over` says that `complete` has answered and nothing has come since; what is in `waits` then comes only where somebody clears it.

    `cost` is what was reported of all attempts, in US dollars; empty where nothing was.
    """

    workflow: str
    run: str
    mission: str
    word: str
    waits: tuple[Waited, ...]
    plan: str
    charter: str
    keyid: str
    assurance: str
    base: str
    triggered_by: str
    begun_at: str
    phases: tuple[PhaseAccount, ...]
    checklists: tuple[QuestionAccount, ...]
    cost: str = ""
    over: bool = False
