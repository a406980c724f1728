"""Says what of a run can be believed. Signatures are verified whenever something is shown.

What a verdict rests on is listed without opening it: the digests of the statements are in the signed verdict, so a file of that digest is
what the gate read.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pendulum

from dag_factory.errors import StoreError
from dag_factory.evidence.contract import PhaseContract, TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_closed
from dag_factory.evidence.policies.delivery import delivered
from dag_factory.evidence.record import Broken, OpenRun, RunRecord, Stored, read_record
from dag_factory.evidence.rounds import JOIN
from dag_factory.evidence.statement import ConvergeStatement, TaskStatement
from dag_factory.evidence.verdict import Verdict
from phasegate_plugin.pages.views import Word

__all__ = [
    "CONVERGE",
    "Delivery",
    "Heard",
    "Newest",
    "Spoken",
    "belongs",
    "deliveries",
    "earlier",
    "heard",
    "judging",
    "newest_work",
    "spoken",
]

CONVERGE = "converge"
_AT_MOST = 16_000_000
_AT_ONCE = 16
_INVALID = {"statement-invalid", "statement-misbound", "statement-misdated", "persona-mismatch", "principal-missing"}


@dataclass(frozen=True)
class Newest:
    """The newest file in the place of a task's statements: how many there are, its name and digest. It was hashed, and not opened."""

    count: int
    name: str
    digest: str


def newest_work(run: OpenRun, phase: PhaseContract) -> dict[str, Newest]:
    """What lies newest for each task of a phase that delivered anything, and for its merge.

    Raises
    ------
    StoreError: the store cannot be read.

    """
    ids = [task.id for task in phase.tasks] + [f"{phase.id}/{CONVERGE}"]
    if run.store.store.local:
        root = str(run.store.path / run.folder("statements"))
        try:
            found = [_newest_local(f"{root}/{task_id}") for task_id in ids]
        except OSError as error:
            raise StoreError(f"The evidence store cannot be read: {error}.") from error
    else:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(lambda task_id: _newest(run, task_id), ids))
    return {task_id: one for task_id, one in zip(ids, found, strict=True) if one}


def _newest(run: OpenRun, task_id: str) -> Newest | None:
    folder = run.folder(f"statements/{task_id}")
    names = run.store.names(folder)
    if not names:
        return None
    data = run.store.read(f"{folder}/{names[-1]}", at_most=_AT_MOST) or b""
    return Newest(len(names), names[-1], hashlib.sha256(data).hexdigest())


