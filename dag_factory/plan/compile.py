"""Spec in, plan out. Nothing is read but the spec, and nothing is decided later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dag_factory.errors import SpecError
from dag_factory.evidence.contract import (
    ApprovalContract,
    CheckContract,
    FixContract,
    Item,
    PhaseContract,
    Question,
    RunContract,
    TaskContract,
)
from dag_factory.plan.budgets import accounts_of, budgets_of
from dag_factory.plan.keys import keys_of
from dag_factory.plan.models import Execution, Notifier, Plan, Presentation, Schedule
from dag_factory.plan.rules import PLAN_RULES
from dag_factory.runners import static_principals
from dag_factory.spec import Binding, Spec, Task, Workflow, examine, ordered
from dag_factory.spec.models import Check, Evidence
from dag_factory.spec.telling import EVENTS

__all__ = ["compile_plan", "read_plan"]

_PATIENCE = 3 * 24 * 3600
"""Seconds a person has to answer where the spec says nothing, as for approvals."""


def compile_plan(spec: Spec) -> Plan:
    """Decide everything a spec leaves open.

    Raises
    ------
    SpecError: the spec asks for what cannot be planned: a runner or a kind of evidence that is not there, expectations that its kind does
        not know, evidence that could never reach the grade it needs, or one principal under two duties.

    """
    workflow = spec.workflow
    names = list(_named(workflow))
    phases = tuple(_phase(workflow, phase_id, names) for phase_id in ordered(workflow.phases))
    contract = RunContract(
        workflow=workflow.workflow,
        phases=phases,
        questions=tuple(_questions(workflow)),
        product=tuple(workflow.paths.get("product", ())),
        fix=FixContract(**workflow.fix.model_dump()),
        keys=keys_of(workflow),
    )
    found = dict.fromkeys(item for rule in PLAN_RULES for item in rule(spec, contract))
    if found:
        raise SpecError(list(found))
    schedule = workflow.schedule
    return Plan(
        mission=workflow.mission,
        pattern=workflow.pattern if isinstance(workflow.pattern, str) else None,
        contract=contract,
        executions={
            task_id: _execution(workflow, phase_id, task, feature, accounts_of(workflow, contract.tasks[task_id]))
            for phase_id, task_id, task, feature in names
        },
        instructions={name: spec.catalogue[name]["instructions"].strip() for name in _people(workflow)},
        schedule=Schedule(
            cron=schedule.cron, preset=schedule.preset, assets=schedule.assets or (), timezone=schedule.timezone,
            start=schedule.start.isoformat() if schedule.start else None, catchup=schedule.catchup,
        ),
        features={name: feature.does for name, feature in workflow.features.items()},
        feature_paths={name: feature.paths for name, feature in workflow.features.items() if feature.paths},
        params={name: param.model_dump(mode="json", by_alias=True, exclude_none=True) for name, param in workflow.params.items()},
        budgets=budgets_of(workflow, contract),
        workspace=workflow.workspace.model_dump(mode="json", exclude_none=True) if workflow.workspace else None,
        max_active_runs=workflow.max_active_runs,
        timeout=workflow.timeout,
        presentation=_presentation(spec),
    )  # fmt: skip


def read_plan(path: Path, patterns: tuple[str, ...]) -> Plan:
    """Read a spec and decide everything it leaves open.

    Parameters
    ----------
    path: the YAML file.
    patterns: what the platform allows, as for `read_spec`.

    Raises
    ------
    SpecError: with everything that is wrong, of the spec and, as far as one can be made of it, of its plan.

    """
    spec, found = examine(path, patterns=patterns)
    try:
        plan = compile_plan(spec) if spec is not None else None
    except SpecError as error:
        raise SpecError([*found, *error.diagnostics]) from error
    if found or plan is None:
        raise SpecError(found)
    return plan


def _named(workflow: Workflow) -> Iterator[tuple[str, str, Task, str | None]]:
    """Every task that will run: its phase, its id, what was written, and its feature."""
    for phase_id in ordered(workflow.phases):
        for task_id, task in workflow.phases[phase_id].tasks.items():
            if task.each == "feature":
                for feature in workflow.features:
                    yield phase_id, f"{phase_id}/{feature}.{task_id}", task, feature
            else:
                yield phase_id, f"{phase_id}/{task_id}", task, None


def bound(workflow: Workflow, phase_id: str, task: Task) -> Binding:
    """The binding of a task's persona: by phase and name, by name, or the default."""
    persona = str(task.persona)
    return next(workflow.personas[key] for key in (f"{phase_id}/{persona}", persona, "default") if key in workflow.personas)


def _phase(workflow: Workflow, phase_id: str, names: list[tuple[str, str, Task, str | None]]) -> PhaseContract:
    phase = workflow.phases[phase_id]
    tasks = tuple(_task(workflow, names, task_id, task, feature) for at, task_id, task, feature in names if at == phase_id)
    gate = phase.gate
    return PhaseContract(
        id=phase_id,
        title=phase.title or phase_id.replace("-", " ").capitalize(),
        says=(gate.says if gate else None) or "All tasks complete with evidence.",
        timeout=gate.timeout if gate else 0,
        converges=workflow.workspace is not None,
        tasks=tasks,
        approval=ApprovalContract(**gate.approval.model_dump()) if gate and gate.approval else None,
        limit=phase.timeout,
        min_assurance=gate.min_assurance if gate else "local",
    )


