"""An honest run of the standard workflow, made without Airflow or git, signed with real keys, to be spoiled by tests.

Every content is what a good team would leave; a test changes one thing and asks the gate.
"""

from __future__ import annotations

import atexit
import base64
import copy
import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pendulum

from dag_factory.evidence.answering import keep_verdict
from dag_factory.evidence.contract import Item, RunContract, TaskContract
from dag_factory.evidence.envelope import sign_envelope
from dag_factory.evidence.keys import AUTHORITY, KeyFolder
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.merges import base_of
from dag_factory.evidence.record import RunRecord, binding_of, fix_folder, read_record
from dag_factory.evidence.statement import Charter, CheckResult, ConvergeStatement, Entry, Sealed, TaskStatement, now, sign
from dag_factory.evidence.store import RunStore, Store
from dag_factory.evidence.verify import Judgement, verify
from support.contents import content_of
from support.orders import SPEC, plan_of

BASE = "b" * 40
PRODUCT = b""  # the list of the product's files


@dataclass
class HonestRun:
    """A run that is honest until a test spoils it.

    `contents` overrides what an item holds, by (task id, item id); None leaves it out. `codes` overrides the exit code of a check.
    """

    tmp_path: Path
    text: str = SPEC
    run_id: str = "manual__1"
    contents: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    codes: dict[tuple[str, str], int | None] = field(default_factory=dict)
    principals: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plan = plan_of(self.tmp_path, self.text, patterns=("standard", "none"))
        self.contract = self.plan.contract
        self.store: RunStore = Store(self.tmp_path / "evidence").run(self.plan.workflow, self.run_id)
        self.keys = KeyFolder(self.tmp_path / "keys")
        self.commits: dict[str, str] = {}
        self.kickoff()

    def kickoff(self, **changes: Any) -> None:
        """Write a charter."""
        digest = self.store.put_bytes(self.plan.canonical)
        keys = {name: self.keys.signer(name, make=True).public.pem for name in (AUTHORITY, *self.contract.personas)}
        written = {
            "plan": digest, "dag_id": self.plan.workflow, "run_id": self.run_id, "workflow": self.plan.workflow, "mission": self.plan.mission,
            "params": "{}", "base": BASE, "keys": keys, "assurance": "local", "nonce": f"{len(self.store.names('charters')):032x}",
            "triggered_by": "", "previous": None,
            "written_at": now(),
        } | changes  # fmt: skip
        self.store.append("charters", sign(Charter(**written), {"plan": {"sha256": str(written["plan"])}}, self.keys.signer(AUTHORITY)))

    @property
    def record(self) -> RunRecord:
        """The run as its store holds it now."""
        record = read_record(self.store)
        assert record is not None
        return record

    def content(self, task: TaskContract, item: Item) -> bytes | None:
        """What an item holds."""
        if (task.id, item.id) in self.contents:
            return self.contents[task.id, item.id]
        return content_of(task, item, commits=self.commits)

    def entries(self, task: TaskContract, at: str) -> tuple[Entry, ...]:
        """The files of a task: those of its own statement (`seal`), or those of the merge (`converge`)."""
        found = []
        for item in task.items:
            merged = item.check is not None and item.at == "converge"
            data = self.content(task, item) if merged == (at == "converge") and item.kind != "command" else None
            if data is not None:
                name = item.path or item.report or "src/orders/code.py"
                found.append(
                    Entry(task=task.id, item=item.id, name=name, digest=self.store.put_bytes(data), size=len(data), grade=item.needs)
                )
        return tuple(found)

    def results(self, task: TaskContract, at: str) -> tuple[CheckResult, ...]:
        """The checks Phasegate ran for a task."""
        log = self.store.put_bytes(b"ran\n")
        return tuple(
            CheckResult(
                task=task.id, name=check.name, exit_code=self.codes.get((task.id, check.name), 0), ended="exited", log=log, excerpt="ran",
                seconds="0.100", network="none", why_open="",
            )
            for check in task.checks
            if check.at == at
        )  # fmt: skip

    def deliver(self, task_id: str, *, signer: str | None = None, within: tuple[str, int] | None = None, **changes: Any) -> str:
        """Write a statement for a task, honest but for `changes`, in the fix cycle of a phase if told `within` which; returns its name."""
        task, record = self.contract.tasks[task_id], self.record
        phase, cycle = within or (task.phase, 0)
        folder = f"{record.charter.digest[:16]}/" + (fix_folder(phase, cycle, task_id) if within else f"statements/{task_id}")
        attempt = len(self.store.names(folder)) + 1
        commit = f"{cycle:04x}{list(self.contract.phases).index(self.contract.phase(phase)):04x}{list(self.contract.tasks).index(task_id) + 1:032x}"
        seals = task.runner != "check"
        written = {
            "binding": binding_of(record, phase, task_id if within else task.task, attempt, cycle=cycle), "persona": task.persona, "runner": task.runner,
            "principals": self.principals.get(task_id, () if task.runner == "check" else (f"script:sha256:{task.persona}-{task.duty}",)),
            "outcome": "completed", "exit_code": 0, "excerpt": "done", "log": self.store.put_bytes(b"done\n"), "base": self._base(task, phase, cycle),
            "sealed": Sealed(commit=commit, tree="c" * 40, bundle=self.store.put_bytes(commit.encode())) if seals else None,
            "evidence": self.entries(task, "seal"), "checks": self.results(task, "seal"), "refusals": (), "started_at": now(), "finished_at": now(),
        } | changes  # fmt: skip
        statement = TaskStatement(**written)
        if statement.sealed:
            self.commits[f"{task_id}, {phase} {cycle}" if within else task_id] = statement.sealed.commit
        subjects = {entry.name: {"sha256": entry.digest} for entry in statement.evidence} or {"log": {"sha256": str(statement.log)}}
        return self.store.append(folder, sign(statement, subjects, self.keys.signer(signer or task.persona)))

    def _base(self, task: TaskContract, phase: str, cycle: int) -> str | None:
        """The commit that a worker lays out for a task."""
        return base_of(Case(self.record, phase, self.store.blob, pendulum.now("UTC"), cycle), task, cycle)

    def converge(self, phase: str, **changes: Any) -> None:
        """Merge a phase."""
        record = self.record
        before = self.contract.before(phase)
        verdict = record.verdict(before.id) if before else None
        tasks = self.contract.phase(phase).tasks
        commit = f"{len(record.contract.upto(phase)):040x}".replace("0", "d")
        written = {
            "binding": binding_of(record, phase, "converge", 1), "base": verdict.says.phasegate.approved if verdict else BASE,
            "merged": tuple((task.id, stored.says.sealed.commit) for task in tasks if (stored := record.newest(task.id)) and stored.says.sealed),
            "conflicts": (), "undone": (), "sealed": Sealed(commit=commit, tree="e" * 40, bundle=self.store.put_bytes(commit.encode())),
            "product": self.store.put_bytes(PRODUCT),
            "evidence": tuple(entry for task in tasks for entry in self.entries(task, "converge")),
            "checks": tuple(result for task in tasks for result in self.results(task, "converge")), "finished_at": now(),
            "saw": tuple(stored.digest for task in tasks if (stored := record.newest(task.id))),
        } | changes  # fmt: skip
        statement = ConvergeStatement(**written)
        folder = f"{record.charter.digest[:16]}/statements/{phase}/converge"
        self.store.append(folder, sign(statement, {"merged": {"gitCommit": statement.sealed.commit}}, self.keys.signer(AUTHORITY)))

    def judge(self, phase: str, *, cycle: int | None = None, **more: Any) -> Judgement:
        """Ask a gate, without keeping its answer."""
        return verify(self.record, phase, self.store.blob, more.pop("now", None) or pendulum.now("UTC"), cycle=cycle, **more)

    def answer(self, phase: str, *, cycle: int | None = None) -> Judgement:
        """Ask a gate, and keep its answer."""
        judgement = self.judge(phase, cycle=cycle)
        keep_verdict(self.store, self.record, judgement, attempt=1, moment=now(), signer=self.keys.signer(AUTHORITY))
        return judgement

    def work(self, phase: str, *, without: tuple[str, ...] = ()) -> None:
        """Have every task of a phase deliver, but for some, and merge."""
        for task in self.contract.phase(phase).tasks:
            if task.id not in without:
                self.deliver(task.id)
        self.converge(phase)

    def through(self, phase: str | None) -> HonestRun:
        """Work honestly and pass every gate, up to and with a phase."""
        for one in self.contract.upto(phase) if phase else ():
            self.work(one.id)
            judgement = self.answer(one.id)
            assert judgement.word == "PASSED", judgement.findings
        return self

    def before(self, phase: str) -> HonestRun:
        """Work honestly through every phase before this one."""
        before = self.contract.before(phase)
        return self.through(before.id if before else None)


