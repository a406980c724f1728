"""Who draws on which account: what a spec's `budget:` at three places becomes in a plan.

=================  ======================  =======================================================
written at         account                 drawn on by
=================  ======================  =======================================================
the workflow       ``run``                 every task, as far as its runner reports what it spends
a binding          ``persona/<key>``       the tasks of one persona that the binding binds
a task             ``task/<phase>/<task>``  the attempts and fix cycles of that task
=================  ======================  =======================================================
"""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.errors import Diagnostic
from dag_factory.evidence.contract import RunContract, TaskContract
from dag_factory.plan.models import Budget
from dag_factory.runners import RUNNERS, runner_of
from dag_factory.spec import Binding, Spec, Workflow
from dag_factory.spec.models import Budget as Written

__all__ = ["accounts_of", "budget_unenforced", "budgets_of"]

_SPENT = frozenset({"money", "tokens", "requests"})


def budgets_of(workflow: Workflow, contract: RunContract) -> dict[str, Budget]:
    """Every account of a run, by name."""
    found = {name: budget for task in contract.tasks.values() for name, budget, _ in _drawn(workflow, task)}
    return {
        name: Budget(money=budget.money.removesuffix(" USD") if budget.money else None, tokens=budget.tokens, requests=budget.requests, time=budget.time)
        for name, budget in sorted(found.items())
    }  # fmt: skip


def accounts_of(workflow: Workflow, task: TaskContract) -> tuple[str, ...]:
    """The accounts that a task draws on."""
    return tuple(name for name, _, _ in _drawn(workflow, task))


def _drawn(workflow: Workflow, task: TaskContract) -> Iterator[tuple[str, Written, tuple[str | int, ...]]]:
    """Each account of a task: its name, its budget, and where that was written."""
    key = next(key for key in (f"{task.phase}/{task.persona}", task.persona, "default") if key in workflow.personas)
    binding = workflow.personas[key]
    if workflow.budget and _reports(task, binding) & set(workflow.budget.kinds):
        yield "run", workflow.budget, ("budget",)
    if binding.budget:
        yield f"persona/{key if '/' in key else task.persona}", binding.budget, ("personas", key, "budget")
    role = task.role.partition("/")[2]
    if own := workflow.phases[task.phase].tasks[role].budget:
        yield f"task/{task.id}", own, ("phases", task.phase, "tasks", role, "budget")


def _reports(task: TaskContract, binding: Binding) -> frozenset[str]:
    """What can be held to a budget; a runner that is not there is told by another rule."""
    if task.runner not in RUNNERS and not binding.runner:
        return _SPENT | {"time"}
    return runner_of(task.runner).reports(binding.value)


def budget_unenforced(spec: Spec, contract: RunContract) -> Iterator[Diagnostic]:
    """A budget nobody can hold a runner to is no budget."""
    kept: set[str] = set()
    for task in contract.tasks.values():
        key = next(key for key in (f"{task.phase}/{task.persona}", task.persona, "default") if key in spec.workflow.personas)
        binding = spec.workflow.personas[key]
        reports = _reports(task, binding)
        for name, budget, place in _drawn(spec.workflow, task):
            # A program that reports no spending draws nothing of the run's money; an agent that reports some, but not this, would draw unseen.
            lacks = [] if name == "run" and not reports & _SPENT else [kind for kind in budget.kinds if kind not in reports]
            if lacks:
                yield Diagnostic("budget-unenforced", spec.source.where(place), *_told(task, binding, reports, lacks))
            kept |= reports if name == "run" else set()
    never = [kind for kind in spec.workflow.budget.kinds if kind not in kept] if spec.workflow.budget else []
    if never:
        reason = f"No persona is bound to a runner that reports {' or '.join(never)}, so nothing would ever be drawn on this budget."
        yield Diagnostic("budget-unenforced", spec.source.where(("budget",)), reason, "Remove it, or bind a persona to `agent` or `llm`.")


def _told(task: TaskContract, binding: Binding, reports: frozenset[str], lacks: list[str]) -> tuple[str, str]:
    told = ", ".join(sorted(reports)) or "nothing"
    value = getattr(binding.value, "cli", binding.value)
    name = f"{task.runner}: {value}" if task.runner == "agent" else task.runner
    reason = f"`{name}` reports {told}, so a budget of {' and '.join(lacks)} could not be kept ({task.id})."
    return reason, f"Limit {told} instead." if reports else "Remove the budget."
