"""Part of policy 2: a statement is signed with a key that the plan pins, that was in force, and that shows as much as the gate asks for."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.assurance import LEVELS, assurance_of, in_force
from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.run import Stored
from dag_factory.evidence.statement import TaskStatement, moment_of
from dag_factory.evidence.verdict import Finding

__all__ = ["keyed"]


def keyed(case: Case, task: TaskContract, stored: Stored[TaskStatement]) -> Iterator[Finding]:
    """The key that signed, held against the plan."""
    pinned, who, short = case.contract.keys.get(task.persona), f"@{task.persona}", stored.keyid[:12]
    if pinned:
        key = next((one for one in pinned.public if one.keyid == stored.keyid), None)
        if key is None:
            yield case.finding("key-unpinned", task, f"{who} signed with {short}, which is none of the keys that the workflow pins for it.")
        elif key.revoked is not None:
            yield case.finding("key-revoked", task, f"{who} signed with {short}, which was revoked on {key.revoked}.")
        elif not in_force(key, moment_of(stored.says.finished_at)):
            when = f"from {key.since or 'the beginning'} until {key.until or 'further notice'}"
            yield case.finding("key-expired", task, f"{who} signed at {stored.says.finished_at} with {short}, which is in force {when}.")
    given, least = assurance_of(case.contract, task.persona, stored.keyid), case.phase.min_assurance
    if LEVELS.index(given) < LEVELS.index(least):
        yield case.finding("assurance-too-low", task, f"The gate asks for {least} keys, and {who} signed with a {given} one.")
