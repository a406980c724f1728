"""One attempt of one task, from its workspace to its statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dag_factory.errors import PhasegateError
from dag_factory.evidence.policies.merges import judged_base, work_base
from dag_factory.evidence.statement import CheckResult, Entry, Refusal, Sealed, TaskStatement, now, sign
from dag_factory.operators.assignment import Assignment
from dag_factory.operators.collect import EXCERPT, Bench, collect, collect_sealed, keep_log, run_check
from dag_factory.operators.given import give
from dag_factory.operators.orders import left_out
from dag_factory.operators.place import Place, bundles_of, fetch_bundle
from dag_factory.operators.watched import watched
from dag_factory.runners import RUNNERS, Outcome
from dag_factory.settings import work_root
from dag_factory.workspace.origin import Origin, objects
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.watch import Watch

__all__ = ["Attempt"]


@dataclass
class Attempt(Assignment):
    """What is known of an attempt while it lasts. It lives in one task process, and is never kept."""

    place: Place | None = None
    bench: Bench | None = None
    repository: PrivateRepository | None = None
    base: str | None = None
    outcome: Outcome | None = None
    sealed: Sealed | None = None
    entries: list[Entry] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    principals: tuple[str, ...] = ()
    watch: Watch | None = None

    def prepare(self, origin: Origin | None, folder: Path) -> Place:
        """Make the workspace, lay out the inputs, write the task file."""
        name = f"{self.case.phase_id}/{self.case.at}/{self.task.id}" if self.case.at else self.task.id
        place = self.place = Place.make(work_root(), self.record.charter.digest, name, self.number)
        if origin:
            self.base = judged_base(self.case) if self.task.judges else work_base(self.case)
            if self.base is None:
                raise PhasegateError("The run began without a repository.", remedy="Start a new run.")
            bundles = bundles_of(self.scope.run, self.record, self.case.phase_id, self.base, place.root / "bundles")
            if left := left_out(self.case, self.order):  # what did not fit is there too, for whoever makes it fit
                bundles.append(fetch_bundle(self.scope.run, left, place.root / "bundles"))
            self.repository = PrivateRepository.create(
                place.root / "repository",
                objects=objects(origin, work_root() / "mirrors", self.record.charter.says.base),
                commit=self.base,
                bundles=bundles,
                with_tree=self.task.runner != "check",
            )
        self.bench = self._bench("inputs", folder)
        self.watch = watched(origin, self.repository, self.bench)
        return place

    def _bench(self, name: str, folder: Path) -> Bench:
        """What programs are given: inputs and task file made anew, in a folder of this name."""
        assert self.place is not None  # noqa: S101 # `prepare` made it
        return give(
            name, plan=self.plan, task=self.task, scope=self.scope, case=self.case, place=self.place, spec_dir=folder,
            attempt=self.number, emit=self.emit, stop=self.stop, order=self.order,
        )  # fmt: skip

    def run(self) -> Outcome:
        """Have the persona work; a check is run where nobody could have prepared anything for it."""
        bench, place = self._ready()
        if self.task.runner == "check":
            workspace = self._clean("check")
        elif self.repository:
            workspace = self.repository.tree
        else:
            workspace = place.fresh("workspace")
        execution, runner = self.plan.executions[self.task.id], RUNNERS[self.task.runner]
        log = place.root / "log.txt"
        work = tuple(execution.work) if isinstance(execution.work, list) else execution.work
        end = self.case.ends_at()
        timeout = min(execution.timeout, max(1.0, (end - self.case.now).total_seconds())) if end else execution.timeout
        request = bench.request({self.task.runner: work}, workspace=workspace, evidence=place.evidence, timeout=timeout, log=log)
        self.principals = runner.principals(request)
        self.outcome = runner.run(request, self.stop)
        bench.stopped(self.outcome)
        self._look_around()
        if self.task.runner == "check":
            self.checks.append(CheckResult(
                task=self.task.id, name="check", exit_code=self.outcome.exit_code, ended=self.outcome.reason or self.outcome.ended,
                log=keep_log(self.scope.run, log), excerpt=self.outcome.excerpt[-EXCERPT:], seconds=f"{self.outcome.seconds:.3f}",
            ))  # fmt: skip
        return self.outcome

    def seal(self) -> None:
        """Commit what the persona left, or say why it cannot be."""
        _, place = self._ready()
        if self.repository is None or self.task.runner == "check" or self.refusals:
            return
        declared = [item.path for item in self.task.items if item.path]
        sealed = self.repository.seal(
            writes=self.task.writes,
            declared=declared,
            message=self._message(),
        )
        self.refusals += [
            Refusal(rule=item.rule, path=item.path, text=f"{item.path} {item.text}." if item.path else item.text)
            for item in sealed.refusals
        ]
        if sealed.commit is None or sealed.tree is None:
            return
        bundle = None
        if sealed.commit != self.base:
            path = place.root / "sealed.bundle"
            self.repository.bundle(str(self.base), sealed.commit, path)
            with path.open("rb") as stream:
                bundle = self.scope.run.put(stream)[0]
        self.sealed = Sealed(commit=sealed.commit, tree=sealed.tree, bundle=bundle)
        # At once, and not after the checks: they run what the persona wrote, as the same user, and could reach these objects.
        changed = [change.path for change in sealed.changes]
        self.entries += collect_sealed(self.scope.run, self.task, self.repository, sealed.commit, changed)

    def verify(self) -> None:
        """Run the plan's own checks of this task, each in a clean checkout of its own."""
        bench, place = self._ready()
        due = [check for check in self.task.checks if check.at == "seal" and not (self.task.runner == "check" and check.name == "check")]
        if not due or (self.refusals and self.sealed is None):
            return
        # The persona could write to what it was given; its checks are given their own.
        bench = self._bench("given-to-checks", bench.spec_dir)
        for check in due:
            evidence = place.fresh(f"verify-{check.name}")
            self.checks.append(run_check(bench, self.task, check, workspace=self._clean(check.name), evidence=evidence))
        self._look_around()

    def collect(self) -> None:
        """Bring reports into the store, from whoever ran the command; what was sealed is there already."""
        _, place = self._ready()
        items = [item for item in self.task.items if item.at != "converge" or item.check is None]
        if self.repository is None or self.task.runner == "check":
            source = place.root / ("clean-check" if self.task.runner == "check" else "workspace")
            self._add(folder=source, reports=False, grade="observed", items=[item for item in items if item.path])
        for item in (item for item in items if item.report):
            name = item.check or next((check.name for check in self.task.checks if check.name == "verify"), None)
            folder = place.root / f"verify-{name}" if name else place.evidence
            self._add(
                folder=folder,
                reports=True,
                grade="re-executed" if name or self.task.runner == "check" else "observed",
                items=[item],
            )

    def attest(self, *, failed: bool) -> None:
        """Sign what was found, and keep it: from here on the attempt counts.

        Raises
        ------
        PhasegateError: this attempt has a statement already.
        StoreError: the store is not the one the attempt began with.

        """
        bench, place = self._ready()
        self.scope.hold(self.record)
        outcome = self.outcome
        assert outcome is not None  # noqa: S101 # `run` came before
        bench.stopped(outcome)
        statement = TaskStatement(
            binding=self.binding, persona=self.task.persona, runner=self.task.runner, principals=self.principals,
            outcome="failed" if failed else "completed", exit_code=outcome.exit_code,
            excerpt=f"{outcome.excerpt}\n{outcome.why}".strip()[-EXCERPT:],
            log=keep_log(self.scope.run, place.root / "log.txt"), base=self.base, sealed=self.sealed, evidence=tuple(self.entries),
            checks=tuple(self.checks), refusals=tuple(self.refusals), started_at=self.started_at, finished_at=now(),
        )  # fmt: skip
        subjects = {entry.name: {"sha256": entry.digest} for entry in self.entries} or {self.task.id: {"sha256": str(statement.log)}}
        if self.sealed:
            subjects["sealed"] = {"gitCommit": self.sealed.commit}
        try:
            self.scope.run.create(
                f"{self.folder}/{self.number:04d}.json", sign(statement, subjects, self.scope.keys.signer(self.task.persona))
            )
        except FileExistsError as error:
            raise PhasegateError(
                f"Attempt {self.number} of {self.task.id} has a statement already.",
                remedy="Clear the task to have it done again.",
            ) from error

    def _look_around(self) -> None:
        """Refuse what was changed outside of the workspace; what was told once is not told again."""
        if self.watch and not self.refusals:
            self.refusals += [Refusal(rule=item.rule, path=item.path, text=item.text) for item in self.watch.refusals()]

    def _message(self) -> str:
        """What the sealed commit is called."""
        if not self.order or self.task.judges:
            return f"{self.task.id}: {self.plan.executions[self.task.id].does}"
        found = self.order.findings
        rules = ", ".join(dict.fromkeys(name.partition(":")[0] for name in found))
        return f"{self.task.id}: Mend {rules}\n\n" + "".join(f"- {name}\n" for name in found)

    def _add(self, **asked: Any) -> None:
        entries, refusals = collect(self.scope.run, self.task, **asked)
        self.entries += entries
        self.refusals += refusals

    def _clean(self, name: str) -> Path:
        """A clean checkout of the sealed commit, or of the base; without git, a copy of the workspace."""
        import shutil

        _, place = self._ready()
        folder = place.fresh(f"clean-{name}")
        commit = self.sealed.commit if self.sealed else self.base
        if self.repository and commit:
            self.repository.checkout(commit, folder)
        elif (place.root / "workspace").is_dir() and not (place.root / "workspace").is_symlink():
            shutil.copytree(place.root / "workspace", folder, symlinks=True, dirs_exist_ok=True)
        return folder

    def _ready(self) -> tuple[Bench, Place]:
        assert self.bench is not None  # noqa: S101 # `prepare` came before
        assert self.place is not None  # noqa: S101 # likewise
        return self.bench, self.place