def rules(judgement: Judgement) -> set[str]:
    """The rules a judgement found broken."""
    return {finding.rule for finding in judgement.findings}


def as_json(value: object) -> bytes:
    """A value as the bytes of a report."""
    return json.dumps(value).encode()


def copied(run: HonestRun, to: Path) -> HonestRun:
    """A run of its own that is just like this one: it may be spoilt, and the first stays honest."""
    shutil.copytree(run.tmp_path, to, dirs_exist_ok=True)
    other = copy.copy(run)
    other.tmp_path, other.store = to, Store(to / "evidence").run(run.plan.workflow, run.run_id)
    other.keys = KeyFolder(to / "keys")
    other.contents, other.codes, other.principals = dict(run.contents), dict(run.codes), dict(run.principals)
    other.commits = dict(run.commits)
    return other


@functools.cache
def _made(phase: str | None, text: str, *, answered: bool) -> HonestRun:
    """A run through a phase, made once in a process; with its gate answered, or not yet."""
    folder = Path(tempfile.mkdtemp(prefix="phasegate-honest-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if phase is None:
        return HonestRun(folder, text=text)
    if answered:
        run = copied(_made(phase, text, answered=False), folder)
        judgement = run.answer(phase)
        assert judgement.word == "PASSED", judgement.findings
        return run
    before = _made(None, text, answered=True).contract.before(phase)
    run = copied(_made(before.id if before else None, text, answered=True), folder)
    run.work(phase)
    return run


def honest(to: Path, *, through: str | None = None, worked: str | None = None, text: str = SPEC) -> HonestRun:
    """A copy of an honest run; quicker than to work for each test.

    Parameters
    ----------
    to: the folder it is copied to.
    through: it passed every gate up to and with this phase.
    worked: likewise, but the gate of this phase was not asked yet.
    text: its spec.

    """
    return copied(_made(worked or through, text, answered=worked is None), to)


def place(run: HonestRun, folder: str, number: int = 1) -> Path:
    """Where a statement or verdict lies: `folder` is ``statements/<phase>/<task>``, ``verdicts/<phase>`` or ``charters``."""
    base = run.store.path if folder == "charters" else run.store.path / run.record.charter.digest[:16]
    return Path(base / folder / f"{number:04d}.json")


def payload_of(path: Path) -> dict[str, Any]:
    """What an envelope holds, unverified."""
    payload: dict[str, Any] = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    return payload


def resign(run: HonestRun, path: Path, change: Callable[[dict[str, Any]], object], *, signer: str, to: Path | None = None) -> None:
    """Change what an envelope holds in place, whatever comes of it, and sign it again with somebody's real key."""
    payload = payload_of(path)
    change(payload)
    data = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    (to or path).parent.mkdir(parents=True, exist_ok=True)
    (to or path).write_bytes(sign_envelope(data, run.keys.signer(signer)))


def warm() -> None:
    """Make every honest run of the standard workflow once, so that tests which are forked from this process need not."""
    for phase in plan_phases():
        _made(phase, SPEC, answered=False)
        _made(phase, SPEC, answered=True)


def plan_phases() -> list[str]:
    """The phases of the standard workflow, in order."""
    return [phase.id for phase in _made(None, SPEC, answered=True).contract.phases]


def under(run: HonestRun, change: Callable[[dict[str, Any]], object]) -> RunRecord:
    """The run as it is, judged by another contract: `change` gets it as a mapping."""
    data = run.contract.model_dump()
    change(data)
    return replace(run.record, contract=RunContract.model_validate(data))
