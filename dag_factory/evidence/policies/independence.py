"""Policy 7: nobody validated their own work: not by persona, not by key, not by principal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dag_factory.evidence.contract import RunContract, TaskContract
from dag_factory.evidence.keys import AUTHORITY
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.policies.consent import same
from dag_factory.evidence.policies.people import LOGIN
from dag_factory.evidence.verdict import Finding

__all__ = ["INDEPENDENCE", "ONE_PERSONA", "independent", "planned"]

INDEPENDENCE = frozenset({"validator-implements", "key-shared", "principal-shared"})
ONE_PERSONA = frozenset({"persona-mismatch"})


def planned(contract: RunContract) -> Iterator[tuple[TaskContract, TaskContract]]:
    """The pairs of validator and validated that the plan itself does not keep apart."""
    for validator in contract.tasks.values():
        for name in validator.validates:
            made = contract.tasks[name]
            if made.persona == validator.persona or set(made.principals) & set(validator.principals):
                yield validator, made


def independent(case: Case) -> Iterator[Finding]:
    """Validators of this phase against whoever made what they validate; and no principal under two personas, at any time."""
    keyids = case.record.keyids
    delivered = {
        task.id: stored.says for phase in case.contract.upto(case.phase_id) for task in phase.tasks if (stored := case.statement(task))
    }
    acted = {task_id: _principals(case, task_id) for task_id in delivered}
    for task in case.due:
        said = delivered.get(task.id)
        if keyids.get(task.persona) == keyids.get(AUTHORITY):
            yield case.finding("key-shared", task, f"@{task.persona} signs with Phasegate's own key.", subject=f"{task.id}:{AUTHORITY}")
        for name in task.validates:
            made = case.contract.tasks[name]
            if made.persona == task.persona or (said and name in delivered and said.persona == delivered[name].persona):
                yield case.finding(
                    "validator-implements",
                    task,
                    f"@{task.persona} validated its own work ({name}).",
                    subject=f"{task.id}:{name}",
                )
        for other_id, theirs in acted.items():
            made = case.contract.tasks[other_id]
            if made.persona == task.persona or said is None:
                continue
            if keyids.get(made.persona) == keyids.get(task.persona):
                yield case.finding(
                    "key-shared",
                    task,
                    f"@{task.persona} and @{made.persona} sign with one key.",
                    subject=f"{task.id}:{made.persona}",
                )
            if theirs & _compared(said.principals):
                what = "validated its own work" if other_id in task.validates else "worked"
                yield case.finding(
                    "principal-shared", task,
                    f"One principal {what} under two names: @{task.persona} ({task.id}) and @{made.persona} ({other_id}).",
                    subject=f"{task.id}:{other_id}",
                )  # fmt: skip


def _principals(case: Case, task_id: str) -> frozenset[str]:
    """Everyone who ever worked on a task of this run: ordinary work, later attempts, and what was mended."""
    found = [*case.record.statements.get(task_id, ())]
    found += [stored for rounds in case.record.rounds.values() for one in rounds for stored in one.statements.get(task_id, ())]
    return frozenset(principal for stored in found for principal in _compared(stored.says.principals))


def _compared(principals: Iterable[str]) -> frozenset[str]:
    """Principals as they are compared: two spellings of a login are one person, and a blank is nobody."""
    named = (name.strip() for name in principals)
    return frozenset(LOGIN + same(name.removeprefix(LOGIN)) if name.startswith(LOGIN) else name for name in named if name)
