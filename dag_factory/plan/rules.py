"""Rules that need more than the spec: which runners and kinds of evidence there are, and who stands behind a command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pydantic import ValidationError

from dag_factory.errors import Diagnostic, EvidenceError, Position, RunnerError
from dag_factory.evidence.contract import GRADES, Grade, Item, RunContract, TaskContract
from dag_factory.evidence.kinds import kind_of
from dag_factory.plan.agents import agent_unknown, secret_plain
from dag_factory.plan.budgets import budget_unenforced
from dag_factory.plan.people import form_unable, people_shared
from dag_factory.runners import RUNNERS, lacking, runner_of
from dag_factory.spec import Spec
from dag_factory.spec.refusals import refusals
from dag_factory.spec.shape import keys_at
from dag_factory.spec.source import SpecPath

__all__ = ["PLAN_RULES", "binding_place", "task_place"]


def _fault(spec: Spec, rule: str, task: TaskContract, reason: str, remedy: str, *more: str | int) -> Diagnostic:
    return Diagnostic(rule, task_place(spec, task, *more), reason, remedy)


def task_place(spec: Spec, task: TaskContract, *more: str | int) -> Position:
    """Where a spec says something of a task: with the task, or with what its persona owes, whichever says more of it."""
    task_path: SpecPath = ("phases", task.phase, "tasks", task.task.rpartition(".")[2])
    owed_path: SpecPath = ("catalogue", task.persona, "contracts", task.duty)
    written = spec.source.places
    depth = {path: sum((*path, *more[:count]) in written for count in range(1, len(more) + 1)) for path in (task_path, owed_path)}
    return spec.source.where((*max((task_path, owed_path), key=depth.__getitem__), *more))


def binding_place(spec: Spec, task: TaskContract) -> tuple[str, str]:
    """Where a spec binds whoever does a task."""
    key = next(key for key in (f"{task.phase}/{task.persona}", task.persona, "default") if key in spec.workflow.personas)
    return ("personas", key)


def runner_unavailable(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """A runner that is not there cannot work."""
    for task in contract.tasks.values():
        place, binding = binding_place(spec, task), spec.workflow.personas[binding_place(spec, task)[1]]
        if task.runner in RUNNERS and binding.runner:
            reason, remedy = f"{task.runner} is one of Phasegate's own runners.", f"Write `{task.runner}: …` without `runner:`."
            yield Diagnostic("runner-unavailable", spec.source.where((*place, "runner")), reason, remedy)
        elif missing := lacking(task.runner):
            package, _, command = missing.partition(": ")
            yield Diagnostic(
                "runner-unavailable", spec.source.where(place), f"The runner {task.runner} cannot work: {package}.", f"{command}."
            )
        elif binding.runner:
            try:
                runner_of(task.runner)
            except RunnerError as error:
                yield Diagnostic("runner-unavailable", spec.source.where((*place, "runner")), error.message, error.remedy)


def kind_unknown(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """Evidence has a kind that exists, and expects what that kind knows."""
    for task in contract.tasks.values():
        for item in task.items:
            try:
                kind = kind_of(item.kind)
            except EvidenceError as error:
                yield _fault(spec, "evidence-kind-unknown", task, error.message, error.remedy, "evidence", item.id, "kind")
                continue
            try:
                kind.Expect.model_validate(item.expect)
            except ValidationError as error:
                known = ", ".join(keys_at(kind.Expect, ())) or "nothing"
                for refused in refusals(kind.Expect, error, item.expect):
                    reason = f"{refused.reason} Evidence of the kind {item.kind} cannot expect that."
                    remedy = f"It knows {known}." if refused.rule == "unknown-key" else refused.remedy
                    yield _fault(spec, "evidence-expect", task, reason, remedy, "evidence", item.id, "expect", *refused.path)


def _reachable(task: TaskContract, item: Item) -> Grade | None:
    """The best grade an item can get; None where it cannot come at all: an external persona brings files, never commits."""
    if task.external and (item.changed or item.check or item.kind == "command"):
        return None
    return task.reaches(item)


def grade_unreachable(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """What has to be re-executed is made by a command that Phasegate runs."""
    for task in contract.tasks.values():
        for item in task.items:
            best = _reachable(task, item)
            if best is not None and GRADES.index(item.needs) <= GRADES.index(best):
                continue
            place = spec.source.where(binding_place(spec, task))
            reason = f"{task.id} owes {item.place}, which counts when it is {item.needs}; bound to {task.runner}, @{task.persona} could only claim it."
            remedy = "Bind it to `check: COMMAND`, or add `verify: COMMAND`, which Phasegate runs on the sealed work."
            if item.needs == "attested":
                remedy = "Bind it to `human: [login]`, or to `check: COMMAND`, or add `verify: COMMAND`."
            if best is None:
                reason = f"{task.id} owes {item.place}, and an external persona brings files: no commit of its is sealed, and no check is run on one."
                remedy = "Bind it to `command: …`, which works in a workspace."
            yield Diagnostic("evidence-unverified", place, reason, remedy)
            break


def passed_unchecked(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """A language model that judges others has a check beside it that Phasegate runs."""
    for task in contract.tasks.values():
        if task.modelled and task.judges and not task.checks:
            place = spec.source.where(binding_place(spec, task))
            reason = f"{task.id} judges the work of others and is done by a language model; its PASSED alone would count for nothing."
            yield Diagnostic("passed-unchecked", place, reason, "Add `verify: COMMAND`, which Phasegate runs on the sealed work.")


def validation_early(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """Who validates by what they see themselves stands behind what they validate: the tasks of one phase begin at once, but for somebody outside."""
    order = {phase.id: index for index, phase in enumerate(contract.phases)}
    for task in contract.tasks.values():
        waits = task.external or any(item.of_merge for item in task.items)  # until all others of the phase have ended
        seen = order[task.phase] - (not waits)
        unmade = next((name for name in task.validates if order[contract.tasks[name].phase] > seen), "")
        if unmade:
            reason = (
                f"{task.id} would judge {unmade} before it is made: a phase begins when those before it are closed, with all of its tasks."
            )
            remedy = (
                "Let it stand in a later phase, or have its evidence made by a check `at: converge`, which runs on the merge of the phase."
            )
            yield _fault(spec, "validation-early", task, reason, remedy, "validates")


def principal_shared(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """One script does not work under two duties: whoever runs it twice would check their own work."""
    first: dict[str, TaskContract] = {}
    told: set[tuple[tuple[str, str], ...]] = set()
    shared: dict[tuple[tuple[str, str], str], list[str]] = {}
    for task in contract.tasks.values():
        for principal in task.principals:
            other = first.setdefault(principal, task)
            pair = tuple(sorted(((other.persona, other.duty), (task.persona, task.duty))))
            if pair[0] != pair[1] and pair not in told:
                told.add(pair)
                shared.setdefault((binding_place(spec, task), principal), []).append(f"@{task.persona} ({task.id})")
    for (binding, principal), those in shared.items():
        other = first[principal]
        reason = f"{', '.join(those)} and @{other.persona} ({other.id}) are one principal: {principal.partition(':')[2]}."
        yield Diagnostic("principal-shared", spec.source.where(binding), reason, "Give each duty a script of its own.")


_TAKEN = frozenset({"open", "converge", "gate", "evidence", "settled", "mended", "triage", "join", "fix", "passed", "brought"})
_BEGINNINGS = ("fix_", "fix-", "share-", "approve-", "decide_", "waived_")
_FIX = re.compile("fix_[0-9]+")


def name_reserved(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """Some names are Phasegate's own tasks."""
    for name in sorted({"check", "verify"} & set(spec.workflow.checks)):
        reason = f"{name} is what Phasegate calls the command of a binding."
        yield Diagnostic("name-reserved", spec.source.where(("checks", name)), reason, "Give the check another name.")
    for name in spec.workflow.features:
        if _FIX.fullmatch(name):
            reason = f"{name} is the name of a fix phase."
            yield Diagnostic("name-reserved", spec.source.where(("features", name)), reason, "Give the feature another name.")
    for phase in contract.phases:
        if phase.id in {"kickoff", "complete"}:
            reason = f"{phase.id} is the name of a task of every run."
            yield Diagnostic("name-reserved", spec.source.where(("phases", phase.id)), reason, "Give the phase another name.")
        for task in phase.tasks:
            if task.task in _TAKEN or (task.feature is None and task.task.startswith(_BEGINNINGS)):
                yield _fault(spec, "name-reserved", task, f"{task.task} is the name of a task of every phase.", "Give it another name.")


PLAN_RULES: tuple[Callable[[Spec, RunContract], Iterator[Diagnostic]], ...] = (
    runner_unavailable,
    agent_unknown,
    secret_plain,
    budget_unenforced,
    kind_unknown,
    grade_unreachable,
    passed_unchecked,
    validation_early,
    principal_shared,
    form_unable,
    people_shared,
    name_reserved,
)
