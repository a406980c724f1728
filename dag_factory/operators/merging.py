"""The merge of one phase, from what its tasks sealed to its statement."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pendulum

from dag_factory.errors import EnvelopeError
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_open
from dag_factory.evidence.policies.merges import approved_base
from dag_factory.evidence.record import RunRecord, binding_of
from dag_factory.evidence.statement import CheckResult, Conflict, ConvergeStatement, Entry, Sealed, now, sign
from dag_factory.operators.collect import collect, run_check
from dag_factory.operators.given import give
from dag_factory.operators.place import Place, bundles_of, fetch_bundle
from dag_factory.plan import Plan
from dag_factory.scope import Scope
from dag_factory.settings import work_root
from dag_factory.workspace.globs import matches
from dag_factory.workspace.merge import Merged, merge
from dag_factory.workspace.origin import Origin, objects
from dag_factory.workspace.private import PrivateRepository

__all__ = ["Merging"]


@dataclass
class Merging:
    """What is known of a merge while it is made. It lives in one task process, and is never kept."""

    plan: Plan
    phase: str
    scope: Scope
    record: RunRecord
    number: int
    base: str
    place: Place
    repository: PrivateRepository
    sealed: list[tuple[str, str]]
    kept: Sealed | None = None
    product: str = ""
    entries: list[Entry] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)

    @classmethod
    def begin(cls, plan: Plan, phase: str, ti: Any, origin: Origin | None) -> Merging:
        """Read the run, and bring together what was sealed.

        Raises
        ------
        EnvelopeError: the phase is not open, or the run has no repository.

        """
        scope = Scope.of_task(ti)
        record = scope.record(plan.digest, upto=phase)
        case = Case(record, phase, scope.run.blob, pendulum.now("UTC"))
        reason, base = not_open(case), approved_base(case)
        if reason or base is None or origin is None:
            why = reason or "the run has no repository."
            raise EnvelopeError(f"Phase {phase} is not open: {why}", remedy="Clear the gate of the phase before.")
        place = Place.make(work_root(), record.charter.digest, f"{phase}/converge", ti.try_number)
        sealed: list[tuple[str, str]] = []
        bundles = bundles_of(scope.run, record, record.contract.upto(phase)[:-1], place.root / "bundles")
        for task in case.phase.tasks:
            stored = record.newest(task.id)
            if stored and stored.says.outcome == "completed" and stored.says.sealed and stored.says.sealed.bundle:
                sealed.append((task.id, stored.says.sealed.commit))
                bundles.append(fetch_bundle(scope.run, stored.says.sealed.bundle, place.root / "bundles"))
        borrowed = objects(origin, work_root() / "mirrors", record.charter.says.base)
        repository = PrivateRepository.create(place.root / "repository", objects=borrowed, commit=base, bundles=bundles, with_tree=False)
        return cls(plan, phase, scope, record, ti.try_number, base, place, repository, sealed)

    def merge(self) -> Merged:
        """Merge in plan order; what does not fit is left out, and named."""
        return merge(self.repository, self.base, self.sealed)

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
        self.product = self._product(merged.commit)

    def check(self, commit: str, folder: Path, emit: Callable[[str], None], stop: threading.Event) -> None:
        """Run every check marked for the merge, each in a clean checkout and with inputs of its own."""
        for task in self.record.contract.phase(self.phase).tasks:
            for check in (check for check in task.checks if check.at == "converge"):
                bench = give(
                    "given", plan=self.plan, task=task, scope=self.scope, record=self.record, place=self.place, spec_dir=folder,
                    attempt=self.number, emit=emit, stop=stop,
                )  # fmt: skip
                workspace = self.place.fresh(f"clean-{task.task}-{check.name}")
                evidence = self.place.fresh(f"report-{task.task}-{check.name}")
                self.repository.checkout(commit, workspace)
                self.checks.append(run_check(bench, task, check, workspace=workspace, evidence=evidence))
                items = [item for item in task.items if item.check == check.name]
                self.entries += collect(self.scope.run, task, folder=evidence, reports=True, grade="re-executed", items=items)[0]

    def attest(self, merged: Merged) -> None:
        """Sign what was merged and how the checks ended, and keep it."""
        assert self.kept is not None  # noqa: S101 # `keep` came before
        statement = ConvergeStatement(
            binding=binding_of(self.record, self.phase, "converge", self.number),
            base=self.base,
            merged=tuple(merged.merged),
            conflicts=tuple(Conflict(task=one.name, paths=tuple(one.paths), text=one.text) for one in merged.conflicts),
            sealed=self.kept,
            product=self.product,
            evidence=tuple(self.entries),
            checks=tuple(self.checks),
            finished_at=now(),
        )
        envelope = sign(statement, {"merged": {"gitCommit": merged.commit}}, self.scope.keys.signer(AUTHORITY))
        self.scope.run.append(f"{self.record.charter.digest[:16]}/statements/{self.phase}/converge", envelope)

    def _product(self, commit: str) -> str:
        """Sha256 over the product's paths, modes and contents, in the order of the paths."""
        folder = self.place.fresh("product")
        self.repository.checkout(commit, folder)
        digest = hashlib.sha256()
        for path in sorted(item for item in folder.rglob("*") if item.is_symlink() or item.is_file()):
            name = path.relative_to(folder).as_posix()
            if matches(name, self.plan.contract.product):
                link = path.is_symlink()
                content = str(path.readlink()).encode() if link else path.read_bytes()
                mode = "link" if link else "program" if path.stat().st_mode & 0o100 else "file"
                digest.update(f"{name}\0{mode}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        return digest.hexdigest()
