"""What somebody is told of findings: to mend them, or to know of them when they judge again. It is data, written by others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.rounds import statements_of
from dag_factory.evidence.verdict import Finding

__all__ = ["left_out", "order_of", "told"]


def order_of(case: Case, task_id: str) -> Order | None:
    """What the signed triage of this cycle gives to a task; None if it gives nothing."""
    if not case.rounds or case.rounds[-1].cycle != case.at:
        return None
    said = case.rounds[-1].triage.says
    return next((order for order in (*said.orders, *said.again) if order.task == task_id), None)


def told(case: Case, order: Order | None) -> list[dict[str, Any]]:
    """Findings as they stand in the task file, each with the checks that failed.

    Parameters
    ----------
    case: the fix cycle in which they are mended.
    order: which ones; none if None.

    """
    verdict = case.record.verdict_in(case.phase_id, case.at - 1) if order and case.at else None
    wanted = set(order.findings) if order else set()
    judged = replace(case, cycle=case.at - 1)
    return [_one(judged, finding) for finding in verdict.says.phasegate.findings if finding.id in wanted] if verdict else []


def left_out(case: Case, order: Order | None) -> str | None:
    """The bundle of work that did not fit into the merge, and is to be made fit; None if there is none.

    Who was told of it in an earlier cycle, and then did nothing, is given it again.
    """
    if order is None or not case.at or not any(name.startswith("merge-conflict:") for name in order.findings):
        return None
    before = replace(case, cycle=case.at - 1)
    counted = statements_of(case.record, case.phase_id, before.cycle, case.contract.tasks[order.task])
    sealed = (stored.says.sealed for stored in counted)
    return next((one.bundle for one in sealed if one and one.bundle and one.commit not in before.merged), None)


def _one(judged: Case, finding: Finding) -> dict[str, Any]:
    task = judged.contract.tasks.get(finding.task)
    commands = {check.name: check.run for check in task.checks} if task else {}
    stored = judged.statement(task) if task else None
    sealed = stored.says.sealed if stored else None
    failed = [result for result in judged.results(task) if result.exit_code != 0] if task else []
    return {
        "id": finding.id,
        "rule": finding.rule,
        "subject": finding.subject,
        "text": finding.text,
        "by": finding.task,
        "commit": sealed.commit if sealed else None,
        "checks": [
            {"name": result.name, "run": commands.get(result.name), "exit_code": result.exit_code, "excerpt": result.excerpt}
            for result in failed
        ],
    }
