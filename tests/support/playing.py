"""Plays a run to its end: in each turn Airflow decides, then workers work; in between people set states by hand, clear tasks and let time pass."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.utils.state import State

from dag_factory.build import build_dag
from dag_factory.evidence.policies.chain import not_closed
from dag_factory.evidence.record import read_record
from dag_factory.evidence.statement import moment_of
from dag_factory.evidence.store import Store
from dag_factory.plan import Plan, compile_plan
from dag_factory.spec import read_spec
from support.runs import payload_of
from support.scheduling import Airflow
from support.workers import Workers

__all__ = ["TURNS", "Clock", "Game", "Shape"]

TURNS = 60
"""So many turns at most until a run ends, and as many again for every time somebody reaches into it."""

_SPEC = """\
workflow: {name}
pattern: false
mission: Something to mend
{workspace}
fix: {{max_cycles: {cycles}, extra_cycles: {extra}, owner: build/maker{decide}}}
paths: {{product: ["src/**"], docs: ["docs/**"], deploy: ["deploy/**"], plan: [PLAN.md]}}
features: {{one: The first, two: The second}}
catalogue:
  planner:
    title: Planner
    instructions: Plan.
    contracts: {{foundation: {{does: Plan., writes: [plan], evidence: {{plan: {{report: plan.txt, kind: file}}}}}}}}
  maker:
    title: Maker
    instructions: Make.
    contracts: {{implementation: {{does: Make, writes: [product], evidence: {{code: {{report: code.txt, kind: file}}}}}}}}
  judge:
    title: Judge
    instructions: Judge.
    contracts: {{validation: {{does: Judge it., evidence: {{works: {{report: works.txt, kind: file, needs: re-executed}}}}}}}}
  writer:
    title: Writer
    instructions: Write.
    contracts: {{documentation: {{does: Write., writes: [docs], evidence: {{guide: {{report: guide.md, kind: file}}}}}}}}
  packer:
    title: Packer
    instructions: Pack.
    contracts: {{deployment: {{does: Pack it., writes: [deploy], evidence: {{box: {{report: box.txt, kind: file}}}}}}}}
personas:
  planner: {{command: 'true'}}
  maker: {{command: 'true'}}
  judge: {{check: 'true'}}
  writer: {{command: 'true'}}
{packer}phases:
  plan: {{tasks: {{planner: {{persona: planner, duty: foundation}}}}, gate: {{}}}}
  build: {{tasks: {{maker: {{persona: maker, duty: implementation, each: feature}}}}, gate: {{}}}}
  check:
    tasks:
      judge: {{persona: judge, duty: validation, validates: [build]}}
      writer: {{persona: writer, duty: documentation, validates: [build]}}
    gate: {{{approval}}}
{ship}"""


@dataclass(frozen=True)
class Shape:
    """What a workflow is like."""

    cycles: int = 2
    extra: int = 0
    decide: bool = False
    approval: bool = False
    git: bool = False
    ships: bool = False
    shared: bool = False
    weak: str = ""

    @property
    def name(self) -> str:
        """A DAG id that tells."""
        flags = [name for name in ("decide", "approval", "git", "ships", "shared") if getattr(self, name)]
        return "_".join(["model", str(self.cycles), str(self.extra), *flags, *([self.weak] if self.weak else [])])

    def plan(self, folder: Path) -> Plan:
        """Its plan."""
        return _plan(self, folder)

    def _text(self) -> str:
        return _SPEC.format(
            name=self.name, workspace="workspace: {git: ./repository}" if self.git else "", cycles=self.cycles, extra=self.extra,
            decide=", decide: [lead]" if self.decide else "", approval="approval: {people: [lead]}" if self.approval else "",
            ship="  ship: {tasks: {packer: {persona: packer, duty: deployment}}, gate: {}}\n" if self.ships else "",
            packer="  packer: {command: 'true'%s}\n" % (", pool: packing" if self.shared else "") if self.ships else "",
        )  # fmt: skip


@functools.cache
def _plan(shape: Shape, folder: Path) -> Plan:
    path = folder / f"{shape.name}.yaml"
    path.write_text(shape._text(), encoding="utf-8")
    return compile_plan(read_spec(path, patterns=("none",)))


@functools.cache
def _dag(shape: Shape, folder: Path, weaken: Callable[[Any], None] | None) -> Any:
    dag = build_dag(shape.plan(folder), folder)
    if weaken:
        weaken(dag)
    return dag


class Clock:
    """The moment it is; days can pass in no time."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._real, self.passed = pendulum.now, pendulum.duration()
        patch.setattr(pendulum, "now", lambda tz="UTC": self._real(tz) + self.passed)


