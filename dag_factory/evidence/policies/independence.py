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
    others = _Others(case, delivered)
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
        if said is None:
            continue
        one_key, one_principal = others.with_key_of(task.persona), others.with_principal_of(task.persona, said.principals)
        for other_id in sorted(one_key | one_principal, key=others.place.__getitem__):
            made = case.contract.tasks[other_id]
            if other_id in one_key:
                yield case.finding(
                    "key-shared",
                    task,
                    f"@{task.persona} and @{made.persona} sign with one key.",
                    subject=f"{task.id}:{made.persona}",
                )
            if other_id in one_principal:
                what = "validated its own work" if other_id in task.validates else "worked"
                yield case.finding(
                    "principal-shared", task,
                    f"One principal {what} under two names: @{task.persona} ({task.id}) and @{made.persona} ({other_id}).",
                    subject=f"{task.id}:{other_id}",
                )  # fmt: skip


class _Others:
    """Who worked on anything of this run, found by key and by principal: it is asked of every task, and there may be thousands.

    Parameters
    ----------
    delivered: the tasks that delivered, in plan order.

    """

    def __init__(self, case: Case, delivered: Iterable[str]) -> None:
        self.place = {task_id: place for place, task_id in enumerate(delivered)}
        self._keyids = case.record.keyids
        self._of_persona: dict[str, set[str]] = {}
        self._acted: dict[str, dict[str, set[str]]] = {}
        for task_id in self.place:
            persona = case.contract.tasks[task_id].persona
            self._of_persona.setdefault(persona, set()).add(task_id)
            for principal in _principals(case, task_id):
                self._acted.setdefault(principal, {}).setdefault(persona, set()).add(task_id)

    def with_key_of(self, persona: str) -> set[str]:
        """The tasks of other personas who sign with the key of this one."""
        own = self._keyids.get(persona)
        return set().union(*(found for name, found in self._of_persona.items() if name != persona and self._keyids.get(name) == own))

    def with_principal_of(self, persona: str, principals: Iterable[str]) -> set[str]:
        """The tasks on which one of these principals worked as another persona."""
        found = (self._acted.get(principal, {}) for principal in _compared(principals))
        return set().union(*(tasks for one in found for name, tasks in one.items() if name != persona))


def _principals(case: Case, task_id: str) -> frozenset[str]:
    """Everyone who ever worked on a task of this run: ordinary work, later attempts, and what was mended, be it for an older triage."""
    found = [*case.record.statements.get(task_id, ())]
    for one in (one for rounds in case.record.rounds.values() for one in rounds):
        found += [*one.statements.get(task_id, ()), *one.superseded.get(task_id, ())]
    return frozenset(principal for stored in found for principal in _compared(stored.says.principals))


def _compared(principals: Iterable[str]) -> frozenset[str]:
    """Principals as they are compared: two spellings of one are one, and a blank is nobody."""
    named = map(same, principals)
    return frozenset(LOGIN + name.removeprefix(LOGIN).strip() if name.startswith(LOGIN) else name for name in named if name)
