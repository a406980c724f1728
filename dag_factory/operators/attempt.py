"""One attempt of one task, from its workspace to its statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dag_factory.errors import PhasegateError, WorkspaceError
from dag_factory.evidence.contract import Item
from dag_factory.evidence.reported import Kept
from dag_factory.evidence.statement import CheckResult, Entry, Refusal, Sealed, TaskStatement, now, sign
from dag_factory.operators.collect import EXCERPT, Bench, bounds_of, collect, collect_sealed, keep_log, result_of, run_check
from dag_factory.operators.connections import connections_of
from dag_factory.operators.copied import copied
from dag_factory.operators.given import give
from dag_factory.operators.guarding import discreet, leaks
from dag_factory.operators.keeping import figures_of, judgement_of, keep_memory
from dag_factory.operators.place import Place
from dag_factory.operators.resuming import note_sealed
from dag_factory.operators.signing import signer_of
from dag_factory.operators.spending import held_to, reserve
from dag_factory.operators.watched import watched
from dag_factory.operators.workplace import Workplace
from dag_factory.runners import Allowance, Flaw, Outcome, Request, runner_of
from dag_factory.workspace.origin import Origin
from dag_factory.workspace.private import PrivateRepository
from dag_factory.workspace.watch import Watch

__all__ = ["Attempt"]


@dataclass
class Attempt(Workplace):
    """What is known of an attempt while it lasts. It lives in one task process, and is never kept."""

    bench: Bench | None = None
    outcome: Outcome | None = None
    sealed: Sealed | None = None
    kept: Kept | None = None
    allowance: Allowance = field(default_factory=Allowance)
    entries: list[Entry] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    principals: tuple[str, ...] = ()
    log: str = ""  # the digest under which the log of the work is kept
    watch: Watch | None = None
    attested: frozenset[str] = frozenset()  # files of which a person wrote every word

    def prepare(self, origin: Origin | None, folder: Path, *, again: bool = False) -> None:
        """Make the workspace, lay out the inputs, write the task file.

        Parameters
        ----------
        folder: where the spec lies.
        again: go on in the place that an earlier process of this attempt made; where it is gone, it is made anew.

        """
        self._move_in(origin, again=again)
        self.bench = self._bench("inputs", folder)
        self.watch = watched(origin, self.repository, self.bench)

    def _bench(self, name: str, folder: Path) -> Bench:
        """What programs are given: inputs and task file made anew, in a folder of this name."""
        assert self.place is not None  # noqa: S101 # `prepare` made it
        return give(
            name, plan=self.plan, task=self.task, scope=self.scope, case=self.case, place=self.place, spec_dir=folder,
            attempt=self.number, emit=self.emit, stop=self.stop, order=self.order,
        )  # fmt: skip

    def request(self) -> Request:
        """What the runner is asked; a check is run where nobody could have prepared anything for it."""
        bench, place = self._ready()
        workspace = self._clean("check") if self.task.runner == "check" else self.workspace
        execution = self.plan.executions[self.task.id]
        work = tuple(execution.work) if isinstance(execution.work, list) else execution.work
        end = self.case.ends_at()
        left = (end - self.case.now).total_seconds() if end else 0.0  # who judges again though it is over is late, and in no hurry
        timeout = min(execution.timeout, max(1.0, left)) if left > 0 else execution.timeout
        timeout = min(timeout, self.allowance.time or timeout)
        asked = bench.request(
            {self.task.runner: work},
            workspace=workspace,
            evidence=place.evidence,
            timeout=timeout,
            log=place.root / "log.txt",
            bounds=bounds_of(execution),
        )
        asked = replace(asked, conversation=self.conversation, spoken=self.spoken, laid=self.laid)
        asked = replace(asked, memory=place.root / "memory", allowance=self.allowance)
        return self._connected(asked, bench) if self.task.runner == "llm" else asked

    def _connected(self, asked: Request, bench: Bench) -> Request:
        """Give a model's process its connections; their secrets are kept out of logs and evidence from here on."""
        connections, secrets = connections_of(asked.work["llm"])
        self.bench = replace(bench, secrets=bench.secrets | secrets)
        return replace(asked, connections=connections, secrets=self.bench.secrets.masked)

    def run(self) -> Outcome:
        """Have the persona work, with what is set aside for it."""
        given = reserve(self)
        if isinstance(given, Flaw):
            return Outcome("spent", None, (), 0, False, "", 0.0, flaws=(given,))
        self.allowance = given
        request, runner = self.request(), runner_of(self.task.runner)
        self.principals = runner.principals(request)
        return held_to(runner.run(request, self.stop), given)

    def take(self, outcome: Outcome) -> None:
        """Take what came of the work, whoever did it.

        Raises
        ------
        RunnerError: it was stopped: nothing of it is attested.

        """
        bench, place = self._ready()
        bench.stopped(outcome)
        self.outcome, self.principals = outcome, outcome.principals or self.principals
        self.refusals += [Refusal(rule=flaw.rule, path="", text=flaw.text) for flaw in outcome.flaws]
        self.look_around()
        self.log = keep_log(self.scope.run, place.root / "log.txt")
        if self.task.runner == "check":
            self.checks.append(result_of(self.task, "check", outcome, self.log))

    @property
    def hopeless(self) -> bool:
        """Whether another try would find the same: nothing was left of its budget, so it was not begun."""
        return self.outcome is not None and self.outcome.ended == "spent" and self.outcome.figures is None

    def seal(self, *, failed: bool = False) -> None:
        """Commit what the persona left, or say why it cannot be. What a failed attempt left is kept, and counts for nothing."""
        _, place = self._ready()
        if self.strayed:
            return
        if failed:
            self._keep(place)
            return
        if self.repository is None or self.task.runner == "check":
            return
        sealed, changed = self._committed(self.repository)
        if sealed is not None:
            self.sealed = sealed
            note_sealed(self, self.base, sealed)
            # At once, and not after the checks: they run what the persona wrote, as the same user, and could reach these objects.
            self.entries += collect_sealed(self.scope.run, self.task, self.repository, sealed.commit, changed, attested=self.attested)

    def _committed(self, repository: PrivateRepository) -> tuple[Sealed | None, list[str]]:
        """Commit the tree and bring its bundle into the store; the paths that were changed. Refusals are told, and nothing is committed."""
        declared = [item.path for item in self.task.items if item.path]
        sealed = repository.seal(writes=self.task.writes, declared=declared, message=self._message())
        self.refusals += [
            Refusal(rule=item.rule, path=item.path, text=f"{item.path} {item.text}." if item.path else item.text)
            for item in sealed.refusals
        ]
        told = list(leaks(repository, sealed, self._ready()[0].secrets))
        self.refusals += told
        if sealed.commit is None or sealed.tree is None or told:
            return None, []
        bundle = None
        if sealed.commit != self.base:
            path = self._at().root / "sealed.bundle"
            repository.bundle(str(self.base), sealed.commit, path)
            with path.open("rb") as stream:
                bundle = self.scope.run.put(stream)[0]
        return Sealed(commit=sealed.commit, tree=sealed.tree, bundle=bundle), [change.path for change in sealed.changes]

    def _keep(self, place: Place) -> None:
        """Keep what a failed attempt left, for people and for the next attempt."""
        sealed = None
        if self.repository is not None and self.task.runner != "check":
            try:
                sealed, _ = self._committed(self.repository)
            except WorkspaceError as error:
                self.emit(f"What it left could not be kept: {error}")
        memory = keep_memory(self.scope.run, place.root / "memory", self._ready()[0].secrets.masked)
        if memory or (sealed and sealed.bundle):
            self.kept = Kept(sealed=sealed if sealed and sealed.bundle else None, memory=memory)

    def collect(self) -> None:
        """Bring into the store what no check makes, and before the checks: they run what others wrote. What was sealed is there already."""
        _, place = self._ready()
        if self.repository is None or self.task.runner == "check":
            source = place.root / ("clean-check" if self.task.runner == "check" else "workspace")
            for item in (item for item in self.task.items if item.path and not item.of_merge):
                self._add(folder=source, reports=False, grade="attested" if item.path in self.attested else "observed", items=[item])
        for item in (item for item in self.task.items if item.report and self._maker(item) is None):
            grade = "re-executed" if self.task.runner == "check" else "attested" if item.report in self.attested else "observed"
            self._add(folder=place.evidence, reports=True, grade=grade, items=[item])

    def verify(self) -> None:
        """Run the plan's own checks of this task, each in a clean checkout of its own, and collect what each reports before the next is run."""
        bench, place = self._ready()
        due = [check for check in self.task.checks if check.at == "seal" and not (self.task.runner == "check" and check.name == "check")]
        refused = self.strayed or (self.repository is not None and self.task.runner != "check" and self.sealed is None)
        if not due or refused:
            return
        # The persona could write to what it was given; its checks are given their own.
        bench = self._bench("given-to-checks", bench.spec_dir)
        for check in due:
            if self.strayed:
                return
            evidence, told = place.fresh(f"verify-{check.name}"), len(self.refusals)
            workspace = self._clean(check.name)
            if len(self.refusals) > told:
                return
            self.checks.append(run_check(bench, self.task, check, workspace=workspace, evidence=evidence))
            made = [item for item in self.task.items if item.report and self._maker(item) == check.name]
            self._add(folder=evidence, reports=True, grade="re-executed", items=made)
            self.look_around()

    def attest(self, *, failed: bool) -> None:
        """Sign what was found, and keep it: from here on the attempt counts.

        Raises
        ------
        PhasegateError: this attempt has a statement already.
        StoreError: the store is not the one the attempt began with.

        """
        bench, _ = self._ready()
        self.scope.hold(self.record)
        outcome = self.outcome
        assert outcome is not None  # noqa: S101 # `run` came before
        bench.stopped(outcome)
        statement = TaskStatement(
            binding=self.binding, persona=self.task.persona, runner=self.task.runner, principals=self.principals,
            outcome="failed" if failed else "completed", exit_code=outcome.exit_code,
            excerpt=f"{outcome.excerpt}\n{outcome.why}".strip()[-EXCERPT:],
            log=self.log, base=self.base, sealed=self.sealed, evidence=tuple(self.entries),
            checks=tuple(self.checks), refusals=tuple(self._discreet(bench)), started_at=self.started_at, finished_at=now(),
            figures=figures_of(outcome), judgement=judgement_of(outcome), kept=self.kept, kept_in=outcome.kept_in,
            saw=self.saw,
        )  # fmt: skip
        subjects = {entry.name: {"sha256": entry.digest} for entry in self.entries} or {self.task.id: {"sha256": str(statement.log)}}
        if self.sealed:
            subjects["sealed"] = {"gitCommit": self.sealed.commit}
        envelope = sign(statement, subjects, signer_of(self.scope, self.record, self.task.persona))
        self.scope.run.settle()
        bench.stopped(outcome)  # once more: from the next line on it counts
        try:
            self.scope.run.create(f"{self.folder}/{self.number:04d}.json", envelope)
        except FileExistsError as error:
            raise PhasegateError(
                f"Attempt {self.number} of {self.task.id} has a statement already.",
                remedy="Clear the task to have it done again.",
            ) from error

    @property
    def strayed(self) -> bool:
        """Whether something was changed outside: then nothing of the work is sealed, for what it rests on may be forged."""
        return any(refusal.rule == "workspace-elsewhere" for refusal in self.refusals)

    def look_around(self) -> None:
        """Refuse what was changed outside of the workspace; what was told once is not told again."""
        if self.watch and not self.strayed:
            self.refusals += [Refusal(rule=item.rule, path=item.path, text=item.text) for item in self.watch.refusals()]

    def _maker(self, item: Item) -> str | None:
        """The check that makes a report; None where who works makes it."""
        return item.check or next((check.name for check in self.task.checks if check.name == "verify"), None)

    def _discreet(self, bench: Bench) -> Iterator[Refusal]:
        """What was refused, without the secrets that a program may have given as names to files."""
        for one in self.refusals:
            yield one.model_copy(update={"path": discreet(one.path, bench.secrets), "text": discreet(one.text, bench.secrets)})

    def _message(self) -> str:
        """What the sealed commit is called."""
        if not self.order or self.task.judges:
            return f"{self.task.id}: {self.plan.executions[self.task.id].does}"
        found = self.order.findings
        rules = ", ".join(dict.fromkeys(name.partition(":")[0] for name in found))
        return f"{self.task.id}: Mend {rules}\n\n" + "".join(f"- {name}\n" for name in found)

    def _add(self, **asked: Any) -> None:
        entries, refusals = collect(self.scope.run, self.task, secrets=self._ready()[0].secrets, **asked)
        self.entries += entries
        self.refusals += refusals

    def _clean(self, name: str) -> Path:
        """A clean checkout of the sealed commit, or of the base; without git, a copy of the workspace, or a refusal."""
        _, place = self._ready()
        folder = place.fresh(f"clean-{name}")
        commit = self.sealed.commit if self.sealed else self.base
        if self.repository and commit:
            self.repository.checkout(commit, folder, anew=self.outcome is not None)
        else:
            self.refusals += copied(place.root / "workspace", folder)
        return folder

    def _ready(self) -> tuple[Bench, Place]:
        assert self.bench is not None  # noqa: S101 # `prepare` came before
        return self.bench, self._at()
