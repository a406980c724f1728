"""A fix cycle of a run made by `support.runs`, and what people decide about it: honest until a test changes one thing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pendulum

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.decisions import Decision, Scope, Triage, Waiver
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.consent import asked_of
from dag_factory.evidence.policies.merges import judged_base, work_base
from dag_factory.evidence.rounds import CONVERGE, JOIN, reopened
from dag_factory.evidence.routing import route
from dag_factory.evidence.run import binding_of
from dag_factory.evidence.statement import ConvergeStatement, Sealed, now, sign
from dag_factory.evidence.verdict import Finding
from dag_factory.evidence.verify import Judgement
from dag_factory.evidence.waiving import scope_of
from support.runs import PRODUCT, HonestRun

__all__ = ["Cycle", "approve", "case_of", "decide", "failing", "findings_of", "given"]


def case_of(run: HonestRun, phase: str, cycle: int | None = None, *, moment: Any = None) -> Case:
    """A phase of a run, to be looked at."""
    return Case(run.record, phase, run.store.blob, moment or pendulum.now("UTC"), cycle)


def findings_of(run: HonestRun, phase: str) -> tuple[Finding, ...]:
    """What the newest verdict on a phase found."""
    verdict = run.record.verdict(phase)
    assert verdict is not None
    return verdict.says.phasegate.findings


def failing(run: HonestRun, task_id: str = "validation/test-engineer", name: str = "check") -> HonestRun:
    """Have a check of a task fail, and the gate of its phase find it."""
    run.codes[task_id, name] = 1
    run.deliver(task_id)
    assert [finding.id for finding in run.answer(run.contract.tasks[task_id].phase).findings] == [f"check-failed:{task_id}/{name}"]
    run.codes.clear()
    return run


@dataclass
class Cycle:
    """One fix cycle of a phase, done step by step or as a whole."""

    run: HonestRun
    phase: str
    number: int = 1

    def case(self) -> Case:
        """The phase as it stands in this cycle."""
        return case_of(self.run, self.phase, self.number)

    def triage(self, **changes: Any) -> None:
        """Say who mends what."""
        record = self.run.record
        verdict = record.verdict_in(self.phase, self.number - 1)
        assert verdict is not None
        made = route(case_of(self.run, self.phase, self.number - 1), verdict.says.phasegate.findings)
        tasks = record.contract.tasks
        folder = f"{record.charter.digest[:16]}/triages/{self.phase}"
        written: dict[str, Any] = {
            "binding": binding_of(record, self.phase, "triage", len(self.run.store.names(folder)) + 1, cycle=self.number),
            "orders": made.told(made.orders, tasks), "again": made.told(made.again, tasks), "left": tuple(made.left),
            "unowned": tuple(made.unowned), "written_at": now(),
        } | changes  # fmt: skip
        self._keep("triages", Triage(**written))

    def mend(self, task_id: str, **changes: Any) -> None:
        """Have one task deliver: what it mended, or its judgement."""
        self.run.deliver(task_id, within=(self.phase, self.number), **changes)

    def merge(self, step: str = CONVERGE, **changes: Any) -> None:
        """Merge what was mended, or what validators wrote after it."""
        case, run = self.case(), self.run
        judges = {task.id for task in case.contract.judges(self.phase)}
        newest = case.rounds[-1] if case.rounds else None
        own = [
            task
            for task in case.contract.tasks.values()
            if newest and newest.statements.get(task.id) and (task.id in judges) == (step == JOIN)
        ]
        sealed = [(task.id, newest.statements[task.id][-1].says.sealed) for task in own if newest]
        commit = f"{len(run.contract.upto(self.phase)):x}{self.number:x}{'f' if step == JOIN else 'e'}".ljust(40, "d")
        checked = self._checked(case, step)
        written: dict[str, Any] = {
            "binding": binding_of(case.record, self.phase, step, 1, cycle=self.number),
            "base": judged_base(case) if step == JOIN else work_base(case),
            "merged": tuple((name, one.commit) for name, one in sealed if one), "conflicts": (), "undone": (),
            "sealed": Sealed(commit=commit, tree=self._tree(case, sealed), bundle=run.store.put_bytes(commit.encode())),
            "product": run.store.put_bytes(PRODUCT), "evidence": tuple(entry for task in checked for entry in run.entries(task, "converge")),
            "checks": tuple(result for task in checked for result in run.results(task, "converge")), "finished_at": now(),
            "saw": tuple(newest.statements[task.id][-1].digest for task in own if newest),
        } | changes  # fmt: skip
        self._keep("statements", ConvergeStatement(**written), below="/converge")

    def _tree(self, case: Case, sealed: list[tuple[str, Sealed | None]]) -> str:
        """The tree of a merge: another than that of the one before, if anything was merged that was not in it."""
        if new := sorted({one.commit for _, one in sealed if one} - case.merged):
            return hashlib.sha1("".join(new).encode(), usedforsecurity=False).hexdigest()
        return case.merges[-1].says.sealed.tree if case.merges else "e" * 40

    def _checked(self, case: Case, step: str) -> list[TaskContract]:
        again = [task for task in reopened(case.record, self.phase, self.number) if task.phase != self.phase]
        joins = case.contract.joins(self.phase)
        return list(case.phase.tasks) if step == JOIN else again if joins else [*again, *case.phase.tasks]

    def judged(self, *, without: tuple[str, ...] = ()) -> Cycle:
        """Have everyone judge again, but for some, and merge what they wrote."""
        contract = self.run.contract
        for task in contract.judges(self.phase):
            if task.id not in without:
                self.mend(task.id)
        if contract.joins(self.phase):
            self.merge(JOIN)
        return self

    def mended(self, *, without: tuple[str, ...] = (), **changes: Any) -> Cycle:
        """Have everything up to the merge done, but for some orders; `changes` are those of the merge."""
        self.triage()
        for order in self.case().rounds[-1].triage.says.orders:
            if order.task not in without:
                self.mend(order.task)
        self.merge(**changes)
        return self

    def ask(self, **more: Any) -> Judgement:
        """Ask the gate of this cycle, without keeping its answer."""
        return self.run.judge(self.phase, cycle=self.number, **more)

    def answer(self) -> Judgement:
        """Ask it, and keep its answer."""
        return self.run.answer(self.phase, cycle=self.number)

    def told(self, **more: Any) -> list[str]:
        """The ids of what the gate of this cycle finds."""
        return [finding.id for finding in self.ask(**more).findings]

    def _keep(self, kind: str, says: Any, *, below: str = "") -> None:
        _keep(self.run, f"{kind}/{self.phase}{below}", says)


def _keep(run: HonestRun, folder: str, says: Any) -> None:
    charter = run.record.charter.digest
    run.store.append(f"{charter[:16]}/{folder}", sign(says, {"charter": {"sha256": says.binding.charter}}, run.keys.signer(AUTHORITY)))


def decide(run: HonestRun, phase: str, answer: str, *, by: str = "erin", cycle: int = 0, task: str = "decide_1", **changes: Any) -> None:
    """Write what a person decided about the newest verdict on a phase."""
    verdict = run.record.verdict(phase)
    bound = binding_of(run.record, phase, task, 1, cycle=cycle)
    written: dict[str, Any] = {
        "binding": bound.model_copy(update={"previous_verdict": verdict.digest}) if verdict else bound, "asked": "0" * 64, "answer": answer,
        "by": by, "name": "",
        "reason": "It can wait.", "findings": (), "decided_at": now(),
    } | changes  # fmt: skip
    _keep(run, f"decisions/{phase}", Decision(**written))


def approve(run: HonestRun, phase: str, *, by: str, index: int = 1, cycle: int = 0, answer: str = "approve", **changes: Any) -> None:
    """Write what a person answered whom the gate asks to approve, about the evidence as it lies there now."""
    said: dict[str, Any] = {
        "binding": binding_of(run.record, phase, f"approve-{index}", 1, cycle=cycle), "asked": asked_of(case_of(run, phase, cycle)), "answer": answer,
        "by": by, "name": "", "reason": "", "findings": (), "decided_at": now(),
    } | changes  # fmt: skip
    _keep(run, f"decisions/{phase}", Decision(**said))


def given(run: HonestRun, phase: str, *findings: Finding, cycle: int = 0, **changes: Any) -> None:
    """Write a waiver for findings; all of the newest verdict if none is named. Nothing of it is checked here."""
    case, moment = case_of(run, phase, cycle), pendulum.now("UTC")
    written: dict[str, Any] = {
        "binding": binding_of(run.record, phase, "waiver", 1, cycle=cycle), "number": f"W-{len(run.record.waivers[phase]) + 1}",
        "scope": tuple(Scope(finding=finding.id, digest=scope_of(case, finding)) for finding in findings or findings_of(run, phase)),
        "reason": "It is known, and harmless.", "by": "erin", "name": "", "given_at": moment.to_iso8601_string(),
        "expires_at": moment.add(days=1).to_iso8601_string(),
    } | changes  # fmt: skip
    _keep(run, f"waivers/{phase}", Waiver(**written))