def _task(
    workflow: Workflow, names: list[tuple[str, str, Task, str | None]], task_id: str, task: Task, feature: str | None
) -> TaskContract:
    phase_id, _, name = task_id.partition("/")
    binding = bound(workflow, phase_id, task)
    runner = binding.runners[0]
    items = tuple(_item(workflow, item_id, item, feature) for item_id, item in task.evidence.items())
    return TaskContract(
        id=task_id,
        phase=phase_id,
        task=name,
        persona=str(task.persona),
        duty=str(task.duty),
        runner=runner,
        feature=feature,
        items=items,
        checks=tuple(_checks(workflow, binding, items, feature)),
        writes=tuple(_filled(glob, feature) for entry in task.writes or () for glob in workflow.paths.get(entry, (entry,))),
        validates=tuple(dict.fromkeys(_targets(names, task.validates, feature, task_id))),
        principals=static_principals(runner, _filled(binding.value, feature)),
        people=binding.human or (),
        wait=binding.timeout if runner == "external" else None,
    )


def _item(workflow: Workflow, item_id: str, item: Evidence, feature: str | None) -> Item:
    check = workflow.checks.get(item.check) if item.check else None
    groups = workflow.paths.get(item.changed, ()) if item.changed else None
    return Item(
        id=item_id,
        kind=item.kind,
        path=_filled(item.path, feature) if item.path else None,
        report=_filled(item.report, feature) if item.report else None,
        changed=tuple(_filled(glob, feature) for glob in groups) if groups is not None else None,
        check=item.check,
        at=check.at if check else "seal",
        expect=item.model_dump(mode="json")["expect"],
        needs=item.needs,
        answers=item.answers,
        differs_from=item.differs_from,
        includes=item.includes,
    )


def _checks(workflow: Workflow, binding: Binding, items: tuple[Item, ...], feature: str | None) -> Iterator[CheckContract]:
    """What Phasegate runs for a task: the check it is bound to, the one that verifies it, and those its evidence names."""
    own = binding.check or binding.verify
    if own is not None:
        name, timeout = "check" if binding.check else "verify", binding.timeout or 3600
        yield CheckContract(name=name, run=_filled(own, feature), timeout=timeout, **_taking(binding, network=False))
    for name in dict.fromkeys(item.check for item in items if item.check):
        check = workflow.checks[name]
        yield CheckContract(
            name=name,
            run=_filled(check.run, feature),
            at=check.at,
            blames=check.blames,
            timeout=check.timeout,
            **_taking(check, network=False),
        )


def _taking(written: Binding | Check, *, network: bool) -> dict[str, Any]:
    """What a program may take; `network` is what holds where nothing was written."""
    return {
        "network": network if written.network is None else written.network,
        "memory": written.memory,
        "processes": written.processes,
        "disk": written.disk,
        "outside": ("/",) if written.outside is True else written.outside or (),
    }


def _targets(names: list[tuple[str, str, Task, str | None]], written: tuple[str, ...], feature: str | None, own: str) -> Iterator[str]:
    for target in dict.fromkeys(written):
        for phase_id, task_id, _, other in names:
            role = f"{phase_id}/{task_id.partition('/')[2].rpartition('.')[2]}"
            mine = target in (phase_id, task_id) or (target == role and feature in (None, other))
            if mine and task_id != own:
                yield task_id


def _execution(workflow: Workflow, phase_id: str, task: Task, feature: str | None, accounts: tuple[str, ...]) -> Execution:
    binding = bound(workflow, phase_id, task)
    written = binding.model_dump(mode="json", exclude_none=True)
    asked = {
        key: written[key]
        for key in ("verify", "pool", "queue", "executor", "priority", "retries", "retry_delay", "timeout", "env")
        if key in written
    }
    asked |= {key: _filled(asked[key], feature) for key in ("verify",) if key in asked}
    runner = binding.runners[0]
    if runner == "human":
        asked.setdefault("timeout", _PATIENCE)
    work = binding.value if runner == "operator" else written["runner"][runner] if binding.runner else written[runner]
    taking = _taking(binding, network=runner != "check")
    return Execution(work=_filled(work, feature), does=_does(workflow, task, feature), accounts=accounts, **asked, **taking)


def _does(workflow: Workflow, task: Task, feature: str | None) -> str:
    return f"{task.does} {feature}: {workflow.features[feature].does}" if feature else str(task.does)


def _filled(value: Any, feature: str | None) -> Any:
    """Put the feature's name where a text says {feature}."""
    if isinstance(value, str):
        return value.replace("{feature}", feature) if feature else value
    if isinstance(value, dict):
        return {key: _filled(part, feature) for key, part in value.items()}
    return [_filled(part, feature) for part in value] if isinstance(value, (list, tuple)) else value


def _questions(workflow: Workflow) -> Iterator[Question]:
    for list_id, checklist in workflow.checklists.items():
        for item_id, item in checklist.items():
            yield Question(checklist=list_id, id=item_id, says=item.says, holds=item.holds, tasks=item.tasks, due=item.due)


def _people(workflow: Workflow) -> list[str]:
    return sorted({str(task.persona) for phase in workflow.phases.values() for task in phase.tasks.values()})


def _presentation(spec: Spec) -> Presentation:
    workflow = spec.workflow
    asked = [
        phase_id for phase_id in ordered(workflow.phases) if (gate := workflow.phases[phase_id].gate) and (workflow.assets or gate.asset)
    ]
    return Presentation(
        docs=workflow.docs or "",
        tags=workflow.tags,
        owner=workflow.owner,
        titles={name: spec.catalogue[name]["title"] for name in _people(workflow)},
        notify={event: told for event in EVENTS if (told := tuple(_notifiers(workflow, event)))},
        assets=tuple(asked),
        deadline=workflow.deadline,
    )


def _notifiers(workflow: Workflow, event: str) -> Iterator[Notifier]:
    for written in workflow.notify.of(event):
        given = written.model_dump(mode="json")["arguments"] if written.notifier else written.given
        yield Notifier(path=written.path, arguments=given)
