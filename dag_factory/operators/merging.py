"""The merge of one phase, from what its tasks sealed to its statement."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pendulum

from dag_factory.errors import EnvelopeError, WorkspaceError
from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_mending, not_open
from dag_factory.evidence.policies.merges import judged_base, work_base
from dag_factory.evidence.record import RunRecord, Stored, binding_of
from dag_factory.evidence.rounds import JOIN, reopened
from dag_factory.evidence.statement import CheckResult, Conflict, ConvergeStatement, Entry, Sealed, TaskStatement, Undone, now, sign
from dag_factory.globs import matches
from dag_factory.operators.collect import collect, run_check
from dag_factory.operators.given import give
from dag_factory.operators.owned import altered, overreaching, unsealed
from dag_factory.operators.place import Place, bundles_of, fetch_bundle
from dag_factory.operators.watched import watched
from dag_factory.plan import Plan
from dag_factory.scope import Scope
from dag_factory.settings import work_root
from dag_factory.workspace.merge import Merged, merge
from dag_factory.workspace.objects import Objects
from dag_factory.workspace.origin import Origin, objects
from dag_factory.workspace.parsed import REGULAR
from dag_factory.workspace.private import PrivateRepository

__all__ = ["Merging"]

_PATHS, _SIGNS = 200, 2_000  # of one conflict, and of each of its texts
_KINDS = {"100644": "file", "100755": "program", "120000": "link"}


@dataclass
class Merging:
    """What is known of a merge while it is made. It lives in one task process, and is never kept."""

    plan: Plan
    case: Case
    step: str
    scope: Scope
    number: int
    base: str
    place: Place
    repository: PrivateRepository
    sealed: list[tuple[str, str]]
    origin: Origin
    kept: Sealed | None = None
    product: str = ""
    undone: tuple[Undone, ...] = ()
    altered: tuple[Undone, ...] = ()
    unsealed: tuple[Undone, ...] = ()
    entries: list[Entry] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)

    @classmethod
    def begin(cls, plan: Plan, phase: str, cycle: int, step: str, ti: Any, origin: Origin | None) -> Merging:
        """Read the run, and bring together what was sealed.

        Parameters
        ----------
        cycle: the fix cycle; 0 for ordinary work.
        step: `converge` merges what was made or mended, `join` what validators wrote after it.

        Raises
        ------
        EnvelopeError: the phase is not open, or the run has no repository.

        """
        scope = Scope.of_task(ti)
        record = scope.record(plan.digest, upto=phase)
        case = Case(record, phase, scope.run.blob, pendulum.now("UTC"), cycle)
        base = judged_base(case) if step == JOIN else work_base(case)
        reason = not_open(case) or (not_mending(case) if cycle else None)
        if reason or base is None or origin is None:
            why = reason or "the run has no repository."
            raise EnvelopeError(
                f"Phase {phase} is not open: {why}", remedy="Clear the gate of the phase it names, with what comes after it."
            )
        place = Place.make(work_root(), record.charter.digest, f"{phase}/{cycle}/{step}" if cycle else f"{phase}/{step}", ti.try_number)
        sealed: list[tuple[str, str]] = []
        bundles = bundles_of(scope.run, record, phase, base, place.root / "bundles")
        for task, stored in _delivered(case, step):
            if stored.says.outcome == "completed" and stored.says.sealed and stored.says.sealed.bundle:
                sealed.append((task.id, stored.says.sealed.commit))
                bundles.append(fetch_bundle(scope.run, stored.says.sealed.bundle, place.root / "bundles"))
        borrowed = objects(origin, work_root() / "mirrors", record.charter.says.base)
        repository = PrivateRepository.create(place.root / "repository", objects=borrowed, commit=base, bundles=bundles, with_tree=False)
        return cls(plan, case, step, scope, ti.try_number, base, place, repository, sealed, origin)

    @property
    def record(self) -> RunRecord:
        """The run as it was read."""
        return self.case.record

    def merge(self) -> Merged:
        """Merge in plan order; what does not fit, or changes what its task may not write, is left out, and named."""
        with self.repository.reading() as reader:
            strays = overreaching(reader, self.base, self.sealed, self.record.contract)
        left_out = {one.name for one in strays}
        merged = merge(self.repository, self.base, [pair for pair in self.sealed if pair[0] not in left_out])
        return replace(merged, conflicts=(*strays, *merged.conflicts))

    def keep(self, merged: Merged) -> None:
        """Keep the merge in the store and tell its product apart, before any check could reach either."""
        bundle = None
        if merged.commit != self.base:
            path = self.place.root / "merged.bundle"
            # From the charter's base on, so that whoever comes after takes in one bundle and not one a phase.
            self.repository.bundle(str(self.record.charter.says.base), merged.commit, path)
            with path.open("rb") as stream:
                bundle = self.scope.run.put(stream)[0]
        self.kept = Sealed(commit=merged.commit, tree=merged.tree, bundle=bundle)
        with self.repository.reading() as reader:
            self.product = self._product(reader, merged.commit)
            self.undone = self._undone(reader, merged)
            self.altered = altered(reader, self.case, self.step, merged)
            self.unsealed = unsealed(reader, self.base, _delivered(self.case, self.step))

    def check(self, commit: str, folder: Path, emit: Callable[[str], None], stop: threading.Event) -> None:
        """Run every check marked for the merge, each in a clean checkout and with inputs of its own.

        Raises
        ------
        WorkspaceError: one of them changed what is not its own; what the next would see might be forged.

        """
        for task in self._checked():
            for check in (check for check in task.checks if check.at == "converge"):
                bench = give(
                    "given", plan=self.plan, task=task, scope=self.scope, case=self.case, place=self.place, spec_dir=folder,
                    attempt=self.number, emit=emit, stop=stop,
                )  # fmt: skip
                workspace = self.place.fresh(f"clean-{task.task}-{check.name}")
                evidence = self.place.fresh(f"report-{task.task}-{check.name}")
                self.repository.checkout(commit, workspace, anew=True)
                watch = watched(self.origin, self.repository, bench)
                self.checks.append(run_check(bench, task, check, workspace=workspace, evidence=evidence))
                for refusal in watch.refusals():
                    raise WorkspaceError(f"Check {check.name} of {task.id}: {refusal.text}", remedy="Undo it, and clear the task.")
                items = [item for item in task.items if item.check == check.name]
                entries, refused = collect(
                    self.scope.run, task, folder=evidence, reports=True, grade="re-executed", items=items, secrets=bench.secrets
                )
                self.entries += entries
                for secret in refused:
                    emit(f"Not kept: {secret.text}")

    def _checked(self) -> list[TaskContract]:
        """Whose checks are run here: those of the phase once all is merged, those of phases that were reopened once it is mended."""
        own = list(self.case.phase.tasks)
        if not self.case.at:
            return own
        joins = self.record.contract.joins(self.case.phase_id)
        again = [task for task in reopened(self.record, self.case.phase_id, self.case.at) if task.phase != self.case.phase_id]
        return own if self.step == JOIN else again if joins else [*again, *own]

    def attest(self, merged: Merged) -> None:
        """Sign what was merged and how the checks ended, and keep it."""
        assert self.kept is not None  # noqa: S101 # `keep` came before
        statement = ConvergeStatement(
            binding=binding_of(self.record, self.case.phase_id, self.step, self.number, cycle=self.case.at),
            base=self.base,
            merged=tuple(merged.merged),
            conflicts=tuple(_told(one.name, one.paths, one.text) for one in merged.conflicts),
            undone=self.undone,
            altered=self.altered,
            unsealed=self.unsealed,
            saw=tuple(stored.digest for _, stored in _delivered(self.case, self.step)),
            sealed=self.kept,
            product=self.product,
            evidence=tuple(self.entries),
            checks=tuple(self.checks),
            finished_at=now(),
        )
        self.scope.run.settle()
        envelope = sign(statement, {"merged": {"gitCommit": merged.commit}}, self.scope.keys.signer(AUTHORITY))
        self.scope.run.append(f"{self.record.charter.digest[:16]}/statements/{self.case.phase_id}/converge", envelope)

    def _undone(self, reader: Objects, merged: Merged) -> tuple[Undone, ...]:
        """Evidence out of the repository that is no longer in it: in a fix phase, what one mends must not take away what was made before."""
        if not self.case.at:
            return ()
        left_out = {conflict.name for conflict in merged.conflicts}  # theirs is not in it, and that is told already
        owed = [
            (task.id, entry.name)
            for phase in self.record.contract.upto(self.case.phase_id)
            for task in phase.tasks
            if task.id not in left_out and (stored := self.case.statement(task)) and stored.says.sealed
            for item in task.items
            if item.path or item.changed
            for entry in self.case.entries(task, item)
            if entry.item == item.id
        ]
        there = {os.fsdecode(path) for path, entry in reader.entries(merged.commit).items() if entry.mode in REGULAR}
        return tuple(Undone(task=task_id, path=path) for task_id, path in dict.fromkeys(owed) if path not in there)

    def _product(self, reader: Objects, commit: str) -> str:
        """Sha256 over the product's paths, modes and contents, in the order of the paths; what it is of is kept under it."""
        held = {os.fsdecode(path): entry for path, entry in reader.entries(commit).items() if entry.mode in _KINDS}
        product = {path: held[path] for path in sorted(held, key=lambda path: path.split("/")) if matches(path, self.plan.contract.product)}
        digests = reader.digests(entry.id for entry in product.values())
        told = "".join(f"{path}\0{_KINDS[entry.mode]}\0{digests[entry.id]}\n" for path, entry in product.items())
        return self.scope.run.put_bytes(os.fsencode(told))


def _told(task: str, paths: Sequence[str], text: str) -> Conflict:
    """A conflict as it is signed: of very many paths the first, or the statement of the merge would be too long to be read."""
    if len(paths) > _PATHS or len(text) > _SIGNS:
        text = f"{text[:_SIGNS]}… ({len(paths):,} paths in all)"
    return Conflict(task=task, paths=tuple(path[:_SIGNS] for path in paths[:_PATHS]), text=text)


def _delivered(case: Case, step: str) -> Iterator[tuple[TaskContract, Stored[TaskStatement]]]:
    """What is merged in a step, in plan order: ordinary work; in a fix cycle what was mended, and then what validators wrote."""
    if not case.at:
        found = {task.id: case.record.statements.get(task.id) for task in case.phase.tasks}
    else:
        newest = case.rounds[-1] if case.rounds and case.rounds[-1].cycle == case.at else None
        given = {order.task for order in newest.triage.says.orders} if newest else set()
        judges = {task.id for task in case.contract.judges(case.phase_id)}
        wanted = judges if step == JOIN else given - judges
        found = {name: statements for name, statements in newest.statements.items() if name in wanted} if newest else {}
    for task in case.contract.tasks.values():
        if statements := found.get(task.id):
            yield task, statements[-1]