@dataclass
class Game:
    """One run, played.

    Parameters
    ----------
    choose: gives one of some possibilities, by the name of the choice; the first is that all goes well.
    levers: in which turns somebody reaches into the run.
    weaken: changes the DAG before it is made known; a `Shape` with a name for that in `weak` is then wanted.

    """

    airflow: Airflow
    folder: Path
    shape: Shape
    run_id: str
    clock: Clock
    choose: Any
    levers: Sequence[int] = ()
    weaken: Callable[[Any], None] | None = None
    turns: int = 0
    worked: list[tuple[str, int, str]] = field(default_factory=list)
    deep: bool = False
    quiet: bool = False
    ended: list[tuple[str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = self.shape.plan(self.folder)
        self.clock.passed = pendulum.duration()
        self.dag = _dag(self.shape, self.folder, self.weaken)
        self.run = self.airflow.run(self.dag, self.run_id)
        self.store = Store(self.folder / "evidence").run(self.dag.dag_id, self.run_id)
        self.workers = Workers(self.run, self.dag, self.choose, self._shut, self._began, self._meanwhile, self._judged)
        self.due = sorted(self.levers)

    def play(self) -> Game:
        """Play until the run has ended, and nobody reaches into it any more."""
        idle = 0
        while True:
            self.turns += 1
            assert self.turns <= TURNS * (1 + len(self.levers)), f"the run does not end: {self.run.states()}"
            changed = self.run.round()
            if self.run.over:
                self._over()
            if self.due and (self.run.over or self.turns >= self.due[0]):
                self.due.pop(0)
                self._pull()
                continue
            if self.run.over:
                return self
            idle = 0 if self._move() or changed else idle + 1
            assert idle < 3, f"nothing goes on: {self.run.states()}"

    def _move(self) -> bool:
        """Have workers do what is scheduled, all of it or a part, and people answer."""
        found = self.run.instances("scheduled", "awaiting_input")
        many = self.choose("many", ["all", "one"]) == "all"
        done = 0
        while found and (many or not done):
            instance = found.pop(self.choose("next", range(len(found))))
            self.run.session.refresh(instance)
            if instance.state == "scheduled":
                self.workers.work(instance)
            elif instance.state == "awaiting_input":
                self.workers.answer(instance)
            done += 1
        return bool(done)

    def _meanwhile(self) -> None:
        """While somebody works, the others may go on, and a hand may reach in."""
        if self.deep or self.choose("meanwhile", ["nothing", "others"]) == "nothing":
            return
        self.deep = True
        try:
            if self.due and self.choose("hand", ["no", "yes"]) == "yes":
                self.due.pop(0)
                self._pull()
            for _ in range(self.choose("others", [1, 2, 4])):
                self.run.round()
                self._move()
        finally:
            self.deep = False

    def _pull(self) -> None:
        """Reach into the run."""
        self.quiet = False  # from here on, the run may be another than the one that was judged
        kind = self.choose("lever", ["success", "failed", "skipped", "clear", "anew", "time"])
        if kind == "time":
            self.clock.passed += pendulum.duration(days=30)
            return
        task_id = "kickoff" if kind == "anew" else self.choose("task", sorted(self.dag.task_ids))
        if kind in {"clear", "anew"}:
            self.run.clear(task_id, downstream=kind == "anew" or self.choose("downstream", [True, False]))
        elif self.run.mark(task_id, kind):
            self.workers.own[task_id] = "by hand"

    def _shut(self, operator: Any) -> str:
        """Why no task of a phase may do anything: the phase before has no valid verdict. Gates may always answer, and then never with success."""
        phase = getattr(operator, "_phase", None) or getattr(operator, "phase", None)
        before = self.plan.contract.before(phase) if phase else None
        return f"{before.id} has no valid verdict" if before and not self.valid(before.id) else ""

    def _began(self, case: Any, task_id: str) -> None:
        """No work without the verdict of the phase before, and no mending without red flags."""
        before = case.contract.before(case.phase_id)
        if before is not None:
            assert self.valid(before.id), f"{task_id} of {case.phase_id} works, and {before.id} has no valid verdict"
        if case.cycle:
            said = self._verdict(case.phase_id)
            own = said["binding"]["cycle"] == case.cycle  # a fix cycle that was judged may be cleared, and done again
            assert own or said["word"] == "FAILED", f"{task_id} mends {case.phase_id}, which has no red flags"
        self.worked.append((case.phase_id, case.cycle or 0, task_id))

    def _judged(self, ended: str) -> None:
        """`complete` has judged: by the verdicts, and by nothing else."""
        wrong = self._without()
        assert (ended == "success") != bool(wrong), f"complete ended {ended}, and without a valid verdict are: {wrong}"
        self.quiet = True

    def _without(self) -> list[str]:
        """The phases without a valid verdict: by its word, or since it rests on work, or on a verdict before it, that is no longer the newest."""
        phases, now, record = self.plan.contract.phases, pendulum.now("UTC"), read_record(self.store)
        stale = {phase.id for phase in phases if record is None or not_closed(record, phase, now)}
        wrong = [phase.id for phase in phases if not self.valid(phase.id)]
        assert stale.issuperset(wrong), f"the word on {wrong} is bad, and the chain says so only of {stale}"
        for before, phase in pairwise(phases if record else ()):
            newer, older = record.verdict(before.id), record.verdict(phase.id)
            if newer and older and moment_of(newer.says.time_verified) > moment_of(older.says.time_verified):
                stale.add(phase.id)
        return [phase.id for phase in phases if phase.id in stale]

    def _over(self) -> None:
        """The run has ended, and says what `complete` said."""
        states, own = self.run.states(), self.workers.own.get("complete")
        assert all(state in State.finished for state in states.values()), f"ended before its tasks: {states}"
        self.ended.append((self.run.state, own))
        assert own, "the run has ended, and complete was never asked"
        if own == "by hand":
            return  # who marks the last task by hand colours the run, and nothing else
        green = self.run.state == "success"
        assert green == (own == "success"), f"the run is {self.run.state}, and complete ended {own}"
        wrong = self._without()
        if self.quiet and own != "lost":
            assert green != bool(wrong), f"the run is {self.run.state}, and without a valid verdict are: {wrong}"

    def valid(self, phase: str) -> bool:
        """Whether the newest verdict on a phase lets the next begin, read from the files and from nothing else."""
        said = self._verdict(phase)
        now, until = pendulum.now("UTC"), [pendulum.parse(used["expiresAt"]) for used in said.get("waived", [])]
        return said.get("word") in {"PASSED", "PASSED_WITH_WAIVER"} and all(now < end for end in until)

    def _verdict(self, phase: str) -> dict[str, Any]:
        charters = self.store.names("charters")
        if not charters:
            return {}
        digest = hashlib.sha256(Path(self.store.path / "charters" / charters[-1]).read_bytes()).hexdigest()
        folder = f"{digest[:16]}/verdicts/{phase}"
        names = self.store.names(folder)
        return payload_of(Path(self.store.path / folder / names[-1]))["predicate"]["phasegate"] if names else {}
