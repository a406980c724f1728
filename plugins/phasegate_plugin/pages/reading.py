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
from dag_factory.evidence.policies.delivery import delivered
from dag_factory.evidence.record import Broken, OpenRun, RunRecord, Stored
from dag_factory.evidence.statement import ConvergeStatement, TaskStatement
from dag_factory.evidence.verdict import Verdict
from phasegate_plugin.pages.views import Word

__all__ = ["CONVERGE", "Delivery", "Newest", "Spoken", "belongs", "deliveries", "newest_work", "spoken"]

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
class Spoken:
    """What a gate said last, and whether it can be believed: `stored` is None where there is nothing to be shown."""

    word: Word
    reason: str
    stored: Stored[Verdict] | None
    older: tuple[Stored[Verdict], ...]
    work: dict[str, Newest]


def spoken(run: OpenRun, phase: PhaseContract) -> Spoken:
    """The newest verdict on a phase; as `not_closed` has it, it counts only if it is bound to this run and rests on the newest work."""
    found, broken = run.verdicts(phase.id)
    work = newest_work(run, phase)
    if broken and (not found or broken[-1].name > found[-1].name):
        return Spoken("INVALID", f"{broken[-1].name}: {broken[-1].reason}.", None, tuple(found), work)
    if not found:
        return Spoken("NONE", "The gate has not answered yet.", None, (), work)
    newest, older = found[-1], tuple(found[:-1])
    bound, said, charter = newest.says.phasegate.binding, newest.says, run.charter
    expected = (charter.digest, charter.says.plan, charter.says.dag_id, charter.says.run_id, phase.id, "gate")
    if (bound.charter, bound.plan, bound.dag_id, bound.run_id, bound.phase, bound.task) != expected:
        return Spoken("INVALID", "The newest verdict is of another run, plan or phase.", None, older, work)
    passed = said.passed(pendulum.now("UTC"))
    if (said.verification_result == "PASSED") != said.phasegate.word.startswith("PASSED") or (
        said.phasegate.word == "PASSED" and not passed
    ):
        return Spoken("INVALID", "The newest verdict contradicts itself.", None, older, work)
    if passed and {item.digest.get("sha256") for item in said.input_attestations} != _counted(run, phase, work, said):
        reason = f"Work of phase {phase.title} was done again, or taken away, after its verdict; its gate must be asked again."
        return Spoken("INVALID", reason, newest, older, work)
    return Spoken(said.phasegate.word, "", newest, older, work)


def _counted(run: OpenRun, phase: PhaseContract, work: dict[str, Newest], said: Verdict) -> set[str | None]:
    """The digests of what counts now: the newest that can be opened. What the verdict names needs no second look: its digest is signed."""
    rests_on = {item.digest.get("sha256") for item in said.input_attestations}
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
    here = (charter.digest, charter.says.plan, charter.says.dag_id, charter.says.run_id, phase.id, task.task if task else CONVERGE, -1)
    if (bound.charter, bound.plan, bound.dag_id, bound.run_id, bound.phase, bound.task, bound.map_index) != here:
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
