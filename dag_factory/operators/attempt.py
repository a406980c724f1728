"""One attempt of one task, from its workspace to its statement."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pendulum

from dag_factory.errors import EnvelopeError, PhasegateError
from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.chain import not_mending, not_open
from dag_factory.evidence.policies.merges import judged_base, work_base
from dag_factory.evidence.record import RunRecord, assignment, binding_of, fix_folder
from dag_factory.evidence.statement import Binding, CheckResult, Entry, Refusal, Sealed, TaskStatement, now, sign
from dag_factory.operators.collect import EXCERPT, Bench, collect, collect_sealed, keep_log, run_check
from dag_factory.operators.given import give
from dag_factory.operators.orders import left_out, order_of, told
from dag_factory.operators.place import Place, bundles_of, fetch_bundle, task_file
from dag_factory.plan import Plan
from dag_factory.runners import RUNNERS, Outcome
from dag_factory.scope import Scope
from dag_factory.settings import work_root
from dag_factory.workspace.origin import Origin, objects
from dag_factory.workspace.private import PrivateRepository

__all__ = ["Attempt"]


@dataclass
class Attempt:
    """What is known of an attempt while it lasts. It lives in one task process, and is never kept."""

    plan: Plan
    task: TaskContract
    scope: Scope
    case: Case
    number: int
    stop: threading.Event
    emit: Callable[[str], None]
    order: Order | None = None
    map_index: int = -1
    started_at: str = field(default_factory=now)
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

    @classmethod
    def begin(
        cls, plan: Plan, task: TaskContract, phase: str, cycle: int, ti: Any, stop: threading.Event, emit: Callable[..., None]
    ) -> Attempt:
        """Read the run, and refuse to start where the phase, or the fix cycle, is not open.

        Parameters
        ----------
        phase: the phase in which the task is worked on.
        cycle: its fix cycle; 0 for ordinary work.

        Raises
        ------
        EnvelopeError: the phase is not open, there is nothing to mend, or the run is not this plan's.

        """
        scope = Scope.of_task(ti)
        record = scope.record(plan.digest, upto=phase)
        case = Case(record, phase, scope.run.blob, pendulum.now("UTC"), cycle)
        reason = not_open(case) or (not_mending(case) if cycle else None)
        end = case.ends_at()
        if end is not None and case.now > end:
            reason = f"its time was over at {end.isoformat()}."
        if reason:
            raise EnvelopeError(
                f"Phase {phase} is not open: {reason}",
                remedy="Clear the gate of the phase before: it judges again, and signs.",
            )
        scope.keys.signer(task.persona)
        number = ti.try_number
        if cycle:  # what is mapped may have had another place in an earlier triage
            number = max(number, len(scope.run.names(f"{record.charter.digest[:16]}/{fix_folder(phase, cycle, task.id)}")) + 1)
        return cls(
            plan, task, scope, case, number, stop, lambda line: emit("%s", line), order_of(case, task.id) if cycle else None,
            getattr(ti, "map_index", -1) if cycle else -1,
        )  # fmt: skip

    @property
    def record(self) -> RunRecord:
        """The run as it was read."""
        return self.case.record

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do: a validator of an earlier phase judges again only what is no longer as it was."""
        return not self.case.at or self.task.phase == self.case.phase_id or self.order is None or self.order.task not in self._elsewhere()

    def _elsewhere(self) -> set[str]:
        return {task.id for task in self.record.contract.again(self.case.phase_id)} - {task.id for task in self.case.again}

    @property
    def folder(self) -> str:
        """Where its statement belongs, in the run's place."""
        below = fix_folder(self.case.phase_id, self.case.at, self.task.id) if self.case.at else f"statements/{self.task.id}"
        return f"{self.record.charter.digest[:16]}/{below}"

    @property
    def binding(self) -> Binding:
        """What ties the statement to this attempt."""
        name = self.task.id if self.case.at else self.task.task
        return binding_of(self.record, self.case.phase_id, name, self.number, cycle=self.case.at, map_index=self.map_index)

    def assign(self) -> None:
        """Say what an external persona is asked for, where `phasegate submit` finds it."""
        findings = told(self.case, self.order)
        asked = task_file(self.plan, self.case, self.task, self.number, findings) | {
            "binding": self.binding.model_dump(mode="json", by_alias=True)
        }
        try:
            self.scope.run.create(
                f"{self.record.charter.digest[:16]}/{assignment(self.record, self.case.phase_id, self.case.at, self.task.id)}",
                json.dumps(asked, indent=2).encode(),
            )
        except FileExistsError:
            self.emit("The assignment is there already.")

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
        if self.task.runner == "check":
            self.checks.append(CheckResult(
                task=self.task.id, name="check", exit_code=self.outcome.exit_code, ended=self.outcome.reason or self.outcome.ended,
                log=keep_log(self.scope.run, log), excerpt=self.outcome.excerpt[-EXCERPT:], seconds=f"{self.outcome.seconds:.3f}",
            ))  # fmt: skip
        return self.outcome

    def seal(self) -> None:
        """Commit what the persona left, or say why it cannot be."""
        _, place = self._ready()
        if self.repository is None or self.task.runner == "check":
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

        """
        bench, place = self._ready()
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

    def _message(self) -> str:
        """What the sealed commit is called."""
        if not self.order or self.task.judges:
            return f"{self.task.id}: {self.plan.executions[self.task.id].does}"
        return f"{self.task.id}: Mend {', '.join(self.order.findings[:3])}{' and more' if len(self.order.findings) > 3 else ''}"

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