def _newest_local(folder: str) -> Newest | None:
    """As `_newest`, on plain paths: a phase may have a thousand tasks, and building path objects would take longer than reading."""
    try:
        names = [name for name in os.listdir(folder) if name[0] != "."]  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not names:
        return None
    newest = max(names)
    handle = os.open(f"{folder}/{newest}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        told = hashlib.sha256()
        while data := os.read(handle, 1 << 20):
            told.update(data)
    finally:
        os.close(handle)
    return Newest(len(names), newest, told.hexdigest())


@dataclass(frozen=True)
class Heard:
    """What a gate said last, by its own bytes alone: `stored` is None where there is nothing to be shown, and `reason` then says why."""

    word: Word
    reason: str
    stored: Stored[Verdict] | None
    older: tuple[Stored[Verdict], ...]

    @property
    def rests_on(self) -> set[str | None]:
        """The digests of the statements it was made from."""
        return {item.digest.get("sha256") for item in self.stored.says.input_attestations} if self.stored else set()


@dataclass(frozen=True)
class Spoken(Heard):
    """The same, held against the work that lies in the store now."""

    work: dict[str, Newest]


def heard(run: OpenRun, phase: PhaseContract) -> Heard:
    """The newest verdict on a phase, if it is bound to this run and does not contradict itself."""
    found, broken = run.verdicts(phase.id)
    if broken and (not found or broken[-1].name > found[-1].name):
        return Heard("INVALID", f"{broken[-1].name}: {broken[-1].reason}.", None, tuple(found))
    if not found:
        return Heard("NONE", "The gate has not answered yet.", None, ())
    newest, older = found[-1], tuple(found[:-1])
    reason = _objected(run, phase, newest)
    return (
        Heard("INVALID", f"The newest verdict {reason}.", None, older) if reason else Heard(newest.says.phasegate.word, "", newest, older)
    )


def _objected(run: OpenRun, phase: PhaseContract, stored: Stored[Verdict]) -> str:
    """What speaks against a verdict by its own bytes; empty if nothing does."""
    bound, said, charter = stored.says.phasegate.binding, stored.says, run.charter
    expected = (charter.digest, charter.says.plan, charter.says.dag_id, charter.says.run_id, phase.id, "gate")
    if (bound.charter, bound.plan, bound.dag_id, bound.run_id, bound.phase, bound.task) != expected:
        return "is of another run, plan or phase"
    if (said.verification_result == "PASSED") != said.phasegate.word.startswith("PASSED") or _contradicts(said):
        return "contradicts itself"
    return ""


def earlier(run: OpenRun, phase: PhaseContract, answer: Heard, digest: str) -> Heard | None:
    """What a gate said with one verdict that is no longer the newest; None where there is none of this digest."""
    for index, item in enumerate(answer.older):
        if item.digest == digest:
            reason = _objected(run, phase, item)
            if reason:
                return Heard("INVALID", f"This verdict {reason}.", None, answer.older[:index])
            return Heard(item.says.phasegate.word, "", item, answer.older[:index])
    return None


def judging(run: OpenRun, phase: PhaseContract, digest: str) -> tuple[Stored[Verdict] | None, bool]:
    """The newest verdict that rests on a statement, and whether it is the newest of all; without a digest, the newest of all."""
    said = heard(run, phase)
    if said.stored is not None and (not digest or digest in said.rests_on):
        return said.stored, True
    for item in said.older[::-1] if digest and said.word not in ("NONE", "INVALID") else ():
        rests_on = {one.digest.get("sha256") for one in item.says.input_attestations}
        if digest in rests_on and not _objected(run, phase, item):
            return item, False
    return None, False


def _contradicts(said: Verdict) -> bool:
    """Whether the word and what stands beside it do not go together; a waiver that ran out since is no contradiction."""
    spoken_word, waived, found = said.phasegate.word, bool(said.phasegate.waived), bool(said.phasegate.findings)
    return (
        (spoken_word, waived) == ("PASSED_WITH_WAIVER", False)
        or (spoken_word == "PASSED" and waived)
        or (spoken_word != "FAILED" and found)
    )


def spoken(run: OpenRun, phase: PhaseContract) -> Spoken:
    """The newest verdict on a phase; as `not_closed` has it, one that PASSED counts only if it rests on the newest work."""
    said, work = heard(run, phase), newest_work(run, phase)
    if said.stored and said.word.startswith("PASSED") and _rests_on_more(run, phase, said.stored):
        reason = _closed(run, phase)
        return Spoken("INVALID" if reason else said.word, reason, said.stored, said.older, work)
    if said.stored and said.word.startswith("PASSED") and said.rests_on != _counted(run, phase, work, said.rests_on):
        reason = f"Work of phase {phase.title} was done again, or taken away, after its verdict; its gate must be asked again."
        return Spoken("INVALID", reason, said.stored, said.older, work)
    return Spoken(said.word, said.reason, said.stored, said.older, work)


def _rests_on_more(run: OpenRun, phase: PhaseContract, stored: Stored[Verdict]) -> bool:
    """Whether a verdict rests on more than its own tasks delivered: approvals, fix cycles, waivers, or a verdict before that is no longer the newest."""
    said, before = stored.says.phasegate, run.contract.before(phase.id)
    newest = run.verdicts(before.id)[0][-1:] if before else []
    follows = all(one.digest == said.binding.previous_verdict for one in newest)
    return bool(phase.approval or said.waived or not follows or run.store.names(run.folder(f"triages/{phase.id}")))


def _closed(run: OpenRun, phase: PhaseContract) -> str:
    """What the gate's own policy has against a phase whose verdict rests on more than its own tasks delivered."""
    record = read_record(run.store)
    return (not_closed(record, phase, record.judged_at(pendulum.now("UTC"))) or "") if record else "The run has no charter any more."


def _counted(run: OpenRun, phase: PhaseContract, work: dict[str, Newest], rests_on: set[str | None]) -> set[str | None]:
    """The digests of what counts now: the newest that can be opened. What the verdict names needs no second look: its digest is signed."""
    tasks = {task.id: task for task in phase.tasks}
    counted: set[str | None] = {run.charter.digest}
    for task_id, one in work.items():
        if one.digest in rests_on:
            counted.add(one.digest)
            continue
        found: list[Stored[TaskStatement]] | list[Stored[ConvergeStatement]]
        found = run.statements(tasks[task_id])[0] if task_id in tasks else run.converges(phase.id)[0]
        counted |= {found[-1].digest} if found else set()
    return counted


@dataclass(frozen=True)
class Delivery:
    """What a task, or the merge of a phase, delivered: every attempt that can be opened, and those that cannot.

    `reason` says why the newest cannot be believed; empty if it can.
    """

    found: tuple[Stored[TaskStatement] | Stored[ConvergeStatement], ...]
    broken: tuple[Broken, ...]
    reason: str

    @property
    def newest(self) -> Stored[TaskStatement] | Stored[ConvergeStatement] | None:
        """The newest attempt; None if there is none, or if it cannot be opened."""
        if not self.found or any(item.name > self.found[-1].name for item in self.broken):
            return None
        return self.found[-1]


def deliveries(run: OpenRun, phase: PhaseContract, task: TaskContract | None) -> Delivery:
    """What a task delivered; without a task, the merges of the phase. What belongs elsewhere counts as broken."""
    loose: list[Stored[TaskStatement] | Stored[ConvergeStatement]]
    loose, broken = run.statements(task) if task else run.converges(phase.id)  # type: ignore[assignment] # lists of one kind each
    strange = [
        Broken(phase.id, CONVERGE, item.name, "it was made for something else") for item in loose if not belongs(run, item, phase, task)
    ]
    found = tuple(item for item in loose if belongs(run, item, phase, task))
    made = Delivery(found, tuple(sorted((*broken, *strange), key=lambda item: item.name)), "")
    if made.newest is None:
        return Delivery(found, made.broken, f"{made.broken[-1].name}: {made.broken[-1].reason}." if made.broken else "")
    return Delivery(found, made.broken, _objection(run, task, made) if task else "")


def belongs(
    run: OpenRun, stored: Stored[TaskStatement] | Stored[ConvergeStatement], phase: PhaseContract, task: TaskContract | None
) -> bool:
    """Whether a statement is of this very run, phase and task, by the persona that was asked; without a task, whether it is the merge."""
    bound, charter, says = stored.says.binding, run.charter, stored.says
    here = (charter.digest, charter.says.plan, charter.says.dag_id, charter.says.run_id, phase.id, -1)
    names = {task.task} if task else {CONVERGE, JOIN}
    if (bound.charter, bound.plan, bound.dag_id, bound.run_id, bound.phase, bound.map_index) != here or bound.task not in names:
        return False
    if isinstance(says, ConvergeStatement) or task is None:
        return task is None and isinstance(says, ConvergeStatement) and stored.keyid == charter.keyid
    mine = next((key for key, public in run.keys.items() if public.pem == charter.says.keys.get(task.persona)), None)
    return (says.persona, stored.keyid) == (task.persona, mine)


def _objection(run: OpenRun, task: TaskContract, made: Delivery) -> str:
    """What the gate's own policy has against the newest statement as such."""
    before = run.contract.before(task.phase)
    verdicts = {before.id: run.verdicts(before.id)[0]} if before else {}
    statements = [item for item in made.found if isinstance(item.says, TaskStatement)]
    record = RunRecord(run.charter, run.contract, {task.id: statements}, {}, verdicts)
    found = delivered(Case(record, task.phase, lambda _: None, pendulum.now("UTC")))
    return " ".join(item.text for item in found if item.task == task.id and item.rule in _INVALID)
