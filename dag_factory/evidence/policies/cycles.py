"""Policy 8: what was found before was given to somebody, was delivered, and was judged again by all who validate."""

from __future__ import annotations

from collections.abc import Iterator

from dag_factory.evidence.contract import TaskContract
from dag_factory.evidence.policies.case import Case
from dag_factory.evidence.run import Round
from dag_factory.evidence.verdict import Finding, Recheck

__all__ = ["mended", "rechecked"]


def mended(case: Case) -> Iterator[Finding]:
    """The newest fix cycle of the phase; those before had a gate of their own."""
    if len(case.rounds) < case.at:
        text = f"The gate of fix cycle {case.at} is asked, and nobody was told to mend what the newest verdict of the cycle before found."
        yield Finding(rule="triage-missing", subject=f"{case.phase_id}:{case.at}", text=text)
    if not case.rounds:
        return
    newest = case.rounds[-1]
    yield from _told(case, newest)
    for order in newest.triage.says.orders:
        task = case.contract.tasks.get(order.task)
        if task and not newest.statements.get(task.id):
            text = f"@{task.persona} was given {len(order.findings)} findings to mend in fix cycle {newest.cycle}, and delivered nothing."
            yield case.finding("statement-missing", task, text)
    for task in (*case.phase.judges, *case.again):
        if not newest.statements.get(task.id):
            text = f"@{task.persona} has not judged again what was mended in fix cycle {newest.cycle}."
            yield case.finding("statement-missing" if task.external else "validation-stale", task, text)
    if not any(_changed(newest, order.task) for order in newest.triage.says.orders):
        yield from _flipped(case, newest)


def rechecked(case: Case, open_ids: set[str], waived_ids: set[str]) -> tuple[Recheck, ...]:
    """What became of every finding of the verdicts that were mended, by name; each is told once, with the first cycle that had it."""
    told: dict[str, Recheck] = {}
    for one in case.rounds:
        verdict = case.record.verdict_in(case.phase_id, one.cycle - 1)
        for finding in verdict.says.phasegate.findings if verdict else ():
            now = "open" if finding.id in open_ids else "waived" if finding.id in waived_ids else "mended"
            told.setdefault(finding.id, Recheck(finding=finding.id, cycle=one.cycle - 1, now=now))  # type: ignore[arg-type] # one of the three
    return tuple(told.values())


def _told(case: Case, newest: Round) -> Iterator[Finding]:
    """Triage passes over nothing: each finding went to somebody, or is named as what nobody could be given."""
    verdict, said = case.record.verdict_in(case.phase_id, newest.cycle - 1), newest.triage.says
    named = {name for order in (*said.orders, *said.again) for name in order.findings} | {*said.left, *said.unowned}
    lost = [finding.id for finding in verdict.says.phasegate.findings if finding.id not in named] if verdict else []
    strangers = [order.task for order in said.orders if order.task not in {task.id for task in case.contract.makers(case.phase_id)}]
    if lost or strangers:
        wrong = [f"gives {_some(lost)} to nobody, and does not say that it was left over"] if lost else []
        wrong += [f"gives work to {_some(strangers)}, who may not have any"] if strangers else []
        text = f"The triage of fix cycle {newest.cycle} {', and '.join(wrong)}."
        yield Finding(rule="triage-missing", subject=f"{case.phase_id}:{newest.cycle}", text=text)


def _some(names: list[str]) -> str:
    """The first five, and how many more."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _changed(newest: Round, task_id: str) -> bool:
    found = newest.statements.get(task_id)
    said = found[-1].says if found else None
    return said is not None and (said.sealed is None or said.sealed.commit != said.base)


def _flipped(case: Case, newest: Round) -> Iterator[Finding]:
    """A validator who finds nothing any more, where nothing was mended, cannot be believed either time."""
    before = case.record.verdict_in(case.phase_id, newest.cycle - 1)
    judges = {task.id: task for task in (*case.phase.judges, *case.again)}
    for finding in before.says.phasegate.findings if before else ():
        judge = judges.get(finding.task)
        if judge and finding.rule in _JUDGEMENTS and not _still(case, judge, finding):
            text = (
                f"@{judge.persona} found {finding.id} before and finds it no more, though nothing was mended in fix cycle {newest.cycle}."
            )
            yield case.finding("validator-flipped", judge, text, subject=f"{judge.id}:{finding.id}")


_JUDGEMENTS = frozenset({"tests-failed", "validation-failed", "check-failed", "coverage-low"})


def _still(case: Case, judge: TaskContract, finding: Finding) -> bool:
    from dag_factory.evidence.policies.checks import succeeded
    from dag_factory.evidence.policies.items import evident

    return any(item.id == finding.id for policy in (succeeded, evident) for item in policy(case) if item.task == judge.id)
